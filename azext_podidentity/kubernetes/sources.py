"""The workloads that `--workloads` names: files, folders and standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from azure.cli.core.azclierror import FileOperationError, InvalidArgumentValueError

from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.kubernetes_objects import KUBECTL_GET, KubernetesObject, read_objects
from azext_podidentity.migration.kustomize import COPIES, OVERLAY, PATCHES, is_ours

STANDARD_INPUT = "-"
_SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True)
class SourceFile:
    """A file that was read: where it is, None for standard input, whose text is kept; its path in what was named."""

    path: Path | None
    relative: str
    text: str = ""


@dataclass(frozen=True)
class Loaded:
    """What was read, and the files by the name that an object's origin has."""

    inventory: Inventory
    files: Mapping[str, SourceFile] = field(default_factory=dict)


def load(arguments: Sequence[str], default_namespace: str) -> Loaded:
    """Reads the workloads in the files, folders and, for `-`, standard input.

    Raises InvalidArgumentValueError for a path that is not there, a file that cannot be parsed, or where no
    Kubernetes object is found in all of them; FileOperationError for a file that cannot be read.
    """
    files = dict(_files(arguments))
    objects: list[KubernetesObject] = []
    for name, file in files.items():
        objects += read_objects(file.text if file.path is None else _text(file.path), name)
    if not objects:
        raise InvalidArgumentValueError(
            f"--workloads {' '.join(arguments)}: there is no Kubernetes object in it.",
            f"Pass manifests, or what this prints:\n{KUBECTL_GET}",
        )
    return of_objects(objects, default_namespace, files)


def of_objects(
    objects: Sequence[KubernetesObject], default_namespace: str, files: Mapping[str, SourceFile] | None = None
) -> Loaded:
    """What was read of the objects. Raises InvalidArgumentValueError for two of one name that differ."""
    return Loaded(Inventory.of(objects, default_namespace), files or {})


def _files(arguments: Iterable[str]) -> Iterator[tuple[str, SourceFile]]:
    for argument in arguments:
        path = Path(argument)
        if argument == STANDARD_INPUT:
            yield argument, SourceFile(None, "standard-input.yaml", _decoded(argument, sys.stdin.buffer.read()))
        elif path.is_dir():
            for found in _in_folder(path):
                yield str(found), SourceFile(found, found.relative_to(path).as_posix())
        elif path.exists():
            yield argument, SourceFile(path, path.name)
        else:
            raise InvalidArgumentValueError(
                f"--workloads {argument}: there is no such file or folder.", "For standard input pass: --workloads -"
            )


def _in_folder(folder: Path) -> Iterator[Path]:
    """The YAML and JSON files below the folder, without hidden folders and what this command wrote."""
    for root, folders, names in os.walk(folder):
        here = Path(root)
        ours = {name for name in OVERLAY if (here / name).is_file() and is_ours(_text(here / name))}
        if ours:
            folders[:] = [name for name in folders if name != PATCHES and not name.startswith(COPIES)]
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(set(names) - ours):
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                yield here / name


def _text(path: Path) -> str:
    try:
        return _decoded(str(path), path.read_bytes())
    except OSError as error:
        raise FileOperationError(f"--workloads {path} cannot be read: {error.strerror}.") from error


def _decoded(name: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidArgumentValueError(
            f"--workloads {name} cannot be read: it is no UTF-8 text (byte {error.start}).",
            "PowerShell writes other encodings with '>'; there, use: | Out-File -Encoding utf8 FILE",
        ) from error
