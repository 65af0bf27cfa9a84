# SPDX-License-Identifier: MIT
"""Show how far a command is that works on many clusters: one line at a terminal, else a line for each cluster."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from knack.log import get_logger

from azext_podidentity.cli.progress import SpinnerLine, shows_progress
from azext_podidentity.profile.text import printable, some_of

if TYPE_CHECKING:
    from azure.cli.core import AzCli

logger = get_logger(__name__)
# Names that the line at a terminal has; it is cut to the terminal's width anyway.
_NAMES = 3


class ClusterProgress:
    """Progress over `count` clusters, which `message` describes, as in `Checking clusters`."""

    def __init__(self, message: str, count: int, spinner: SpinnerLine | None, *, shown: bool) -> None:
        self._message = message
        self._count = count
        self._spinner = spinner
        self._shown = shown
        self._done = 0

    def turn(self, current: Sequence[str]) -> None:
        """Show the clusters that are worked on. Call several times a second."""
        if self._spinner:
            names = f" ({some_of(current, _NAMES)})" if current else ""
            self._spinner.report(f"{self._message}: {self._done} of {self._count}{names}")

    def finish(self, name: str, outcome: str) -> None:
        """Count a cluster, and log how it ended unless a terminal shows the progress."""
        self._done += 1
        if self._shown and self._spinner is None:
            logger.warning(
                "%s: %d of %d: %s: %s", self._message, self._done, self._count, name, printable(outcome, keep="")
            )


@contextmanager
def cluster_progress(cli_ctx: AzCli, message: str, count: int) -> Iterator[ClusterProgress]:
    """Show progress while the block runs; nothing if az shows no progress."""
    shown = shows_progress(cli_ctx)
    spinner = SpinnerLine(cli_ctx, message) if shown and sys.stderr.isatty() else None
    try:
        yield ClusterProgress(message, count, spinner, shown=shown)
    finally:
        if spinner:
            spinner.end()
