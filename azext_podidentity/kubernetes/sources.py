"""Read the Kubernetes objects in the files, folders and standard input that `--workloads` names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_podidentity.cli.input_files import InputFile, read_files
from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.kubernetes_objects import KUBECTL_GET, MAX_CHARACTERS, KubernetesObject, read_objects
from azext_podidentity.migration.kustomize import COPIES, OVERLAY, PATCHES, is_ours

OPTION = "--workloads"


@dataclass(frozen=True)
class Loaded:
    """The inventory of what was read, and the files by the name in the origin of objects."""

    inventory: Inventory
    files: Mapping[str, InputFile] = field(default_factory=dict)


def load(arguments: Sequence[str], default_namespace: str) -> Loaded:
    """Return the workloads in the files, folders and, for `-`, standard input.

    Raise InvalidArgumentValueError for a path that cannot be read, a file that cannot be parsed, or if none contains
    a Kubernetes object.
    """
    files = read_files(OPTION, arguments, MAX_CHARACTERS, recursive=True, regular_only=True, ignore=_is_output)
    objects = [each for file in files for each in read_objects(_text(file), file.name)]
    if not objects:
        raise InvalidArgumentValueError(
            f"{OPTION} {' '.join(arguments)}: no Kubernetes object found.",
            f"Pass manifests, or the output of:\n{KUBECTL_GET}",
        )
    return of_objects(objects, default_namespace, {file.name: file for file in files})


def of_objects(
    objects: Sequence[KubernetesObject], default_namespace: str, files: Mapping[str, InputFile] | None = None
) -> Loaded:
    """Return the inventory of the objects. Raise InvalidArgumentValueError if two objects of one key differ."""
    return Loaded(Inventory.of(objects, default_namespace), files or {})


def _is_output(path: Path) -> bool:
    """Return whether an earlier run wrote the file or folder as its output."""
    if path.is_dir():
        is_part = path.name == PATCHES or path.name.startswith(COPIES)
        return is_part and any(_is_output(path.parent / name) for name in OVERLAY)
    return path.name in OVERLAY and path.is_file() and is_ours(path.read_text("utf-8", errors="replace"))


def _text(file: InputFile) -> str:
    try:
        return file.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidArgumentValueError(
            f"{OPTION} {file.label} cannot be read: it is not UTF-8 text (byte {error.start}).",
            "PowerShell writes another encoding with '>'. Use: | Out-File -Encoding utf8 FILE",
        ) from error
