# SPDX-License-Identifier: MIT
"""Allowed imports, and the modules that az loads for the extension."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from development.paths import ROOT

EXTENSION = "azext_podidentity"
SIMULATOR = "azure_simulator"
SDKS = ("azure.core", "azure.mgmt")
# The packages of the extension that each package may import, besides itself. `docs/architecture.md` explains it.
MAY_IMPORT: dict[str, frozenset[str]] = {
    "profile": frozenset(),
    "cli": frozenset({"profile"}),
    "manifest": frozenset({"profile"}),
    "checks": frozenset({"profile"}),
    "migration": frozenset({"profile"}),
    "fleet": frozenset({"profile", "checks", "manifest"}),
    "pod_checks": frozenset({"profile", "checks", "migration"}),
    "kubernetes": frozenset({"profile", "cli", "migration"}),
    "arm": frozenset({"profile", "cli"}),
    "actions": frozenset(
        {"arm", "fleet", "kubernetes", "migration", "checks", "pod_checks", "manifest", "profile", "cli"}
    ),
    "host": frozenset({"actions", "arm", "profile", "cli"}),
}
PURE = ("profile", "manifest", "checks", "migration", "pod_checks", "fleet")
KNOW_SDKS = ("arm", "host")
MODULES = sorted((ROOT / EXTENSION).rglob("*.py"))
# What az runs for a command of the host, as `az aks show`.
_LOAD_HOST_COMMAND = f"""
import sys
from types import SimpleNamespace
from azure.cli.core import get_default_cli
from azure.cli.core.commands import CliCommandType
from azure.cli.core.util import roughly_parse_command
cli = get_default_cli()
cli.invocation = SimpleNamespace(commands_loader=SimpleNamespace(command_table={{"aks show": None}}))
before = set(sys.modules)
import {EXTENSION}
{EXTENSION}.COMMAND_LOADER_CLS(cli).load_command_table(["aks", "show", "--name", "x"])
print(*sorted(set(sys.modules) - before))
"""
# What az runs for a command of the group, before it parses the command line.
_LOAD_GROUP = _LOAD_HOST_COMMAND.replace('"show", "--name", "x"', '"pod-identity", "list"')


def imported(path: Path) -> Iterator[str]:
    """Yield the modules a file imports, at its top or later; `from a import b` yields a and a.b."""
    yield from _imported_by(ast.walk(ast.parse(path.read_text("utf-8"))))


def imported_at_run_time(path: Path) -> Iterator[str]:
    """Yield the modules a file imports, without those for the type checker only."""
    tree = ast.parse(path.read_text("utf-8"))
    tree.body = [
        node for node in tree.body if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test))
    ]
    yield from _imported_by(ast.walk(tree))


def _imported_by(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (module, *(f"{module}.{alias.name}" for alias in node.names))


def of(modules: Iterator[str], *packages: str) -> list[str]:
    """Return the modules that are in any of the packages."""
    return [name for name in modules if any(name == each or name.startswith(f"{each}.") for each in packages)]


def each(modules: list[Path]) -> pytest.MarkDecorator:
    """Run a test for each file."""
    return pytest.mark.parametrize("path", modules, ids=lambda path: str(path.relative_to(ROOT)))


def package(path: Path) -> str:
    """Return the package of the extension that contains a file, or the module's own name."""
    return path.relative_to(ROOT / EXTENSION).parts[0].removesuffix(".py")


@each([path for path in MODULES if package(path) in MAY_IMPORT])
def test_packages_import_downwards_only(path: Path) -> None:
    allowed = {package(path), *MAY_IMPORT[package(path)]}
    ours = {name.split(".")[1] for name in of(imported(path), EXTENSION) if "." in name}
    assert ours <= allowed


@each([path for path in MODULES if package(path) in PURE])
def test_pure_packages_have_no_side_effects(path: Path) -> None:
    assert of(imported(path), *SDKS, "knack", "time", "datetime", "random", "os", "requests", "subprocess") == []
    assert set(of(imported(path), "azure.cli")) <= set(of(imported(path), "azure.cli.core.azclierror"))


@each([path for path in MODULES if package(path) not in KNOW_SDKS])
def test_only_adapters_import_azure_sdks(path: Path) -> None:
    assert of(imported_at_run_time(path), *SDKS, "msrest") == []


@each(MODULES)
def test_extension_imports_no_simulator_or_tools(path: Path) -> None:
    assert of(imported(path), SIMULATOR, "tests", "development", "benchmarks") == []


@each(sorted((ROOT / SIMULATOR).rglob("*.py")))
def test_simulator_imports_no_extension(path: Path) -> None:
    assert of(imported(path), EXTENSION) == []


def loaded_by(script: str) -> list[str]:
    """Return the modules that a script prints, of those that it has loaded."""
    environ = dict(os.environ)
    return subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    ).stdout.split()


def test_host_command_loads_two_commands() -> None:
    assert of(iter(loaded_by(_LOAD_HOST_COMMAND)), EXTENSION, *SDKS) == [
        EXTENSION,
        f"{EXTENSION}._client_factory",
        f"{EXTENSION}.commands_cluster",
        f"{EXTENSION}.host",
        f"{EXTENSION}.host.aks_preview",
    ]


def test_command_table_loads_no_heavy_modules() -> None:
    loaded = loaded_by(_LOAD_GROUP)
    assert f"{EXTENSION}.commands" in loaded
    heavy = (*SDKS, "msrest", "msal", "requests", "yaml", "urllib3", "azure.cli.command_modules", "asyncio")
    ours = (f"{EXTENSION}.arm", f"{EXTENSION}.custom", f"{EXTENSION}.host.cluster_commands")
    assert of(iter(loaded), *heavy, *ours, *(f"{EXTENSION}.{name}" for name in PURE)) == []


def test_show_loads_no_change_modules() -> None:
    """`show` and `exception show` import their handlers, this action and this reader."""
    modules = ("custom", "custom_exception", "actions.read", "arm.managed_clusters")
    imports = ", ".join(f"{EXTENSION}.{name}" for name in modules)
    changes = ("actions.change", "actions.role_grants", "arm.cluster_writer", "arm.errors", "arm.role_assignments")
    advice = ("profile.advice", "profile.changes", "profile.eligibility", "profile.known_errors", "profile.error_rows")
    others = ("checks", "fleet", "host", "kubernetes", "manifest", "migration")
    loaded = loaded_by(f"import sys, {imports}; print(*sys.modules)")
    assert of(iter(loaded), *(f"{EXTENSION}.{name}" for name in (*changes, *advice, *others))) == []


def test_list_loads_no_cluster_modules() -> None:
    """`list` and `exception list` import their handlers, this action, this client and the cluster's reference."""
    modules = ("custom", "custom_exception", "actions.read", "arm.throttling", "arm.response_policy", "cli.target")
    imports = ", ".join(f"{EXTENSION}.{name}" for name in modules)
    loaded = loaded_by(f"import sys, {imports}; print(*sys.modules)")
    pure = {name for name in of(iter(loaded), *(f"{EXTENSION}.{each}" for each in PURE)) if name.count(".") > 1}
    assert pure == {f"{EXTENSION}.profile.{name}" for name in ("cluster_reference", "shell")}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT / "tests"))
)
def test_tests_import_no_test(path: Path) -> None:
    """Shared helpers belong in tests/support (or tests/playback), and imports are absolute."""
    tree = ast.parse(path.read_text("utf-8"))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]
    assert not [name for name in imported(path) if re.search(r"^tests\..*\btest_", name)]
