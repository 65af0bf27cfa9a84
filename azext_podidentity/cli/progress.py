# SPDX-License-Identifier: MIT
"""Show what a command waits for: a spinner at a terminal, else one log line per stage."""

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

# Seconds after which a stage is logged.
PATIENCE = 5.0
_STAGES = "pod_identity_stages"
# A key in the data of a context that shows no stages, because the progress over many clusters is shown.
QUIET = "pod_identity_quiet"
# The length of the text that the spinner adds to its label: " - " and " ..".
_AROUND_LABEL = 6


class Lines:
    """Log the stages of one command, each once and only after a few seconds.

    An unusual stage is a warning. The others are information, which az shows with --verbose, because some pipelines
    fail if a command writes to standard error.
    """

    def __init__(self, cli_ctx: AzCli, message: str, *, unusual: bool = False) -> None:
        self._message = message
        self._log = logger.warning if unusual else logger.info
        # The time when each stage first started. The wait for a role, for example, starts several times.
        self._stages: dict[str, float] = cli_ctx.data.setdefault(_STAGES, {})

    def report(self, detail: str = "") -> None:
        """Report the stage, with its details if there are any."""
        self._report(self._message, detail or self._message)

    def begin(self) -> None:
        """Do nothing. This method and those below are what az's LongRunningOperation calls on a progress bar."""

    def update_progress_with_msg(self, message: str) -> None:
        """Report the status of the operation as the service names it."""
        text = _describe(self._message, message)
        self._report(text, text)

    def stop(self) -> None:
        """Do nothing when the operation fails or is interrupted; az reports it."""

    def end(self) -> None:
        """Do nothing when the operation ends."""

    def _report(self, stage: str, text: str) -> None:
        now = time.monotonic()
        if now - self._stages.setdefault(stage, now) >= PATIENCE:
            self._stages[stage] = inf  # logged
            self._log(text)


class SpinnerLine:
    """Show the stage and the elapsed time in one line at a terminal, truncated to its width."""

    def __init__(self, cli_ctx: AzCli, message: str) -> None:
        from humanfriendly.terminal.spinners import Spinner

        self._cli_ctx = cli_ctx
        self._message = message
        self._started = time.monotonic()
        self._spinner = Spinner(label=message, stream=sys.stderr, hide_cursor=False)

    def report(self, detail: str = "") -> None:
        """Show the stage, with its details if there are any, unless Ctrl-C has ended the command."""
        if is_reported(self._cli_ctx):
            return
        seconds = int(time.monotonic() - self._started)
        elapsed = f" ({seconds // 60} min {seconds % 60} s)" if seconds >= 60 else f" ({seconds} s)" if seconds else ""
        width = max(line_width() - _AROUND_LABEL - len(elapsed) - 1, 1)
        text = detail or self._message
        label = text if len(text) <= width else f"{text[: width - 1]}\N{HORIZONTAL ELLIPSIS}"
        self._spinner.step(label=f"{label}{elapsed}")

    def begin(self) -> None:
        """Show the first frame."""
        self.report()

    def update_progress_with_msg(self, message: str) -> None:
        """Show the status of the operation as the service names it."""
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

    Call the yielded function several times a second, optionally with a new message. Nothing is shown with
    --only-show-errors or `core.disable_progress_bar`, as in all of az.
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
    """Show the message with the number of finished items; call the yielded function with that number."""
    with progress(cli_ctx, message) as report:
        yield lambda done: report(f"{message}: {done} of {count}")


def progress_bar(cli_ctx: AzCli, message: str, *, unusual: bool = False) -> Lines | SpinnerLine | None:
    """Return the indicator of the message and the stages of an operation, None if nothing is shown."""
    if cli_ctx.data.get(QUIET) or not shows_progress(cli_ctx):
        return None
    return SpinnerLine(cli_ctx, message) if sys.stderr.isatty() else Lines(cli_ctx, message, unusual=unusual)


def shows_progress(cli_ctx: AzCli) -> bool:
    """Return whether az shows progress: not with --only-show-errors or `core.disable_progress_bar`."""
    return not (cli_ctx.only_show_errors or cli_ctx.config.getboolean("core", "disable_progress_bar", False))


def _describe(message: str, status: str) -> str:
    """Return the message with the operation's status as words: `ReconcilingAddons` becomes `reconciling addons`."""
    return f"{message}: {re.sub(r'(?<=[a-z])(?=[A-Z])', ' ', status).lower()}" if status else message
