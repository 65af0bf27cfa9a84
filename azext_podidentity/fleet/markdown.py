# SPDX-License-Identifier: MIT
"""Format tables and text for Markdown reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from azext_podidentity.profile.text import one_line, printable


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table whose cells are escaped with `cell`."""
    lines = [header, ["---"] * len(header), *([cell(str(each)) for each in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def cell(text: str) -> str:
    """Return the text on one line, with the special characters of Markdown and HTML escaped."""
    escaped = "".join(f"\\{each}" if each in "\\|`*_[]~" else each for each in printable(one_line(text)))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code_block(text: str, language: str = "") -> str:
    """Return a fenced code block, with more backticks in the fence than the text has in a row."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{printable(text)}\n{fence}\n"
