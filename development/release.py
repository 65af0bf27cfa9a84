# SPDX-License-Identifier: MIT
"""`./release`: build a reproducible wheel and source distribution, and print the entry for an index."""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from email import message_from_string
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from development.console import SetupError, note
from development.environments import prepare_demo
from development.paths import NEWEST, ROOT
from development.process import run_logged
from development.wheel import copy_sources

PACKAGE = "azext_podidentity"
_INSTALLS = ("fastjsonschema~=2.21",)
_EPOCH = "SOURCE_DATE_EPOCH"
_DESCRIPTION = """Builds the wheel and the source distribution twice, compares them, checks what is in the wheel, and
prints the entry for the index.json of azure-cli-extensions. The files go to dist/."""


def main(arguments: list[str]) -> int:
    """Write the files to the folder and print the index entry as JSON. Raise SetupError."""
    parser = argparse.ArgumentParser(
        "./release", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="folder for the files (default: dist)")
    parser.add_argument("--url", required=True, help="URL of the folder in which the wheel will be")
    chosen = parser.parse_args(arguments)
    os.umask(0o022)  # the files' modes are in the archives
    prepare_demo()
    wheel, *others = build(chosen.output)
    for path in (wheel, *others):
        note(f"{path.name}  sha256 {_digest(path)}")
    print(json.dumps(index_entry(wheel, chosen.url), indent=4, sort_keys=True))
    return 0


def build(output: Path) -> list[Path]:
    """Build the wheel and the source distribution in the folder, and return their paths in that order.

    Raise SetupError if two builds differ or the wheel contains something else.
    """
    with tempfile.TemporaryDirectory() as folder:
        first, second = (_build_once(Path(folder, name)) for name in ("first", "second"))
        for one, other in zip(first, second, strict=True):
            if one.read_bytes() != other.read_bytes():
                raise SetupError(f"Two builds of {one.name} differ.")
        check_content(first[0])
        output.mkdir(parents=True, exist_ok=True)
        return [Path(shutil.copy(path, output)) for path in first]


def check_content(wheel: Path) -> None:
    """Raise SetupError unless the wheel contains the extension, its licence and its metadata only."""
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        said = message_from_string(archive.read(metadata).decode())
    info = metadata.rpartition("/")[0]
    strange = [name for name in names if name.split("/")[0] not in (PACKAGE, info)]
    needed = {f"{PACKAGE}/__init__.py", f"{PACKAGE}/azext_metadata.json", f"{info}/licenses/LICENSE"}
    wrong = [
        *(f"{name} does not belong there" for name in strange),
        *(f"{name} is missing" for name in sorted(needed.difference(names))),
        *(f"it installs {name}" for name in said.get_all("Requires-Dist") or () if name not in _INSTALLS),
        *(f"its metadata has no {name}" for name in ("Summary", "Author", "License-Expression") if not said[name]),
    ]
    if wrong:
        raise SetupError(f"The wheel {wheel.name} is not as it should be: {'; '.join(wrong)}.")


def index_entry(wheel: Path, url: str) -> dict[str, Any]:
    """Return the wheel's entry in the index.json of azure-cli-extensions; `url` is that of the folder it will be in."""
    with ZipFile(wheel) as archive:
        azext = json.loads(archive.read(f"{PACKAGE}/azext_metadata.json"))
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        said = message_from_string(archive.read(metadata).decode())
    return {
        "downloadUrl": f"{url.rstrip('/')}/{wheel.name}",
        "filename": wheel.name,
        "metadata": {
            **azext,
            "name": said["Name"],
            "version": said["Version"],
            "summary": said["Summary"],
            "license": said["License-Expression"],
            "requires_python": said["Requires-Python"],
            "classifiers": said.get_all("Classifier"),
        },
        "sha256Digest": _digest(wheel),
    }


def _build_once(folder: Path) -> list[Path]:
    sources, output = folder / "sources", folder / "output"
    copy_sources(sources)
    command = [str(NEWEST.python), "setup.py", "--quiet"]
    environ = {_EPOCH: _last_change(), "PYTHONHASHSEED": "0"}
    for kind in (["bdist_wheel"], ["sdist", "--owner=root", "--group=root"]):
        run_logged(
            [*command, *kind, "--dist-dir", str(output)], "release", "The release could not be built.", environ, sources
        )
    (wheel,), (archive,) = output.glob("*.whl"), output.glob("*.tar.gz")
    _settle(archive, int(environ[_EPOCH]))
    return [wheel, archive]


def _settle(archive: Path, time: int) -> None:
    """Rewrite a .tar.gz with that time for every file, because setuptools uses the time of the build."""
    with tarfile.open(archive) as old:
        members = [(member, old.extractfile(member)) for member in sorted(old.getmembers(), key=lambda one: one.name)]
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new:
            for member, content in members:
                member.mtime, member.pax_headers = time, {}
                new.addfile(member, content)
    archive.write_bytes(gzip.compress(packed.getvalue(), mtime=time))


def _last_change() -> str:
    """Return the time of the last commit in seconds since 1970, so that builds are reproducible."""
    asked = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupError("A release is built in a git checkout: its files have the time of the last commit.") from error


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
