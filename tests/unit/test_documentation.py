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
def test_a_generated_page_is_as_the_code_has_it(name: str) -> None:
    written = (DOCS / name).read_text("utf-8")
    assert written == pages()[name], "write it anew: python3 -m development.documentation"


def test_the_index_names_every_page_and_links_lead_somewhere() -> None:
    names = {path.name for path in DOCS.glob("*.md")}
    index = (DOCS / "README.md").read_text("utf-8")
    assert set(re.findall(r"\]\(([\w-]+\.md)\)", index)) == names - {"README.md"}
    for name in names:
        for link in re.findall(r"\]\((?!https:)([^)#]+)\)", (DOCS / name).read_text("utf-8")):
            assert (DOCS / link).exists(), f"{name}: {link}"


def blocks(name: str, *languages: str) -> list[str]:
    """The blocks of a page in one of the languages."""
    found = re.findall(r"^```(\w+)\n(.*?)^```$", (DOCS / name).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [text for language, text in found if language in languages]


@pytest.mark.parametrize("name", ["fleet.md", "manifest.md", "migration.md", "troubleshooting.md"])
def test_every_command_of_a_page_is_one_that_az_takes(name: str, az: AzParser) -> None:
    lines = [line for text in blocks(name, "sh") for line in text.splitlines() if line.startswith("az ")]
    assert lines
    for line in lines:
        az.parse(shlex.split(re.sub(r" \| tee [\w.-]+$", "", line)))


def test_every_example_of_a_manifest_is_read() -> None:
    examples = blocks("manifest.md", "yaml", "json")
    assert len(examples) >= 4
    for text in examples:
        manifest = parse_manifest([("example", text.encode())], SUBSCRIPTION)
        assert manifest.identities or manifest.exceptions


def test_every_decision_is_documented_with_its_severity() -> None:
    samples = [each for _, each in decision_samples()]
    page = (DOCS / "migration.md").read_text("utf-8")
    assert re.findall(r"^### (\S+)$", page, re.MULTILINE) == [each.code for each in samples]
    assert re.findall(r"^`(\w+)`: ", page, re.MULTILINE) == [each.severity for each in samples]


def test_what_the_page_on_aks_preview_calls_the_same_is_there(az: AzParser) -> None:
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
