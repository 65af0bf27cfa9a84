# SPDX-License-Identifier: MIT
"""Show what a command waits for: a spinner at a terminal, else a line in the log per stage."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING

from knack.log import get_logger

from azext_podidentity.cli.interruption import is_reported
from azext_podidentity.cli.terminal import line_width

if TYPE_CHECKING:
    from azure.cli.core import AzCli

logger = get_logger(__name__)

# Seconds that a stage lasts before a line is logged.
PATIENCE = 5.0
_STAGES = "pod_identity_stages"
# Set in the data of a context whose stages are not shown, since those of many clusters are.
QUIET = "pod_identity_quiet"
# What a spinner writes around its label: " - " and " ..".
_AROUND_LABEL = 6


class Lines:
    """The stages of one command in az's log: each once, and only after a few seconds.

    An unusual stage is a warning. The others are information, which az shows with --verbose: some pipelines fail if a
    command writes to standard error.
    """

    def __init__(self, cli_ctx: AzCli, message: str, *, unusual: bool = False) -> None:
        self._message = message
        self._log = logger.warning if unusual else logger.info
        # When each was first seen. The wait for a role, for example, starts again and again.
        self._stages: dict[str, float] = cli_ctx.data.setdefault(_STAGES, {})

    def report(self, detail: str = "") -> None:
        """Report the stage, with its details if there are any."""
        self._report(self._message, detail or self._message)

    def begin(self) -> None:
        """Do nothing. This method and those below are what az's LongRunningOperation calls on a progress bar."""

    def update_progress_with_msg(self, message: str) -> None:
        """Report the status of the operation, in the service's word."""
        text = _describe(self._message, message)
        self._report(text, text)

    def stop(self) -> None:
        """Do nothing when the operation fails or is interrupted, which az reports."""

    def end(self) -> None:
        """Do nothing when the operation ends."""

    def _report(self, stage: str, text: str) -> None:
        now = time.monotonic()
        if now - self._stages.setdefault(stage, now) >= PATIENCE:
            self._stages[stage] = inf  # logged
            self._log(text)


class SpinnerLine:
    """One line at a terminal with the stage and the time that has passed, never longer than the terminal is wide."""

    def __init__(self, cli_ctx: AzCli, message: str) -> None:
        from humanfriendly.terminal.spinners import Spinner

        self._cli_ctx = cli_ctx
        self._message = message
        self._begun = time.monotonic()
        self._spinner = Spinner(label=message, stream=sys.stderr, hide_cursor=False)

    def report(self, detail: str = "") -> None:
        """Show the stage, with its details if there are any, unless Ctrl-C has ended the command."""
        if is_reported(self._cli_ctx):
            return
        seconds = int(time.monotonic() - self._begun)
        elapsed = f" ({seconds // 60} min {seconds % 60} s)" if seconds >= 60 else f" ({seconds} s)" if seconds else ""
        room = max(line_width() - _AROUND_LABEL - len(elapsed) - 1, 1)
        text = detail or self._message
        label = text if len(text) <= room else f"{text[: room - 1]}\N{HORIZONTAL ELLIPSIS}"
        self._spinner.step(label=f"{label}{elapsed}")

    def begin(self) -> None:
        """Show the first frame."""
        self.report()

    def update_progress_with_msg(self, message: str) -> None:
        """Show the status of the operation, in the service's word."""
        self.report(_describe(self._message, message))

    def stop(self) -> None:
        """Clear the line."""
        self.end()

    def end(self) -> None:
        """Clear the line."""
        self._spinner.clear()


@contextmanager
def progress(cli_ctx: AzCli, message: str, *, unusual: bool = False) -> Iterator[Callable[..., None]]:
    """Show the message on standard error while the block runs; `unusual`: also without a terminal.

    Call the yielded function several times a second, with another message if there is one. Nothing is shown with
    --only-show-errors or `core.disable_progress_bar`, as everywhere in az.
    """
    indicator = progress_bar(cli_ctx, message, unusual=unusual)
    if indicator is None:
        yield lambda *_: None
        return
    indicator.report()
    try:
        yield indicator.report
    finally:
        indicator.end()


@contextmanager
def counted(cli_ctx: AzCli, message: str, count: int) -> Iterator[Callable[[int], None]]:
    """Show the message and how many of `count` things are done; call the yielded function with that number."""
    with progress(cli_ctx, message) as report:
        yield lambda done: report(f"{message}: {done} of {count}")


def progress_bar(cli_ctx: AzCli, message: str, *, unusual: bool = False) -> Lines | SpinnerLine | None:
    """Return what shows the message and the stages of an operation, None if nothing is to be shown."""
    if cli_ctx.data.get(QUIET) or not shows_progress(cli_ctx):
        return None
    return SpinnerLine(cli_ctx, message) if sys.stderr.isatty() else Lines(cli_ctx, message, unusual=unusual)


def shows_progress(cli_ctx: AzCli) -> bool:
    """Return whether progress is wanted: not with --only-show-errors or `core.disable_progress_bar`."""
    return not (cli_ctx.only_show_errors or cli_ctx.config.getboolean("core", "disable_progress_bar", False))


def _describe(message: str, status: str) -> str:
    """Return the message with the status of an operation in words: `ReconcilingAddons` is `reconciling addons`."""
    return f"{message}: {re.sub(r'(?<=[a-z])(?=[A-Z])', ' ', status).lower()}" if status else message
