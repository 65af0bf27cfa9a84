# SPDX-License-Identifier: MIT
"""The wording of documentation, messages, help and names of tests."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from development.paths import ROOT
from tests.support.az_parser import AzParser
from tests.support.error_texts import error_texts
from tests.support.prose import names, notes, sentences

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "HISTORY.rst")),
    *sorted((ROOT / "docs").glob("*.md")),
]
MODULES = sorted((ROOT / "azext_podidentity").rglob("*.py"))
# Patterns to avoid, and what to write instead.
AVOIDED = {
    r"\b(tell|tells|told)\b": "report, print, show",
    r"\b(mend|mends|mended|mending)\b": "fix",
    r"\b(anew|afresh)\b": "again; recreated",
    r"\b(somebody|a person)\b": "you, another client, an owner of the subscription",
    r"\bby then\b": "the latest state",
    r"\bleft over\b": "leftover",
    r"\bof (its|their|your) own\b": "its own …",
    r"(?<!\bthere )\b(is|are) there\b": "exists",
    r"\bgoes\b": "is removed",
    r"\bcut short\b": "interrupted",
    r"\bresource ids?\b|\b(client|object|request) ids?\b": "resource ID",
    r"\betags?\b": "ETag",
    r"\ba (row|line) an? ": "one row per entry",
    r"\bwhere (it|they|there|the service|that) (has|have|is|are|was|were)\b": "if, when",
}
# Patterns to avoid in docstrings and comments, in addition to those above.
AVOIDED_IN_NOTES = {
    r"\bbegun\b": "started",
    r"\b(someone|nobody)\b": "another client, no client",
    r"\b[Hh]ow far\b": "the progress, the status",
    r"\b(none|no) more (is|are|after)\b": "start no more",
    r"\b[Ww]ays? out\b": "the fix",
    r"\bin the way\b": "blocking",
    r"\bput back\b": "restore",
    r"\ball the same\b": "even so, still",
    r"\brooms?\b": "module, package",
    r"\bsettled?\b": "final, complete",
    r"\b(looks|looked) at\b": "read, evaluate",
    r"\bthat it is\b": "a direct statement",
}
AVOIDED_AS_NAMES = {"Tell", "tell", "told", "Once", "Shared", "mend", "begun", "settled", "standing", "trouble", "room"}
SOURCES = [each for name in ("azext_podidentity", "benchmarks", "development") for each in (ROOT / name).rglob("*.py")]
TESTS = ROOT / "tests"
MAX_WORDS = 8
AVOIDED_IN_NAMES = {
    *("a", "an", "the", "that", "what", "whatever", "which", "whichever", "where", "there", "who", "whose"),
    *("nobody", "somebody", "anybody", "it", "its", "they", "them", "tell", "tells", "told", "mend", "mends"),
    *("anew", "afresh", "goes"),
}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_use_plain_words(path: Path) -> None:
    # Code, links, and the service's words, which are quoted.
    others = r"```.*?```|`[^`]*`|\]\([^)]*\)|^> .*?$"
    text = re.sub(others, "", path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    assert avoided_in(text) == {}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_messages_and_help_use_plain_words(path: Path) -> None:
    found = {f"{line}: {text}": better for line, text in sentences(path) if (better := avoided_in(text))}
    assert found == {}


@pytest.mark.parametrize("path", sorted(SOURCES), ids=lambda path: str(path.relative_to(ROOT)))
def test_docstrings_and_comments_use_plain_words(path: Path) -> None:
    assert {f"{line}: {text}": found for line, text in notes(path) if (found := avoided_in_notes(text))} == {}


@pytest.mark.parametrize("path", sorted(SOURCES), ids=lambda path: str(path.relative_to(ROOT)))
def test_names_are_standard_terms(path: Path) -> None:
    assert [(line, name) for line, name in names(path) if name.strip("_") in AVOIDED_AS_NAMES] == []


def test_warnings_end_with_full_stop_or_colon() -> None:
    calls = [(path, node) for path in MODULES for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    unfinished = [
        f"{path.name}:{node.lineno}: {node.args[0].value!r}"
        for path, node in calls
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("warning", "error")
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and not re.search(r"[.:]$|%s$|run: az .*$", str(node.args[0].value))
    ]
    assert unfinished == []


def test_errors_end_with_full_stop_or_colon() -> None:
    # A value at the end follows a sentence or a colon; a text of values alone is checked where they come from.
    complete = re.compile(r"\.$|[.:\n]\s*(\{\})+$|run:$|^[\s.,{}]*$")
    texts = [(path, line, text) for path in MODULES for line, text in error_texts(path)]
    assert len(texts) > 250
    assert [f"{path.name}:{line}: {text!r}" for path, line, text in texts if not complete.search(text)] == []


def avoided_in_notes(text: str) -> dict[str, str]:
    """Return the words to avoid in a docstring or comment, each with what to write."""
    found = {match[0]: better for avoided, better in AVOIDED_IN_NOTES.items() if (match := re.search(avoided, text))}
    return {**avoided_in(text), **found}


def avoided_in(text: str) -> dict[str, str]:
    """Return the avoided words in the text, each with its replacement."""
    return {match[0]: better for avoided, better in AVOIDED.items() if (match := re.search(avoided, text))}


def test_readme_length() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 180


def test_readme_command_table_is_complete(az: AzParser) -> None:
    rows = re.findall(r"^\| `az ([^`]+)` \|", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted(az.own_commands)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_links_of_top_level_pages_resolve(name: str) -> None:
    links = re.findall(r"\]\((?!https:)([^)#]+)\)", (ROOT / name).read_text("utf-8"))
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def names_of_tests() -> list[str]:
    """Return the name of every test function as FILE::NAME, without the prefix `test_`."""
    nodes = (
        (path, node)
        for path in sorted(TESTS.rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
    )
    return [
        f"{path.relative_to(TESTS)}::{node.name.removeprefix('test_')}"
        for path, node in nodes
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


NAMES = names_of_tests()


def words(name: str) -> list[str]:
    return name.rpartition("::")[2].split("_")


def test_names_of_tests_are_short() -> None:
    assert len(NAMES) > 1200
    assert [name for name in NAMES if len(words(name)) > MAX_WORDS] == []


def test_names_of_tests_use_plain_words() -> None:
    assert [name for name in NAMES if AVOIDED_IN_NAMES & set(words(name))] == []


def test_names_of_tests_are_unique_per_file() -> None:
    """In Python, a second function with the same name silently replaces the first."""
    assert [name for name, count in Counter(NAMES).items() if count > 1] == []
