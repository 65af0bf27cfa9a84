# SPDX-License-Identifier: MIT
"""Names of tests: the subject, then the case, in a few words."""

from __future__ import annotations

import ast
from collections import Counter

from development.paths import ROOT

TESTS = ROOT / "tests"
FOLDERS = ("unit", "simulator", "playback")
MAX_WORDS = 8
AVOIDED = {
    *("a", "an", "the", "that", "what", "whatever", "which", "whichever", "where", "there", "who", "whose"),
    *("nobody", "somebody", "anybody", "it", "its", "they", "them", "tell", "tells", "told", "mend", "mends"),
    *("anew", "afresh", "goes"),
}


def all_names() -> list[str]:
    """Return the name of every test function as FILE::NAME, without the prefix `test_`."""
    paths = [path for folder in FOLDERS for path in sorted((TESTS / folder).rglob("test_*.py"))]
    nodes = ((path, node) for path in paths for node in ast.walk(ast.parse(path.read_text("utf-8"))))
    return [
        f"{path.relative_to(TESTS)}::{node.name.removeprefix('test_')}"
        for path, node in nodes
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


NAMES = all_names()


def words(name: str) -> list[str]:
    return name.rpartition("::")[2].split("_")


def test_words_are_few() -> None:
    assert len(NAMES) > 700
    assert [name for name in NAMES if len(words(name)) > MAX_WORDS] == []


def test_words_are_plain() -> None:
    assert [name for name in NAMES if AVOIDED & set(words(name))] == []


def test_names_are_unique_per_file() -> None:
    """In Python, a second function with the same name silently replaces the first."""
    assert [name for name, count in Counter(NAMES).items() if count > 1] == []
