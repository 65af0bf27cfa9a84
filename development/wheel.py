# SPDX-License-Identifier: MIT
"""Build the extension's wheel and install it the way a user does."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from development.console import timed
from development.paths import NEWEST, ROOT, WHEELS, Host, wheel
from development.process import run_logged

_SOURCES = ("setup.py", "pyproject.toml", "README.md", "HISTORY.rst", "LICENSE", "azext_podidentity")


def build_wheel() -> Path:
    """Return the wheel of the current sources; build it if they changed since the last build. Raise SetupError."""
    sources = _source_files()
    asked = fingerprint(sources)
    stamp = WHEELS / "made-from"
    if not stamp.exists() or stamp.read_text("utf-8") != asked:
        shutil.rmtree(WHEELS, ignore_errors=True)
        with timed("the extension's wheel"), tempfile.TemporaryDirectory() as folder:
            copy_sources(Path(folder))
            run_logged(
                [
                    *(str(NEWEST.python), "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"),
                    *("--no-index", "--disable-pip-version-check", "--wheel-dir", str(WHEELS), folder),
                ],
                "wheel",
                "Building the wheel failed.",
            )
        stamp.write_text(asked, "utf-8")
    return wheel()


def copy_sources(folder: Path) -> None:
    """Copy the sources of the wheel: in the checkout, setuptools would leave folders and pack deleted modules."""
    for path in _source_files():
        copy = folder / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        copy.chmod(0o644)


def install_extension(host: Host) -> None:
    """Install the wheel for the host with `az extension add`, unless it is already installed. Raise SetupError."""
    target = host.extension_directory
    stamp = target.with_suffix(".made-from")
    asked = fingerprint([wheel()])
    if target.exists() and stamp.exists() and stamp.read_text("utf-8") == asked:
        return
    stamp.unlink(missing_ok=True)
    with (
        timed(f"the extension in {host.name} azure-cli"),
        tempfile.TemporaryDirectory(dir=target.parent) as folder,
    ):
        run_logged(
            [str(host.az), "extension", "add", "--source", str(wheel()), "--yes"],
            f"{host.name}-extension",
            "`az extension add` failed.",
            {
                "AZURE_CONFIG_DIR": str(Path(folder, "config")),
                "AZURE_EXTENSION_DIR": str(Path(folder, "extensions")),
                "AZURE_CORE_COLLECT_TELEMETRY": "false",
            },
        )
        shutil.rmtree(target, ignore_errors=True)
        Path(folder, "extensions").replace(target)
    stamp.write_text(asked, "utf-8")


def fingerprint(files: Iterable[Path]) -> str:
    """Return a digest (hexadecimal) of the paths and contents of the files, which are in the checkout."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _source_files() -> list[Path]:
    found: list[Path] = []
    for name in _SOURCES:
        path = ROOT / name
        found += [path] if path.is_file() else sorted(path.rglob("*"))
    return [path for path in found if path.is_file() and path.suffix != ".pyc"]
