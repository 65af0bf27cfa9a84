# SPDX-License-Identifier: MIT
"""Handle 429 responses: wait for Azure's Retry-After before a request is repeated, up to the command's deadline."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from math import ceil, isfinite
from typing import TYPE_CHECKING, Any

from azure.core.pipeline.policies import RetryPolicy
from knack.log import get_logger

from azext_podidentity.arm.backoff import WAIT_LIMIT, Deadline, sleep, spread

if TYPE_CHECKING:
    from azure.cli.core import AzCli

logger = get_logger(__name__)

THROTTLED = 429
# The option of a request that must not be repeated unchanged: a write must directly follow a read.
RAISE_THROTTLED = "raise_throttled"
_DEADLINE = "pod_identity_deadline"
# Seconds to wait without a valid Retry-After: the first time, and at most.
_FIRST, _LONGEST = 5.0, 60.0
# The longest wait in seconds if Azure repeatedly asks for less.
_LONGEST_AGAIN = 16.0
_DAY = 86400.0
# Shorter waits, in seconds, are not logged as warnings.
_PATIENCE = 2.0


def begin_deadline(cli_ctx: AzCli, seconds: float) -> Deadline:
    """Set and return the deadline of the command, which also limits the waits of the SDK's clients."""
    deadline = Deadline(seconds)
    cli_ctx.data[_DEADLINE] = deadline
    return deadline


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of a Retry-After header, which may also be a date. Return None without a valid value."""
    text = headers.get("retry-after") or ""
    try:
        seconds = float(text)
    except ValueError:
        seconds = _until(text, headers.get("date"))
    return max(0.0, seconds) if isfinite(seconds) else None


def run_again_step(seconds: float | None) -> str:
    """Return the advice when to retry a throttled command; `seconds` is the Retry-After, None if unknown."""
    if seconds is None:
        return "Wait a few minutes, and then run your command again."
    moment = datetime.fromtimestamp(time.time() + seconds, timezone.utc)
    after = f"{moment:%H:%M:%S} UTC" if seconds < _DAY else f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    return f"Run your command again after {after} (in {ceil(seconds)} seconds)."


def _until(date: str, now: str | None) -> float:
    try:
        sent = parsedate_to_datetime(now) if now else datetime.now(timezone.utc)
        return (parsedate_to_datetime(date) - sent).total_seconds()
    except (TypeError, ValueError):
        return float("nan")


class ThrottledRetryPolicy(RetryPolicy):  # type: ignore[type-arg]
    """Retry as the SDK does, but after a 429 wait as long as Azure asks, within the deadline of the command.

    The SDK itself gives up after three retries. A request with the option `RAISE_THROTTLED` is not retried.
    """

    def __init__(self, cli_ctx: AzCli, **options: Any) -> None:
        super().__init__(**options)
        self._cli_ctx = cli_ctx
        self._default_deadline = Deadline(WAIT_LIMIT)

    @property
    def _deadline(self) -> Deadline:
        deadline: Deadline = self._cli_ctx.data.get(_DEADLINE, self._default_deadline)
        return deadline

    def send(self, request: Any) -> Any:
        """Send the request until the response is not a 429, or the deadline has passed. Return the last response."""
        options = dict(request.context.options)
        wait = not options.pop(RAISE_THROTTLED, False)
        throttled = 0
        while True:
            request.context.options = dict(options)
            response = super().send(request)
            if response.http_response.status_code != THROTTLED or not wait:
                return response
            seconds = throttling_pause(response.http_response.headers, throttled)
            throttled += 1
            if seconds > self._deadline.left:
                return response
            log = logger.warning if seconds >= _PATIENCE else logger.info
            log("Azure throttles requests. Waiting %.0f seconds before: %s", seconds, _describe(request.http_request))
            sleep(seconds)

    def is_retry(self, settings: dict[str, Any], response: Any) -> bool:
        """Return whether the SDK retries the request: not after a 429, which `send` handles."""
        return response.http_response.status_code != THROTTLED and bool(super().is_retry(settings, response))

    def increment(self, settings: dict[str, Any], response: Any = None, error: Exception | None = None) -> bool:
        """Return whether another retry is allowed: not after the deadline."""
        return bool(super().increment(settings, response, error)) and not self._deadline.passed

    def sleep(self, settings: dict[str, Any], transport: Any, response: Any = None) -> None:
        """Sleep before the SDK retries the request, but not past the deadline."""
        asked = retry_after(response.http_response.headers) if response else None
        seconds = self.get_backoff_time(settings) if asked is None else asked
        sleep(min(seconds, self._deadline.left))


def throttling_pause(headers: Mapping[str, str], throttled: int) -> float:
    """Return the seconds to wait after a 429 response; `throttled` is the number of 429 responses before it.

    The wait is at least Retry-After, doubles each time, and has random jitter, so that many clients that were throttled
    together do not retry together.
    """
    asked = retry_after(headers)
    if asked is None:
        return spread(min(_LONGEST, _FIRST * 2**throttled))
    return spread(max(asked, min(_LONGEST_AGAIN, 2.0**throttled)))


def _describe(request: Any) -> str:
    path = request.url.partition("?")[0]
    return f"{request.method} {'/'.join(path.rsplit('/', 2)[1:])}"
