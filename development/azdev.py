"""`azdev style` and `azdev linter`, the checks of azure-cli-extensions, on this extension.

They expect a checkout of that repository, so one with this extension alone is laid out in a temporary folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from development.paths import AZDEV, ROOT
from development.process import run_logged

NAME = "podidentity"
CHECKS = ("style", "linter")
_CONFIG = """[cli]
repo_path = _NONE_
[ext]
repo_paths = {repository}
"""


def passes(check: str) -> bool:
    """Whether `azdev CHECK podidentity` reports nothing; what it reports goes to standard output. SetupError."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        # The linter judges commands as az loads them, and finds out by git what is new.
        return _run(check, place, _lay_out(place / "azure-cli-extensions"))


def _lay_out(repository: Path) -> Path:
    extension = repository / "src" / NAME
    extension.mkdir(parents=True)
    for name in ("setup.py", "README.md", "HISTORY.rst", "LICENSE"):
        shutil.copy(ROOT / name, extension)
    shutil.copytree(ROOT / "azext_podidentity", extension / "azext_podidentity", ignore=shutil.ignore_patterns("*.pyc"))
    for command in (
        ["git", "init", "--quiet", str(repository)],
        [str(AZDEV.python), "setup.py", "--quiet", "egg_info"],
    ):
        run_logged(command, "azdev-layout", "The repository for azdev could not be laid out.", folder=extension)
    return repository


def _run(check: str, place: Path, repository: Path) -> bool:
    configuration = place / "azdev" / "env_config" / str(AZDEV.environment).lstrip(os.sep) / "config"
    configuration.parent.mkdir(parents=True)
    configuration.write_text(_CONFIG.format(repository=repository), "utf-8")
    environ = {
        **os.environ,
        "PATH": f"{AZDEV.python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "VIRTUAL_ENV": str(AZDEV.environment),
        "AZDEV_CONFIG_DIR": str(place / "azdev"),
        "AZURE_CONFIG_DIR": str(place / "azure"),
        "AZURE_EXTENSION_DIR": str(place / "extensions"),
        "AZURE_EXTENSION_DEV_SOURCES": str(repository),
        "AZURE_CORE_COLLECT_TELEMETRY": "false",
    }
    command = [str(AZDEV.python), "-m", "azdev", check, NAME]
    return subprocess.run(command, cwd=repository, env=environ, stdin=subprocess.DEVNULL, check=False).returncode == 0
