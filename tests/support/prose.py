# SPDX-License-Identifier: MIT
"""The sentences of sources: messages and help that users see, and what engineers read."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

# Arguments that contain messages of the service or regular expressions.
_NOT_OURS = frozenset({"sample", "pattern", "codes"})
_FEWEST_WORDS = 4
_CODE = re.compile(r"`[^`]*`|https?://\S+")


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


def notes(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and text of each docstring and comment, without code in backticks and URLs."""
    source = path.read_text("utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and ast.get_docstring(node) is not None:
                yield first.lineno, _CODE.sub("", ast.get_docstring(node) or "")
    for token in tokenize.generate_tokens(StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], _CODE.sub("", token.string)


def names(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and name of each class, function, parameter and variable that the source defines."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
