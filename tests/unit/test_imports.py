"""Who imports whom, and what az pays for the extension where it is not used."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from development.paths import ROOT

EXTENSION = "azext_podidentity"
SIMULATOR = "azure_simulator"
SDKS = ("azure.core", "azure.mgmt")
PURE = ("profile", "checks", "migration")
MODULES = sorted((ROOT / EXTENSION).rglob("*.py"))
# What az runs for every `az aks` command, whichever it is.
_LOAD = f"""
import sys
from azure.cli.core import get_default_cli
from azure.cli.core.commands import CliCommandType
cli = get_default_cli()
before = set(sys.modules)
import {EXTENSION}
{EXTENSION}.COMMAND_LOADER_CLS(cli).load_command_table(None)
import {EXTENSION}._help, {EXTENSION}._format, {EXTENSION}._client_factory
print(*sorted(set(sys.modules) - before))
"""


def imported(path: Path) -> Iterator[str]:
    """The modules a file imports, at its top or later; `from a import b` counts as a and as a.b."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (module, *(f"{module}.{alias.name}" for alias in node.names))


def of(modules: Iterator[str], *packages: str) -> list[str]:
    """Those of the modules that are in one of the packages."""
    return [name for name in modules if any(name == each or name.startswith(f"{each}.") for each in packages)]


def each(modules: list[Path]) -> pytest.MarkDecorator:
    """Runs a test for each file."""
    return pytest.mark.parametrize("path", modules, ids=lambda path: str(path.relative_to(ROOT)))


def room(path: Path) -> str:
    """The part of the extension a file is in: a package in it, or the module itself."""
    return path.relative_to(ROOT / EXTENSION).parts[0].removesuffix(".py")


@each([path for path in MODULES if room(path) in PURE])
def test_what_decides_is_pure(path: Path) -> None:
    assert of(imported(path), *SDKS, "knack", "time", "datetime", "random", "os", "requests", "subprocess") == []
    ours = of(imported(path), EXTENSION)
    assert set(ours) == set(of(iter(ours), f"{EXTENSION}.profile", f"{EXTENSION}.{room(path)}"))
    assert set(of(imported(path), "azure.cli")) <= set(of(imported(path), "azure.cli.core.azclierror"))


@each([path for path in MODULES if room(path) not in ("arm", "_client_factory", "cluster_flags", "cluster_decorators")])
def test_only_those_who_talk_to_azure_know_its_sdks(path: Path) -> None:
    assert of(imported(path), *SDKS, "msrest") == []


@each([path for path in MODULES if room(path) in ("arm", "kubernetes", *PURE)])
def test_nothing_below_the_handlers_knows_the_command_line(path: Path) -> None:
    above = ("_params", "_validators", "_help", "_format", "_completers", "commands", "custom", "cluster_flags")
    assert of(imported(path), *(f"{EXTENSION}.{name}" for name in above)) == []


@each(MODULES)
def test_the_extension_does_not_know_the_simulator_or_the_tools(path: Path) -> None:
    assert of(imported(path), SIMULATOR, "tests", "development", "benchmarks") == []


@each(sorted((ROOT / SIMULATOR).rglob("*.py")))
def test_the_simulator_does_not_know_the_extension(path: Path) -> None:
    assert of(imported(path), EXTENSION) == []


def test_az_loads_nothing_heavy_for_the_extension() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", _LOAD], cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=True
    ).stdout.split()
    assert f"{EXTENSION}.commands" in loaded
    heavy = (*SDKS, "msrest", "msal", "requests", "yaml", "urllib3", "azure.cli.command_modules", "asyncio")
    ours = (f"{EXTENSION}.arm", f"{EXTENSION}.custom", f"{EXTENSION}.cluster_flags")
    assert of(iter(loaded), *heavy, *ours, *(f"{EXTENSION}.{name}" for name in PURE)) == []
