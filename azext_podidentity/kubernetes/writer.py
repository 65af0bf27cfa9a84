"""Write the files of a plan to the folder that `--output-dir` names."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from azure.cli.core.azclierror import FileOperationError, InvalidArgumentValueError

from azext_podidentity.cli.input_files import InputFile
from azext_podidentity.kubernetes.sources import Loaded
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
from azext_podidentity.migration.steps import MigrationPlan


def check_folder(folder: str, names: Iterable[str] = OVERLAY) -> None:
    """Raise InvalidArgumentValueError if the folder has files of those names that this command did not write."""
    path = Path(folder)
    if path.exists() and not path.is_dir():
        raise InvalidArgumentValueError(
            f"--output-dir {folder} is not a folder.", "Name a folder. It is created if it does not exist."
        )
    for name in names:
        if (path / name).is_file() and not _is_ours(path / name):
            raise InvalidArgumentValueError(
                f"--output-dir {folder} contains a file '{name}' that this command did not write.",
                "Name another folder. Example: --output-dir workload-identity",
            )


def write_files(plan: MigrationPlan, loaded: Loaded, folder: str, context: str | None) -> list[str]:
    """Write the plan's files and return their paths; remove files of an earlier run that are no longer needed.

    kustomize reads no file from outside its folder, so manifests that are elsewhere are copied. Raise
    FileOperationError if a file cannot be written.
    """
    base = Path(folder)
    copies: dict[str, InputFile] = {}
    places: dict[str, str] = {}
    for source in sources_of(plan, loaded.inventory):
        file = loaded.files[source]
        inside = None if file.path is None else _inside(file.path, base)
        place = inside or _free(f"{COPIES}/{file.path.name if file.path else 'standard-input.yaml'}", copies)
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


def apply_commands(files: list[str], folder: str) -> list[str]:
    """Return the commands that apply the files."""
    names = {Path(file).relative_to(folder).as_posix() for file in files}
    ways = {KUSTOMIZATION: ("kubectl", "apply", "-k", folder), SCRIPT: ("sh", f"{folder}/{SCRIPT}")}
    return [shlex.join(command) for name, command in ways.items() if name in names]


def _inside(path: Path, folder: Path) -> str | None:
    """Return the path from the folder if the file is below it, else None."""
    try:
        return path.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return None


def _free(place: str, taken: Mapping[str, object]) -> str:
    """Return the place, or one in another folder if another file has it."""
    number = 2
    found = place
    while found in taken:
        found = f"{COPIES}-{number}/{place.partition('/')[2]}"
        number += 1
    return found


def _clear(folder: Path) -> None:
    """Remove what an earlier run wrote; copies are overwritten when they are needed again."""
    for path in (*(folder / name for name in OVERLAY), *(folder / PATCHES).glob("*.yaml")):
        if path.is_file() and _is_ours(path):
            path.unlink()


def _is_ours(path: Path) -> bool:
    return is_ours(path.read_text("utf-8", errors="replace"))


def _copy(file: InputFile, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(file.content)


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name in sorted(files, key=lambda name: name in OVERLAY):  # what uses the others comes last
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".new")
        temporary.write_text(files[name], "utf-8")
        temporary.replace(path)
