# SPDX-License-Identifier: MIT
"""Write the files of a plan to the folder of `--output-dir`."""

from __future__ import annotations

import os
import shlex
import stat
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from azure.cli.core.azclierror import FileOperationError, InvalidArgumentValueError

from azext_podidentity.kubernetes.sources import Loaded
from azext_podidentity.migration.output_files import (
    ORIGINALS,
    OVERLAY,
    PATCHES,
    SCRIPT,
    OutputFiles,
    is_ours,
)

# The mode of a manifest from standard input, which can contain a secret: readable by the user only.
_PRIVATE = 0o600


def check_folder(folder: str, names: Iterable[str] = OVERLAY) -> None:
    """Raise InvalidArgumentValueError if files with these names must not be written to the folder.

    This is so if a file with such a name was not written by this command, if the folder contains a symbolic link, or if
    the folder cannot be read.
    """
    try:
        _check_content(folder, names)
    except OSError as error:
        raise InvalidArgumentValueError(
            f"--output-dir {folder} cannot be read: {error.strerror}.",
            "Name another folder. Example: --output-dir workload-identity",
        ) from error


def _check_content(folder: str, names: Iterable[str]) -> None:
    base = Path(folder)
    if base.exists() and not base.is_dir():
        raise InvalidArgumentValueError(
            f"--output-dir {folder} is not a folder.", "Name a folder. It is created if it does not exist."
        )
    for name in names:
        path = base / name
        links = [each for each in (path, *path.parents) if each != base and base in each.parents and each.is_symlink()]
        if links:
            raise InvalidArgumentValueError(
                f"--output-dir {folder} contains a symbolic link '{links[0].relative_to(base)}'.",
                "Remove the link, or name another folder. Example: --output-dir workload-identity",
            )
        if path.exists() and not (path.is_file() and _is_ours(path)):
            raise InvalidArgumentValueError(
                f"--output-dir {folder} contains a file '{name}' that this command did not write.",
                "Name another folder. Example: --output-dir workload-identity",
            )


def write_files(output: OutputFiles, loaded: Loaded, folder: str) -> list[str]:
    """Write the files, remove obsolete files of an earlier run, and return the paths.

    A manifest gets the permissions of its source. Raise FileOperationError if a file cannot be written.
    """
    base = Path(folder)
    check_folder(folder, output.files)
    try:
        modes = {name: _mode(loaded, source) for name, source in output.sources.items()}
        _clear(base)
        _write(base, output.files, modes)
    except OSError as error:
        raise FileOperationError(f"--output-dir {folder} cannot be written: {error}") from error
    return sorted(str(base / name) for name in output.files)


def apply_command(output: OutputFiles, folder: str, context: str | None) -> str:
    """Return the command that applies the files. If there is a script, it applies the kustomization too."""
    place = f"./{folder}" if folder.startswith("-") else folder
    if SCRIPT in output.files:
        return shlex.join(("sh", f"{place}/{SCRIPT}"))
    chosen = (f"--context={context}",) if context else ()
    namespace = ("--namespace", output.namespace) if output.namespace else ()
    return shlex.join(("kubectl", *chosen, "apply", "-k", place, *namespace))


def _mode(loaded: Loaded, source: str) -> int | None:
    """Return the permissions of the source, None for the output of kubectl."""
    file = loaded.files.get(source)
    if file is None or (file.path is not None and file.path.is_dir()):  # built by kubectl
        return None
    return _PRIVATE if file.path is None else stat.S_IMODE(file.path.stat().st_mode)


def _clear(folder: Path) -> None:
    """Remove the files of an earlier run."""
    below = (path for name in (PATCHES, ORIGINALS) for path in (folder / name).glob("*.yaml"))
    for path in (*(folder / name for name in OVERLAY), *below):
        if path.is_file() and not path.is_symlink() and _is_ours(path):
            path.unlink()


def _is_ours(path: Path) -> bool:
    with path.open("rb") as stream:
        return is_ours(stream.read(1000).decode("utf-8", errors="replace"))


def _write(folder: Path, files: Mapping[str, str], modes: Mapping[str, int | None]) -> None:
    umask = os.umask(0)
    os.umask(umask)
    for name in sorted(files, key=lambda name: name in OVERLAY):  # files that refer to others come last
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(files[name])
        mode = modes.get(name)
        Path(temporary).chmod(0o666 & ~umask if mode is None else mode)
        Path(temporary).replace(path)
