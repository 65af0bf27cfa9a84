# SPDX-License-Identifier: MIT

from __future__ import annotations

import ast
import json
import re
import stat
from collections.abc import Iterator
from email import message_from_string
from zipfile import ZipFile

import pytest

from development.paths import HOSTS, ROOT, Host, wheel

PACKAGE = "azext_podidentity"


@pytest.fixture
def built() -> Iterator[ZipFile]:
    """Return the wheel that users install."""
    with ZipFile(wheel()) as archive:
        yield archive


def version() -> str:
    """Return the version in setup.py."""
    for node in ast.parse((ROOT / "setup.py").read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "VERSION":
            return str(ast.literal_eval(node.value))
    raise AssertionError("setup.py has no VERSION")


def test_source_files_name_license() -> None:
    programs = (ROOT / name for name in ("demo", "release", "test", "benchmarks/run"))
    folders = (PACKAGE, "azure_simulator", "benchmarks", "development", "tests")
    files = [*programs, *(path for folder in folders for path in (ROOT / folder).rglob("*.py"))]
    first_lines = {path: path.read_text("utf-8").splitlines()[:2] for path in files if path.stat().st_size}
    assert [path for path, lines in first_lines.items() if "# SPDX-License-Identifier: MIT" not in lines] == []


def test_wheel_contains_only_extension(built: ZipFile) -> None:
    assert {name.split("/")[0] for name in built.namelist()} == {PACKAGE, f"podidentity-{version()}.dist-info"}
    sources = {str(path.relative_to(ROOT)) for path in (ROOT / PACKAGE).rglob("*.py")}
    assert {name for name in built.namelist() if name.startswith(f"{PACKAGE}/")} == {
        *sources,
        f"{PACKAGE}/azext_metadata.json",
        f"{PACKAGE}/manifest/schema.json",
    }


def test_azext_metadata_in_package_is_file(built: ZipFile) -> None:
    """az reads it from the package folder, in which a link would be broken."""
    entry = built.getinfo(f"{PACKAGE}/azext_metadata.json")
    assert not stat.S_ISLNK(entry.external_attr >> 16)
    assert json.loads(built.read(entry))["azext.minCliCoreVersion"] == "2.85.0"


def test_azext_metadata_at_top_is_link() -> None:
    top = ROOT / "azext_metadata.json"
    assert top.is_symlink()
    assert not top.readlink().is_absolute()
    assert top.resolve() == ROOT / PACKAGE / "azext_metadata.json"


def test_wheel_requirements(built: ZipFile) -> None:
    metadata = message_from_string(built.read(f"podidentity-{version()}.dist-info/METADATA").decode())
    assert (metadata["Name"], metadata["Version"]) == ("podidentity", version())
    assert metadata.get_all("Requires-Dist") == ["fastjsonschema~=2.21"]
    assert metadata["Requires-Python"] == ">=3.10"


def test_metadata_has_few_lines(built: ZipFile) -> None:
    """az's module serviceconnector has the metadata of each extension parsed a dozen times for an `az aks` command."""
    metadata = message_from_string(built.read(f"podidentity-{version()}.dist-info/METADATA").decode())
    assert {"Summary", "Author", "License-Expression", "Keywords"} <= set(metadata.keys())
    assert len(metadata.keys()) <= 13


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_installed_packages(host: Host) -> None:
    names = {path.name for path in (host.extension_directory / "podidentity").iterdir() if path.is_dir()}
    assert {re.sub(r"-[\d.]+\.dist-info$", ".dist-info", name) for name in names} - {"__pycache__"} == {
        PACKAGE,
        "podidentity.dist-info",
        "fastjsonschema",
        "fastjsonschema.dist-info",
    }


def test_history_has_current_version() -> None:
    history = (ROOT / "HISTORY.rst").read_text("utf-8")
    assert re.search(rf"^{re.escape(version())}\n-+\n\n\S", history, re.MULTILINE)
