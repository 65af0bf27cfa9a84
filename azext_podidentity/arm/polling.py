"""Follows the operation that a write began, as the host's commands do, but not for ever."""

from __future__ import annotations

from typing import Any

from azure.cli.core.commands import LongRunningOperation

from azext_podidentity.arm.backoff import WAIT_LIMIT, Deadline
from azext_podidentity.cli.progress import progress_bar

_LOOK_MS = 100


class StillRunningError(Exception):
    """The deadline passed, and the operation runs on. `status` is what the service called it last."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


def follow(cli_ctx: Any, poller: Any, message: str, deadline: Deadline | None = None) -> Any:
    """The SDK's result of the operation, shown with its stages while it runs.

    Raises what the SDK raises where it fails, StillRunningError once the deadline has passed.
    """
    return _Following(cli_ctx, poller, message, deadline or Deadline(WAIT_LIMIT))(poller)


class _Following(LongRunningOperation):  # type: ignore[misc]  # pylint: disable=too-few-public-methods
    def __init__(self, cli_ctx: Any, poller: Any, message: str, deadline: Deadline) -> None:
        super().__init__(cli_ctx, poller_done_interval_ms=_LOOK_MS, progress_bar=progress_bar(cli_ctx, message))
        self._poller = poller
        self._deadline = deadline

    def _delay(self) -> None:
        """The host's pause between two looks at the poller, which a thread of its own keeps going."""
        if self._deadline.passed:
            if self.progress_bar:
                self.progress_bar.stop()
            raise StillRunningError(self._poller.status())
        super()._delay()
