# SPDX-License-Identifier: MIT
"""Show the progress of a command over many clusters: one line at a terminal, else one log line per cluster."""

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
# The maximum number of cluster names in the line, which is also truncated to the width of the terminal.
_NAMES = 3


class ClusterProgress:
    """The progress over `count` clusters. `message` describes the work, for example `Checking clusters`."""

    def __init__(self, message: str, count: int, spinner: SpinnerLine | None, *, shown: bool) -> None:
        self._message = message
        self._count = count
        self._spinner = spinner
        self._shown = shown
        self._done = 0

    def update(self, current: Sequence[str]) -> None:
        """Show the names of the clusters in progress. Call several times a second."""
        if self._spinner:
            names = f" ({some_of(current, _NAMES)})" if current else ""
            self._spinner.report(f"{self._message}: {self._done} of {self._count}{names}")

    def finish(self, name: str, outcome: str) -> None:
        """Count a finished cluster, and log its outcome unless a terminal shows the progress."""
        self._done += 1
        if self._shown and self._spinner is None:
            logger.warning(
                "%s: %d of %d: %s: %s", self._message, self._done, self._count, name, printable(outcome, keep="")
            )


@contextmanager
def cluster_progress(cli_ctx: AzCli, message: str, count: int) -> Iterator[ClusterProgress]:
    """Show progress while the block runs, unless az is configured to show none."""
    shown = shows_progress(cli_ctx)
    spinner = SpinnerLine(cli_ctx, message) if shown and sys.stderr.isatty() else None
    try:
        yield ClusterProgress(message, count, spinner, shown=shown)
    finally:
        if spinner:
            spinner.end()
