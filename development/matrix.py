"""`./test --matrix`: the tests under every Python that azure-cli runs on, each with both azure-cli versions."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from development.console import note
from development.paths import ROOT

VERSIONS = ("3.10", "3.11", "3.12", "3.13")


def run_matrix(arguments: list[str]) -> dict[str, bool | None]:
    """Whether the tests that pytest's arguments select passed under each Python version; None where it is absent."""
    return {f"Python {version}": _passes(version, arguments) for version in VERSIONS}


def find_python(version: str) -> str | None:
    """An interpreter of that version (`3.12`): the one on PATH, or one that pyenv installed."""
    installed = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv").glob(f"versions/{version}.*/bin/python")
    on_path = shutil.which(f"python{version}")
    candidates = [*([on_path] if on_path else []), *map(str, sorted(installed))]
    return next((each for each in candidates if _is(each, version)), None)


def _is(python: str, version: str) -> bool:
    # What pyenv puts on PATH fails where its version is not chosen.
    asked = [python, "-c", "import sys; print('{}.{}'.format(*sys.version_info))"]
    result = subprocess.run(asked, capture_output=True, text=True, check=False)
    return result.returncode == 0 and result.stdout.strip() == version


def _passes(version: str, arguments: list[str]) -> bool | None:
    python = find_python(version)
    if python is None:
        return None
    note(f"\nPython {version} ({python}), azure-cli oldest and newest:")
    return subprocess.run([python, str(ROOT / "test"), *(arguments or ["tests"])], check=False).returncode == 0
