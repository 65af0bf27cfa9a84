# SPDX-License-Identifier: MIT
"""Format text for messages, tables and commands."""

from __future__ import annotations

from collections.abc import Iterable


def some_of(items: Iterable[object], limit: int, separator: str = ", ") -> str:
    """Return the first `limit` items as one text, with the number of the remaining ones."""
    shown = [str(item) for item in items]
    rest = len(shown) - limit
    return separator.join(shown if rest <= 0 else [*shown[:limit], f"and {rest} more"])


def count_of(count: int, one: str, many: str = "") -> str:
    """Return the count with its noun."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def printable(text: str, keep: str = "\n") -> str:
    r"""Return the text with control and invisible characters escaped, as in `\x1b` or `\u202e`.

    These are control, format (including bidirectional), separator and unassigned characters, except a space and those
    in `keep`. Use this for all text from the service, from files and from file names.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in keep else ascii(char)[1:-1] for char in text)


def one_line(text: object) -> str:
    """Return the text with each run of white space as one space, for example a message of several lines."""
    return " ".join(str(text).split())


def state_name(value: str | None) -> str | None:
    """Return a state in the usual spelling of the service, `Succeeded` for `succeeded`; None for None."""
    return value.capitalize() if value and (value.islower() or value.isupper()) else value or None
