# SPDX-License-Identifier: MIT
"""Read the Kubernetes objects of `--workloads`: files, folders and standard input."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from azure.cli.core.azclierror import InvalidArgumentValueError
from knack.log import get_logger

from azext_podidentity.cli.input_files import KUSTOMIZATIONS, InputFile, read_files
from azext_podidentity.kubernetes.kubectl import build_kustomization
from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.kubernetes_objects import MAX_CHARACTERS, KubernetesObject, read_objects
from azext_podidentity.migration.output_files import ORIGINALS, OVERLAY, PATCHES, is_ours
from azext_podidentity.migration.resources_to_read import KUBECTL_GET

OPTION = "--workloads"

logger = get_logger(__name__)


@dataclass(frozen=True)
class Loaded:
    """The inventory of the objects, and the files by the name that the origin of an object has."""

    inventory: Inventory
    files: Mapping[str, InputFile] = field(default_factory=dict)


def load(arguments: Sequence[str], default_namespace: str) -> Loaded:
    """Return the workloads in the files, folders and standard input (`-`). Raise the errors of `read_sources`."""
    objects, files = read_sources(arguments)
    return of_objects(objects, default_namespace, files)


def read_sources(arguments: Sequence[str]) -> tuple[list[KubernetesObject], dict[str, InputFile]]:
    """Return the objects in the files, folders and standard input (`-`), and the files by their names.

    kubectl builds a folder with a kustomization. Raise InvalidArgumentValueError if a path cannot be read, a file
    cannot be parsed, or no file contains a Kubernetes object.
    """
    try:
        built = [argument for argument in arguments if _has_kustomization(Path(argument))]
        for argument in arguments:
            if argument not in built and Path(argument).is_dir():
                _check_folders(Path(argument))
    except OSError as error:
        raise InvalidArgumentValueError(
            f"{OPTION}: '{error.filename}' cannot be read: {error.strerror}.",
            "Name files and folders that you can read, or - for standard input.",
        ) from error
    others = [argument for argument in arguments if argument not in built]
    files = read_files(OPTION, others, MAX_CHARACTERS, regular_only=True, ignore=_is_output)
    files += [InputFile(folder, build_kustomization(folder).encode(), Path(folder)) for folder in built]
    objects = [each for file in files for each in read_objects(_text(file), file.name)]
    if not objects:
        raise InvalidArgumentValueError(
            f"{OPTION} {' '.join(arguments)}: no Kubernetes object found.",
            ["Pass manifests, or the output of:", KUBECTL_GET],
        )
    return objects, {file.name: file for file in files}


def of_objects(
    objects: Sequence[KubernetesObject],
    default_namespace: str,
    files: Mapping[str, InputFile] | None = None,
    kinds_not_read: Iterable[str] = (),
) -> Loaded:
    """Return the inventory of the objects. Raise InvalidArgumentValueError if two objects with the same key differ."""
    return Loaded(Inventory.of(objects, default_namespace, kinds_not_read), files or {})


def _has_kustomization(folder: Path) -> bool:
    return folder.is_dir() and any(
        (folder / name).is_file() and not _is_output(folder / name) for name in KUSTOMIZATIONS
    )


def _check_folders(folder: Path) -> None:
    """Raise InvalidArgumentValueError if a subfolder has a kustomization; warn about links that are not followed."""
    kustomizations = [path for path in _folders(folder) if _has_kustomization(path)]
    if kustomizations:
        raise InvalidArgumentValueError(
            f"{OPTION} {folder} contains folders with a kustomization: {', '.join(map(str, kustomizations[:5]))}.",
            f"Pass the one that you apply. Example: {OPTION} {kustomizations[-1]}",
        )


def _folders(folder: Path) -> Iterator[Path]:
    for root, folders, _ in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not _is_output(Path(root) / name))
        for name in folders:
            path = Path(root) / name
            if path.is_symlink():
                # kubectl does not follow such links either.
                logger.warning("%s '%s' is a symbolic link to a folder and was not read.", OPTION, path)
            else:
                yield path


def _is_output(path: Path) -> bool:
    """Return whether the file or folder is the output of an earlier run."""
    if path.is_dir():
        return path.name in (PATCHES, ORIGINALS) and any(_is_output(path.parent / name) for name in OVERLAY)
    return path.name in OVERLAY and path.is_file() and is_ours(path.read_text("utf-8", errors="replace")[:1000])


def _text(file: InputFile) -> str:
    try:
        return file.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidArgumentValueError(
            f"{OPTION} {file.label} cannot be read: it is not UTF-8 text (byte {error.start}).",
            "PowerShell writes another encoding with '>'. Use: | Out-File -Encoding utf8 FILE",
        ) from error
