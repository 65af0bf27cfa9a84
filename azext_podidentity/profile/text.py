# SPDX-License-Identifier: MIT
"""Text of messages, tables and commands."""

from __future__ import annotations

from collections.abc import Iterable


def some_of(items: Iterable[object], limit: int, separator: str = ", ") -> str:
    """Return the items in one text: the first `limit` of them, and how many more there are."""
    shown = [str(item) for item in items]
    rest = len(shown) - limit
    return separator.join(shown if rest <= 0 else [*shown[:limit], f"and {rest} more"])


def count_of(count: int, one: str, many: str = "") -> str:
    """Return the count with its noun."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def printable(text: str, keep: str = "\n") -> str:
    r"""Return the text with every character escaped that a terminal obeys or hides, as in `\x1b` or `\u202e`.

    These are control, format (bidirectional ones too), separator and unassigned characters; a space stays. `keep`:
    characters that stay nevertheless. Text of the service, of files and of their names goes through here.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in keep else ascii(char)[1:-1] for char in text)


def state_name(value: str | None) -> str | None:
    """Return a state as the service usually spells it, `Succeeded` for `succeeded`; None if it gave none."""
    return value.capitalize() if value and (value.islower() or value.isupper()) else value or None
