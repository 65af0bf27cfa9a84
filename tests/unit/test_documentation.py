# SPDX-License-Identifier: MIT

from __future__ import annotations

import re
import shlex

import pytest

from azext_podidentity.manifest.parser import parse_manifest
from development.documentation import DOCS, pages
from development.generated_blocks import decision_samples
from tests.support.az_parser import AzParser
from tests.support.builders import SUBSCRIPTION


@pytest.mark.parametrize("name", pages())
def test_generated_page_is_current(name: str) -> None:
    written = (DOCS / name).read_text("utf-8")
    assert written == pages()[name], "generate it again: python3 -m development.documentation"


def test_index_is_complete_and_links_resolve() -> None:
    names = {path.name for path in DOCS.glob("*.md")}
    index = (DOCS / "README.md").read_text("utf-8")
    assert set(re.findall(r"\]\(([\w-]+\.md)\)", index)) == names - {"README.md"}
    for name in names:
        for link in re.findall(r"\]\((?!https:)([^)#]+)\)", (DOCS / name).read_text("utf-8")):
            assert (DOCS / link).exists(), f"{name}: {link}"


def blocks(name: str, *languages: str) -> list[str]:
    """Return the code blocks of a page in any of the languages."""
    found = re.findall(r"^```(\w+)\n(.*?)^```$", (DOCS / name).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [text for language, text in found if language in languages]


@pytest.mark.parametrize("name", ["fleet.md", "manifest.md", "migration.md", "troubleshooting.md"])
def test_documented_commands_parse(name: str, az: AzParser) -> None:
    lines = [line for text in blocks(name, "sh") for line in text.splitlines() if line.startswith("az ")]
    assert lines
    for line in lines:
        az.parse(shlex.split(re.sub(r" \| tee [\w.-]+$", "", line)))


def test_manifest_examples_parse() -> None:
    examples = blocks("manifest.md", "yaml", "json")
    assert len(examples) >= 4
    for text in examples:
        manifest = parse_manifest([("example", text.encode())], SUBSCRIPTION)
        assert manifest.identities or manifest.exceptions


def test_decisions_are_documented_with_severity() -> None:
    samples = [each for _, each in decision_samples()]
    page = (DOCS / "migration.md").read_text("utf-8")
    assert re.findall(r"^### (\S+)$", page, re.MULTILINE) == [each.code for each in samples]
    assert re.findall(r"^`(\w+)`: ", page, re.MULTILINE) == [each.severity for each in samples]


def test_documented_aks_preview_options_exist(az: AzParser) -> None:
    same = (DOCS / "upgrade-from-aks-preview.md").read_text("utf-8").split("## ")[1]
    assert same.startswith("What is the same")
    group = "aks pod-identity"
    names = [f"{group} {verb}" for verb in ("add", "delete", "list")]
    names += [f"{group} exception {verb}" for verb in ("add", "update", "delete", "list")]
    offered = {option for name in (*names, "aks create", "aks update") for option in az.options(name)}
    assert set(re.findall(r"`(--[\w-]+)`", same)) <= offered
    assert set(names) <= set(az.own_commands)
    for name in names:
        common = {"--resource-group", "--cluster-name", "--namespace"}
        assert common <= set(az.options(name))
