"""The files of `apply`, read from where the user named them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from azure.cli.core.azclierror import InvalidArgumentValueError

STANDARD_INPUT = "-"
_SUFFIXES = (".yaml", ".yml", ".json")


def read_files(paths: Iterable[str], max_bytes: int) -> list[tuple[str, bytes]]:
    """Name and content of each file, `-` for standard input; of a folder those files in it that are YAML or JSON.

    At most one byte more is read than a file may have. Raises InvalidArgumentValueError that names all that cannot be
    read.
    """
    contents: list[tuple[str, bytes]] = []
    wrong: list[str] = []
    for path in dict.fromkeys(paths):
        try:
            contents += _read(path, max_bytes)
        except (OSError, ValueError) as error:
            wrong.append(f"{path}: {getattr(error, 'strerror', None) or error}")
    if wrong:
        raise InvalidArgumentValueError(
            "--file: not everything can be read:\n" + "\n".join(wrong),
            "Name YAML files, folders that have some, or - for standard input.",
        )
    return contents


def _read(path: str, max_bytes: int) -> Iterator[tuple[str, bytes]]:
    if path == STANDARD_INPUT:
        yield "standard input", sys.stdin.buffer.read(max_bytes + 1)
        return
    files = _in_folder(Path(path)) if Path(path).is_dir() else [Path(path)]
    for file in files:
        with file.open("rb") as stream:
            yield str(file), stream.read(max_bytes + 1)


def _in_folder(folder: Path) -> list[Path]:
    files = sorted(each for each in folder.iterdir() if each.suffix.lower() in _SUFFIXES and each.is_file())
    if not files:
        raise ValueError(f"the folder has no file that ends in {', '.join(_SUFFIXES)}")
    return files
