# SPDX-License-Identifier: MIT
"""The terminal: its width, and its last line."""

from __future__ import annotations

import os
import sys
from shutil import get_terminal_size

NARROWEST, WIDEST, WITHOUT_TERMINAL = 80, 200, 100


def table_width() -> int:
    """Return the maximum width of a table: that of the terminal, within limits, or 100 without a terminal."""
    if not sys.stdout.isatty():
        return WITHOUT_TERMINAL
    return min(max(get_terminal_size((WITHOUT_TERMINAL, 24)).columns, NARROWEST), WIDEST)


def line_width() -> int:
    """Return the width of a line on standard error: that of its terminal, 80 if it is unknown."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or NARROWEST
    except (OSError, ValueError):
        return NARROWEST


def clear_line() -> None:
    """Erase the line of a spinner that may be at work in another thread."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
