# SPDX-License-Identifier: MIT
"""Run other programs without the environment variables that a user's shell may have set."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from development.console import SetupError
from development.paths import LOGS

# They would put other packages before those of a private environment, or keep az from caching its compiled
# modules, without which every command starts two and a half times as slowly.
_FOREIGN = ("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "PIP_USER", "PIP_TARGET", "PIP_PREFIX")


def clean_environment() -> None:
    """Remove the environment variables that would change what an environment or its az does."""
    for name in list(os.environ):
        if name in _FOREIGN or name.startswith("AZURE_"):
            del os.environ[name]


def run_logged(
    command: list[str], log: str, hint: str, environ: Mapping[str, str] | None = None, folder: Path | None = None
) -> None:
    """Run the command, in the folder if one is given, with its output in the log file of that name.

    Raise SetupError with the hint and the log's last lines if it fails.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / f"{log}.log"
    with path.open("w", encoding="utf-8") as output:
        result = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environ or {})},
            cwd=folder,
            check=False,
        )
    if result.returncode:
        raise SetupError(f"{hint}\n\n{_last_lines(path)}\n\nThe whole output is in {path}")


def _last_lines(path: Path) -> str:
    lines = [line for line in path.read_text("utf-8", "replace").splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith("nox > ")] or lines
    return "\n".join(f"    {line}" for line in said[-3:])
