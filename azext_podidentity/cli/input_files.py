# SPDX-License-Identifier: MIT
"""Read the files, folders and standard input that an option names."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_podidentity.profile.text import printable

STANDARD_INPUT = "-"
SUFFIXES = (".yaml", ".yml", ".json")
# The file names of a kustomization.
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")


@dataclass(frozen=True)
class InputFile:
    """A file that was read: the name that the user passed, its content, and its path (None for standard input)."""

    name: str
    content: bytes
    path: Path | None = None

    @property
    def label(self) -> str:
        """The name for messages."""
        return "standard input" if self.path is None else self.name


def read_files(
    option: str,
    paths: Iterable[str],
    max_bytes: int,
    *,
    regular_only: bool = False,
    ignore: Callable[[Path], bool] = lambda _: False,
) -> list[InputFile]:
    """Return the files of the paths: `-` is standard input, and a folder stands for all YAML and JSON files in it.

    Hidden files and folders are left out, and those for which `ignore` returns true. `regular_only` refuses pipes and
    devices, which can block or never end. At most `max_bytes` + 1 bytes of each file are read. Raise
    InvalidArgumentValueError with the option and everything that cannot be read.
    """
    files: list[InputFile] = []
    errors: list[str] = []
    for path in dict.fromkeys(paths):
        try:
            for file in _expand(path, ignore):
                files.append(_read(file, max_bytes, regular_only=regular_only))
        except (OSError, ValueError) as error:
            errors.append(printable(f"{path}: {getattr(error, 'strerror', None) or error}", keep=""))
    if errors:
        raise InvalidArgumentValueError(
            f"{option}: these files or folders cannot be read:\n" + "\n".join(errors),
            "Name YAML or JSON files, folders that contain some, or - for standard input.",
        )
    return files


def _expand(path: str, ignore: Callable[[Path], bool]) -> Iterator[Path | None]:
    if path == STANDARD_INPUT:
        yield None
    elif not Path(path).is_dir():
        yield Path(path)
    else:
        found = list(_in_folder(Path(path), ignore))
        if not found:
            raise ValueError(f"The folder contains no file that ends in {', '.join(SUFFIXES)}.")
        yield from found


def _in_folder(folder: Path, ignore: Callable[[Path], bool]) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        here = Path(root)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not ignore(here / name))
        for name in sorted(names):
            file = here / name
            if file.suffix.lower() in SUFFIXES and not name.startswith(".") and file.is_file() and not ignore(file):
                yield file


def _read(path: Path | None, max_bytes: int, *, regular_only: bool) -> InputFile:
    if path is None:
        if sys.stdin is None:  # Python has none if its file descriptor is closed
            raise ValueError("Standard input is closed.")
        return InputFile(STANDARD_INPUT, sys.stdin.buffer.read(max_bytes + 1))
    if regular_only and not stat.S_ISREG(path.stat().st_mode):
        raise ValueError(f"'{path}' is not a regular file.")
    with path.open("rb") as stream:
        return InputFile(str(path), stream.read(max_bytes + 1), path)
