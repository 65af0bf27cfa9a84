# SPDX-License-Identifier: MIT
"""Print the messages of the programs in this folder: plain lines, in color only at a terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

BOLD, DIM, RED, GREEN, CYAN = "1", "2", "31", "32", "36"
INTERRUPTED = 130


class SetupError(Exception):
    """Raised if the user has to fix something first. The message says what and how."""


def coloured(stream: TextIO) -> bool:
    """Return whether the stream shows colours (NO_COLOR: see no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str, stream: TextIO | None = None) -> str:
    """Return the text in a colour if the stream (standard output by default) shows colours."""
    return f"\033[{colour}m{text}\033[0m" if coloured(stream or sys.stdout) else text


def note(text: str) -> None:
    """Print a line about the work itself to standard error: standard output is for its results."""
    print(text, file=sys.stderr, flush=True)


def fail(text: str) -> None:
    """Print what went wrong to standard error."""
    note(paint(text, RED, sys.stderr))


@contextmanager
def timed(title: str) -> Iterator[None]:
    """Print, if the block succeeds, the title and the seconds that it took."""
    started = time.monotonic()
    yield
    note(f"  {title:<40} {time.monotonic() - started:5.1f} s")
