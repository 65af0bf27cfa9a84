# SPDX-License-Identifier: MIT
"""The texts of errors, findings and advice in the extension's sources."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from azure.cli.core import azclierror

_ERRORS = {
    name
    for name, each in vars(azclierror).items()
    if isinstance(each, type) and issubclass(each, azclierror.AzCLIError)
}
# The position of the text among the arguments of a call, or its keyword.
_TEXTS: dict[str, tuple[int, str]] = {
    **dict.fromkeys(_ERRORS, (0, "error_msg")),
    "Advice": (0, "reason"),
    "KnownError": (2, "cause"),
    "Finding": (2, "message"),
    "Step": (2, "detail"),
}
_VALUE = "{}"


def error_texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and each possible text of every error in the module; `{}` stands for a value."""
    tree = ast.parse(path.read_text("utf-8"))
    in_functions = set()
    for function in (each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)):
        in_functions |= {id(node) for node in ast.walk(function)}
        yield from _texts(ast.walk(function), _assignments(function))
    yield from _texts((node for node in ast.walk(tree) if id(node) not in in_functions), {})


def _texts(nodes: Iterable[ast.AST], assigned: dict[str, list[ast.expr]]) -> Iterator[tuple[int, str]]:
    for argument in filter(None, map(_text_argument, nodes)):
        values = assigned.get(argument.id, []) if isinstance(argument, ast.Name) else [argument]
        yield from ((value.lineno, text) for value in values for text in _possible(value))


def _text_argument(node: ast.AST) -> ast.expr | None:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in _TEXTS:
        return None
    position, keyword = _TEXTS[node.func.id]
    named = (each.value for each in node.keywords if each.arg == keyword)
    return next(named, node.args[position] if len(node.args) > position else None)


def _assignments(function: ast.FunctionDef) -> dict[str, list[ast.expr]]:
    """Return what the function assigns to each name."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
    return found


def _possible(node: ast.expr) -> Iterator[str]:
    """Yield the texts that an expression can have; nothing for one without a literal."""
    if isinstance(node, ast.IfExp):
        yield from _possible(node.body)
        yield from _possible(node.orelse)
    elif isinstance(node, ast.BinOp):
        yield from _possible(node.right)
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(each.value) if isinstance(each, ast.Constant) else _VALUE for each in node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
