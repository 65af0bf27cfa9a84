# SPDX-License-Identifier: MIT
"""Follow a long-running operation as azure-cli's own commands do, but no longer than a deadline."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from azure.cli.core.commands import LongRunningOperation
from azure.core.exceptions import AzureError
from azure.core.polling.base_polling import OperationFailed

from azext_podidentity.arm.backoff import WAIT_LIMIT, Deadline
from azext_podidentity.cli.progress import progress_bar

if TYPE_CHECKING:
    from azure.cli.core import AzCli

# Milliseconds between two checks of the poller, which runs in its own thread: short at a terminal, for the spinner.
_LOOK_MS, _SPINNER_LOOK_MS = 250, 100


class StillRunningError(Exception):
    """Raised if the deadline passed while the operation was running. `status` is its last known status."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class _InterruptedError(Exception):
    """Replaces KeyboardInterrupt, because azure-cli's own message does not say that the operation continues."""


def follow(cli_ctx: AzCli, poller: Any, message: str, deadline: Deadline | None = None) -> Any:
    """Return the SDK's result of the operation, and show its stages while it runs.

    Return None if the operation's URL returns 404 in a delete command, which az treats as success. Raise the SDK's
    error if the operation fails, and StillRunningError once the deadline has passed.
    """
    try:
        return _Following(cli_ctx, poller, message, deadline or Deadline(WAIT_LIMIT))(poller)
    except _InterruptedError:
        raise KeyboardInterrupt from None


def reports_failure(error: AzureError) -> bool:
    """Return whether the error is the operation's own failure, not a failure to read its status."""
    return isinstance(error.inner_exception, OperationFailed)


class _Following(LongRunningOperation):  # type: ignore[misc]  # pylint: disable=too-few-public-methods
    def __init__(self, cli_ctx: AzCli, poller: Any, message: str, deadline: Deadline) -> None:
        super().__init__(
            cli_ctx,
            poller_done_interval_ms=_SPINNER_LOOK_MS if sys.stderr.isatty() else _LOOK_MS,
            progress_bar=progress_bar(cli_ctx, message),
        )
        self._poller = poller
        self._deadline = deadline

    def _delay(self) -> None:
        """Sleep until the next check of the poller."""
        if self._deadline.passed:
            if self.progress_bar:
                self.progress_bar.stop()
            raise StillRunningError(self._poller.status())
        try:
            super()._delay()
        except KeyboardInterrupt:
            raise _InterruptedError from None
