"""Writing the files of a plan into the folder that `--output-dir` names."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from azure.cli.core.azclierror import FileOperationError, InvalidArgumentValueError

from azext_podidentity.kubernetes.sources import Loaded, SourceFile
from azext_podidentity.migration.kustomize import (
    COPIES,
    KUSTOMIZATION,
    OVERLAY,
    PATCHES,
    SCRIPT,
    is_ours,
    make_files,
    sources_of,
)
from azext_podidentity.migration.steps import Plan


def check_folder(folder: str, names: Iterable[str] = OVERLAY) -> None:
    """Raises InvalidArgumentValueError where the folder has files of those names that this command did not write."""
    path = Path(folder)
    if path.exists() and not path.is_dir():
        raise InvalidArgumentValueError(f"--output-dir {folder} is not a folder.", "Name a folder; it is made.")
    for name in names:
        if (path / name).is_file() and not _is_ours(path / name):
            raise InvalidArgumentValueError(
                f"--output-dir {folder} has a file {name} already that this command did not write.",
                "Name another folder, for example: --output-dir workload-identity",
            )


def write_files(plan: Plan, loaded: Loaded, folder: str, context: str | None) -> list[str]:
    """Writes the plan's files and returns their paths, those that an earlier run wrote and are not needed removed.

    kustomize takes no file from outside its folder, so manifests that are elsewhere are copied. Raises
    FileOperationError where something cannot be written.
    """
    base = Path(folder)
    copies: dict[str, SourceFile] = {}
    places: dict[str, str] = {}
    for source in sources_of(plan, loaded.inventory):
        file = loaded.files[source]
        inside = None if file.path is None else _inside(file.path, base)
        place = inside or _free(f"{COPIES}/{file.relative}", copies)
        if inside is None:
            copies[place] = file
        places[source] = place
    files = make_files(plan, loaded.inventory, places, context)
    check_folder(folder, files)
    try:
        _clear(base)
        for place, file in copies.items():
            _copy(file, base / place)
        _write(base, files)
    except OSError as error:
        raise FileOperationError(f"--output-dir {folder} cannot be written: {error}") from error
    return sorted(str(base / place) for place in (*files, *copies))


def how_to_apply(files: list[str], folder: str) -> list[str]:
    """The commands that apply what was written, to be pasted."""
    names = {Path(file).relative_to(folder).as_posix() for file in files}
    ways = {KUSTOMIZATION: ("kubectl", "apply", "-k", folder), SCRIPT: ("sh", f"{folder}/{SCRIPT}")}
    return [shlex.join(command) for name, command in ways.items() if name in names]


def _inside(path: Path, folder: Path) -> str | None:
    """The path from the folder where the file is in it or below."""
    try:
        return path.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return None


def _free(place: str, taken: Mapping[str, object]) -> str:
    """The place, or one in another folder where another file has it."""
    number = 2
    found = place
    while found in taken:
        found = f"{COPIES}-{number}/{place.partition('/')[2]}"
        number += 1
    return found


def _clear(folder: Path) -> None:
    """Removes what an earlier run wrote; the copies are overwritten where they are needed again."""
    for path in (*(folder / name for name in OVERLAY), *(folder / PATCHES).glob("*.yaml")):
        if path.is_file() and _is_ours(path):
            path.unlink()


def _is_ours(path: Path) -> bool:
    return is_ours(path.read_text("utf-8", errors="replace"))


def _copy(file: SourceFile, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if file.path is None:
        target.write_text(file.text, "utf-8")
    else:
        shutil.copyfile(file.path, target)


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name in sorted(files, key=lambda name: name in OVERLAY):  # what uses the others comes last
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".new")
        temporary.write_text(files[name], "utf-8")
        temporary.replace(path)
