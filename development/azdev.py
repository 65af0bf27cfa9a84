# SPDX-License-Identifier: MIT
"""`azdev style` and `azdev linter`, the checks of azure-cli-extensions, on this extension.

They expect a checkout of that repository, so one with this extension alone is laid out in a temporary folder.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from development.paths import AZDEV, ROOT, wheel
from development.process import run_logged
from development.wheel import fingerprint

NAME = "podidentity"
# The rules on test coverage are left out: they read a list from the network and look for recorded tests.
CHECKS: dict[str, tuple[str, ...]] = {
    "style": (),
    "linter": ("--rule-types", "params", "commands", "command_groups", "help_entries"),
}
_CONFIG = """[cli]
repo_path = {place}
[ext]
repo_paths = {place}/azure-cli-extensions
"""
# How azdev finds tested commands in a checkout of azure-cli. Neither check uses it; without it each asks the network.
_COVERAGE = dict.fromkeys(
    ("CMD_PATTERN", "QUO_PATTERN", "END_PATTERN", "DOCS_END_PATTERN", "NOT_END_PATTERN", "NUMBER_SIGN_PATTERN"), ""
)

# Names that are not ours to shorten: the host's, and the flags that scripts written for aks-preview know.
_LONG_NAMES = """
import inspect, json
from azure.cli.command_modules.acs import custom
flags = ["enable_pod_identity_with_kubenet", "enable_pod_identity", "disable_pod_identity"]
excluded = {"rule_exclusions": ["option_length_too_long"]}
handlers = {"aks create": custom.aks_create, "aks update": custom.aks_update}
names = {command: [*inspect.signature(handler).parameters, *flags] for command, handler in handlers.items()}
print(json.dumps({command: {"parameters": dict.fromkeys(given, excluded)} for command, given in names.items()}))
"""


@dataclass(frozen=True)
class Report:
    """Return whether one check found nothing, and all it printed."""

    passed: bool
    text: str


def reports() -> dict[str, Report]:
    """Return the reports of azdev by check; sources that passed are not checked again. Raise SetupError."""
    sources = fingerprint([wheel(), Path(__file__)])
    stamp = AZDEV.folder / "passed"  # a new environment has none
    if stamp.exists() and stamp.read_text("utf-8") == sources:
        return {check: Report(True, "") for check in CHECKS}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        repository = _lay_out(place / "azure-cli-extensions")
        environ = _set_up(place, repository)
        found = {check: _run(check, repository, environ) for check in CHECKS}
    if all(report.passed for report in found.values()):
        stamp.write_text(sources, "utf-8")
    return found


def _lay_out(repository: Path) -> Path:
    extension = repository / "src" / NAME
    extension.mkdir(parents=True)
    for name in ("setup.py", "pyproject.toml", "README.md", "HISTORY.rst", "LICENSE"):
        shutil.copy(ROOT / name, extension)
    shutil.copytree(ROOT / "azext_podidentity", extension / "azext_podidentity", ignore=shutil.ignore_patterns("*.pyc"))
    for command in (
        ["git", "init", "--quiet", str(repository)],
        [str(AZDEV.python), "setup.py", "--quiet", "egg_info"],
    ):
        run_logged(command, "azdev-layout", "The repository for azdev could not be laid out.", folder=extension)
    # azure-cli creates its configuration directory when it is imported.
    environ = {**os.environ, "AZURE_CONFIG_DIR": str(repository.parent / "azure")}
    names = [str(AZDEV.python), "-c", _LONG_NAMES]
    exclusions = subprocess.run(names, env=environ, capture_output=True, text=True, check=True)
    (repository / "linter_exclusions.yml").write_text(exclusions.stdout, "utf-8")
    return repository


def _set_up(place: Path, repository: Path) -> dict[str, str]:
    """Write azdev's settings and return the environment variables that select them."""
    settings = place / "azdev"
    settings.mkdir()
    (settings / "config").write_text(_CONFIG.format(place=place), "utf-8")
    coverage = place / "scripts" / "ci" / "cmdcov.yml"
    coverage.parent.mkdir(parents=True)
    coverage.write_text(json.dumps(_COVERAGE), "utf-8")  # JSON is YAML
    # Where `azdev setup` puts the settings of flake8 and pylint.
    (rules,) = AZDEV.folder.glob("lib/python*/site-packages/azdev/config")
    shutil.copytree(rules, settings / "env_config" / str(AZDEV.folder).lstrip(os.sep) / "config_files")
    return {
        **os.environ,
        "PATH": f"{AZDEV.python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "VIRTUAL_ENV": str(AZDEV.folder),
        "AZDEV_CONFIG_DIR": str(settings),
        "AZURE_CONFIG_DIR": str(place / "azure"),
        "AZURE_EXTENSION_DIR": str(place / "extensions"),
        "AZURE_EXTENSION_DEV_SOURCES": str(repository),
        "AZURE_CORE_COLLECT_TELEMETRY": "false",
    }


def _run(check: str, repository: Path, environ: dict[str, str]) -> Report:
    result = subprocess.run(
        [str(AZDEV.python), "-m", "azdev", check, NAME, *CHECKS[check]],
        cwd=repository,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Report(result.returncode == 0, result.stdout)
