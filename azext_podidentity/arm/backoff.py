"""How long to wait between two looks at something that takes its time."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import inf
from typing import Any

from azure.mgmt.core.polling.arm_polling import ARMPolling

SHORTEST = 1.0
LONGEST = 10.0
SHARE = 0.1
# A look at an operation is a small read; a role on its way is found out by a write, which costs the service more.
OPERATION_SHARE = 0.03
_TURN = 0.25
# Seconds after which to write for many new roles at once, which take 20 ± 15 s; later ones each half as long again.
_FEW_TRIES = (20.0, 36.0)
_LATER = 1.5
# Seconds that a command waits for operations, others' and its own, where it is not told otherwise.
WAIT_LIMIT = 1800


def pause(elapsed: float, share: float = SHARE) -> float:
    """Seconds to wait after `elapsed` seconds: that share of them, but at least 1 and at most 10.

    So what took t seconds is seen after at most (1 + share) t, with few requests.
    """
    return min(LONGEST, max(SHORTEST, elapsed * share))


class Backoff:
    """Pauses that grow with the time since the first one."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the pace was begun."""
        return time.monotonic() - self._started

    def wait(self, turn: Callable[[], None] = lambda: None, *, at_most: float = inf) -> None:
        """Sleeps until it is time for another look; calls `turn` all the while, for a spinner."""
        end = time.monotonic() + min(self._pause(), at_most)
        while (left := end - time.monotonic()) > 0:
            turn()
            time.sleep(min(left, _TURN))

    def _pause(self) -> float:
        return pause(self.elapsed)


class FewTries(Backoff):
    """Few pauses, for a write that costs the service much: it is likely to go through after the first of them."""

    def _pause(self) -> float:
        elapsed = self.elapsed
        after = next((moment for moment in _FEW_TRIES if moment > elapsed), elapsed * _LATER)
        return after - elapsed


class Deadline:
    """When to wait no longer: `seconds` from now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, 0 where there are none."""
        return max(0.0, self._end - time.monotonic())

    @property
    def passed(self) -> bool:
        """Whether it is over."""
        return self.left <= 0


class BackoffPolling(ARMPolling):
    """ARM's polling at our pace; a Retry-After of the service wins, as in the base class."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._pace = Backoff()

    @property
    def answer(self) -> Any:
        """What the service answered to the write, before its operation ended: the cluster's SDK model."""
        return self._deserialization_callback(self._initial_response)

    def _extract_delay(self) -> float:
        self._timeout = pause(self._pace.elapsed, OPERATION_SHARE)
        return float(super()._extract_delay())
