"""Text of messages."""

from __future__ import annotations

from collections.abc import Iterable


def some_of(items: Iterable[object], limit: int, separator: str = ", ") -> str:
    """Return the items in one text: the first `limit` of them, and how many more there are."""
    shown = [str(item) for item in items]
    rest = len(shown) - limit
    return separator.join(shown if rest <= 0 else [*shown[:limit], f"and {rest} more"])
