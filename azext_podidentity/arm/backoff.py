# SPDX-License-Identifier: MIT
"""Wait between requests: growing pauses, the deadline of a command, and the schedule of writes after a new role."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from math import inf, isfinite
from typing import Any

from azure.mgmt.core.polling.arm_polling import ARMPolling

from azext_podidentity.cli.progress import PATIENCE

SHORTEST = 1.0
LONGEST = 10.0
SHARE = 0.1
# The status of an operation is cheap to read, so it is polled more often.
OPERATION_SHARE = 0.02
# Seconds after a role was granted at which to retry a write that needs it. A role usually propagates in 20 ± 15 s and,
# according to the documentation, in at most 10 minutes. AKS limits writes, so the list is short:
# `benchmarks/role_waits.py` simulates it.
ROLE_WRITES = (10.0, 19.0, 28.0, 36.0, 46.0, 62.0, 92.0, 145.0, 240.0, 400.0, 605.0)
# Random jitter, as a share of the wait, so that clients that wait for the same event do not all retry at once.
_SPREAD = 0.15
# The longest pause between two polls of an operation in seconds, whatever Retry-After says.
_LONGEST_POLL = 300.0
# Many clients may wait to change the same cluster, and Azure accepts one read of it per second, so each polls less
# often: `benchmarks/contention.py` measures 20 of them.
OTHERS_SHARE, OTHERS_LONGEST = 0.15, 30.0
_OTHERS_SPREAD = 0.3
# Seconds between two frames of the spinner. Without a terminal, a stage is logged once it has lasted for a while.
_SPINNER_INTERVAL = 0.25
# The default of --timeout: seconds that a command waits for its own operations and those of other clients.
WAIT_LIMIT = 1800


def pause(elapsed: float, share: float = SHARE, longest: float = LONGEST) -> float:
    """Return the seconds to wait after `elapsed` seconds: a `share` of them, at least 1 and at most `longest`.

    The end of an operation that takes t seconds is seen after at most (1 + share) * t, with few requests.
    """
    return min(longest, max(SHORTEST, elapsed * share))


def now() -> float:
    """Return the time of a monotonic clock in seconds."""
    return time.monotonic()


def spread(seconds: float) -> float:
    """Return the seconds with random jitter of up to 15 % added."""
    return seconds * random.uniform(1, 1 + _SPREAD)


def until_role_write(age: float) -> float | None:
    """Return the seconds to wait before a write that needs a role which was granted `age` seconds ago.

    Return None if the role is old enough to have propagated.
    """
    moment = next((each for each in ROLE_WRITES if each > age), None)
    return None if moment is None else spread(max(SHORTEST, moment - age))


def sleep(seconds: float, update: Callable[[], None] = lambda: None) -> None:
    """Sleep, and call `update` repeatedly for a spinner."""
    end = time.monotonic() + seconds
    interval = _SPINNER_INTERVAL if sys.stderr.isatty() else PATIENCE
    while (left := end - time.monotonic()) > 0:
        update()
        time.sleep(min(left, interval))


class Backoff:
    """Pauses that grow with the time since the object was created."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the object was created."""
        return time.monotonic() - self._started

    def wait(self, update: Callable[[], None] = lambda: None, *, at_most: float = inf) -> None:
        """Sleep for the next pause, at most `at_most` seconds, and call `update` repeatedly for a spinner."""
        sleep(min(self._pause(), at_most), update)

    def _pause(self) -> float:
        return pause(self.elapsed)


class TurnBackoff(Backoff):
    """Longer pauses with random jitter, for a client that competes with others to change a cluster."""

    def _pause(self) -> float:
        around = random.uniform(1 - _OTHERS_SPREAD, 1 + _OTHERS_SPREAD)
        return max(SHORTEST, pause(self.elapsed, OTHERS_SHARE, OTHERS_LONGEST) * around)


class Deadline:
    """The time when a command stops waiting: `seconds` from now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until the deadline, at least 0."""
        return max(0.0, self._end - time.monotonic())

    @property
    def passed(self) -> bool:
        """Return whether the deadline has passed."""
        return self.left <= 0


class BackoffPolling(ARMPolling):
    """ARM polling with growing pauses; a Retry-After header takes precedence, as in the base class."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._backoff = Backoff()

    @property
    def answer(self) -> Any:
        """The response to the write itself, before the operation ended: the cluster's SDK model."""
        return self._deserialization_callback(self._initial_response)

    @property
    def elapsed(self) -> float:
        """Seconds since the write was sent."""
        return self._backoff.elapsed

    def next_pause(self) -> float:
        """Return the seconds to wait before the next poll if the response has no Retry-After."""
        return pause(self.elapsed, OPERATION_SHARE)

    def _extract_delay(self) -> float:
        self._timeout = self.next_pause()
        try:
            delay = float(super()._extract_delay())
        except (TypeError, ValueError):  # a Retry-After that is neither a number nor a date
            return self._timeout
        return min(delay, _LONGEST_POLL) if isfinite(delay) else self._timeout
