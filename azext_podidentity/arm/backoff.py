# SPDX-License-Identifier: MIT
"""How long to wait between two looks at something that takes its time."""

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
# A look at an operation is a small read.
OPERATION_SHARE = 0.03
# Seconds after a role was granted at which a write may find that it has propagated. Usually that takes 20 ± 15 s, and
# by the documentation at most 10 minutes. A write is dear, so they are few: `benchmarks/role_waits.py` simulates them.
ROLE_WRITES = (10.0, 19.0, 28.0, 36.0, 46.0, 62.0, 92.0, 145.0, 240.0, 400.0, 605.0)
# Clients that wait for the same moment do not all come at it: each waits up to so much longer.
_SPREAD = 0.15
# Seconds between two looks at an operation at most, whatever the service asks for.
_LONGEST_POLL = 300.0
# Many clients may wait for their turn to change a cluster, and Azure accepts one read of it a second, so each looks
# less often: `benchmarks/contention.py` measures 20 of them.
OTHERS_SHARE, OTHERS_LONGEST = 0.15, 30.0
_OTHERS_SPREAD = 0.3
# Seconds between two turns of a spinner. Without a terminal, a stage is logged once it has lasted for a while.
_SPINNER_TURN = 0.25
# Seconds that a command waits for operations, others' and its own, unless --timeout says otherwise.
WAIT_LIMIT = 1800


def pause(elapsed: float, share: float = SHARE, longest: float = LONGEST) -> float:
    """Return how many seconds to wait after `elapsed` seconds: that share of them, at least 1 and at most `longest`.

    So what took t seconds is seen after at most (1 + share) t, with few requests.
    """
    return min(longest, max(SHORTEST, elapsed * share))


def now() -> float:
    """Return the moment, in seconds of a clock that only ever grows."""
    return time.monotonic()


def spread(seconds: float) -> float:
    """Return the seconds, or up to 15 % more."""
    return seconds * random.uniform(1, 1 + _SPREAD)


def until_role_write(age: float) -> float | None:
    """Return how many seconds to wait before a write that needs a role of that age in seconds.

    Return None if the role is so old that it has propagated.
    """
    moment = next((each for each in ROLE_WRITES if each > age), None)
    return None if moment is None else spread(max(SHORTEST, moment - age))


def sleep(seconds: float, turn: Callable[[], None] = lambda: None) -> None:
    """Sleep; call `turn` all the while, for a spinner."""
    end = time.monotonic() + seconds
    interval = _SPINNER_TURN if sys.stderr.isatty() else PATIENCE
    while (left := end - time.monotonic()) > 0:
        turn()
        time.sleep(min(left, interval))


class Backoff:
    """Pauses that grow with the time since the first one."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the first pause could begin."""
        return time.monotonic() - self._started

    def wait(self, turn: Callable[[], None] = lambda: None, *, at_most: float = inf) -> None:
        """Sleep until it is time for another look; call `turn` all the while, for a spinner."""
        sleep(min(self._pause(), at_most), turn)

    def _pause(self) -> float:
        return pause(self.elapsed)


class TurnBackoff(Backoff):
    """Pauses of a client that waits for its turn among others: longer, and none like another's."""

    def _pause(self) -> float:
        around = random.uniform(1 - _OTHERS_SPREAD, 1 + _OTHERS_SPREAD)
        return max(SHORTEST, pause(self.elapsed, OTHERS_SHARE, OTHERS_LONGEST) * around)


class Deadline:
    """The end of all waiting: `seconds` from now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, at least 0."""
        return max(0.0, self._end - time.monotonic())

    @property
    def passed(self) -> bool:
        """Return whether no time is left."""
        return self.left <= 0


class BackoffPolling(ARMPolling):
    """Poll as ARM does, with pauses that grow; a Retry-After of the service wins, as in the base class."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._backoff = Backoff()

    @property
    def answer(self) -> Any:
        """The first answer to the write, before its operation ended: the cluster's SDK model."""
        return self._deserialization_callback(self._initial_response)

    @property
    def elapsed(self) -> float:
        """Seconds since the write was sent."""
        return self._backoff.elapsed

    def next_pause(self) -> float:
        """Return the seconds to wait before the next poll, unless the service says how long."""
        return pause(self.elapsed, OPERATION_SHARE)

    def _extract_delay(self) -> float:
        self._timeout = self.next_pause()
        try:
            delay = float(super()._extract_delay())
        except (TypeError, ValueError):  # a Retry-After that is neither a number nor a date
            return self._timeout
        return min(delay, _LONGEST_POLL) if isfinite(delay) else self._timeout
