# SPDX-License-Identifier: MIT
"""The terminal: its width, and its last line."""

from __future__ import annotations

import os
import sys
from shutil import get_terminal_size

NARROWEST, WIDEST, WITHOUT_TERMINAL = 80, 200, 100


def table_width() -> int:
    """Return how many columns a table may have: the width of the terminal within limits, 100 without a terminal."""
    if not sys.stdout.isatty():
        return WITHOUT_TERMINAL
    return min(max(get_terminal_size((WITHOUT_TERMINAL, 24)).columns, NARROWEST), WIDEST)


def line_width() -> int:
    """Return how many columns a line on standard error has, 80 if its terminal does not say."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or NARROWEST
    except (OSError, ValueError):
        return NARROWEST


def clear_line() -> None:
    """Erase the line of a spinner that may be at work in another thread."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
