# SPDX-License-Identifier: MIT
"""The sentences in the extension's sources that users see."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

# Arguments that contain messages of the service or regular expressions.
_NOT_OURS = frozenset({"sample", "pattern", "codes"})
_FEWEST_WORDS = 4


def sentences(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and text of each string literal with several words, except docstrings. `{}` stands for a value."""
    tree = ast.parse(path.read_text("utf-8"))
    excluded = {id(node) for each in ast.walk(tree) for node in _excluded(each)}
    for node in ast.walk(tree):
        text = _text(node)
        if id(node) not in excluded and len(text.split()) >= _FEWEST_WORDS and not text.startswith(("(?", ".*")):
            yield node.lineno, text  # type: ignore[attr-defined]


def _excluded(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node.value  # a docstring
    if isinstance(node, ast.keyword) and node.arg in _NOT_OURS:
        yield from ast.walk(node.value)
    if isinstance(node, ast.JoinedStr):
        yield from node.values


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(each.value) if isinstance(each, ast.Constant) else "{}" for each in node.values)
    return ""
