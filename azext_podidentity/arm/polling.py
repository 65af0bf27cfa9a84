# SPDX-License-Identifier: MIT
"""Follow the operation that a write began, as the host's commands do, but not longer than a deadline."""

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

# Milliseconds between two looks at the poller, which a thread keeps going: often at a terminal, for the spinner.
_LOOK_MS, _SPINNER_LOOK_MS = 250, 100


class StillRunningError(Exception):
    """The deadline passed while the operation is running. `status` is its last one."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class _InterruptedError(Exception):
    """Ctrl-C, which the host would report in a line of its own, without what continues."""


def follow(cli_ctx: AzCli, poller: Any, message: str, deadline: Deadline | None = None) -> Any:
    """Return the SDK's result of the operation; show its stages while it runs.

    Return None if its URL answers 404 and the command is a removal, which az takes for success. Raise what the SDK
    raises if it fails, StillRunningError once the deadline has passed.
    """
    try:
        return _Following(cli_ctx, poller, message, deadline or Deadline(WAIT_LIMIT))(poller)
    except _InterruptedError:
        raise KeyboardInterrupt from None


def reports_failure(error: AzureError) -> bool:
    """Return whether the service reports that the operation failed, and not that its status cannot be read."""
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
        """Pause between two looks at the poller, which a thread of its own keeps going."""
        if self._deadline.passed:
            if self.progress_bar:
                self.progress_bar.stop()
            raise StillRunningError(self._poller.status())
        try:
            super()._delay()
        except KeyboardInterrupt:
            raise _InterruptedError from None
