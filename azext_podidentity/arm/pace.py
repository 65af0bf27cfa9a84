"""How long to wait between two looks at something that takes its time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from azure.mgmt.core.polling.arm_polling import ARMPolling

SHORTEST = 1.0
LONGEST = 10.0
SHARE = 0.1
# A look at an operation is a small read; a role on its way is found out by a write, which costs the service more.
OPERATION_SHARE = 0.03
_TURN = 0.25


def pause(elapsed: float, share: float = SHARE) -> float:
    """Seconds to wait after `elapsed` seconds: that share of them, but at least 1 and at most 10.

    So what took t seconds is seen after at most (1 + share) t, with few requests.
    """
    return min(LONGEST, max(SHORTEST, elapsed * share))


class Pace:
    """Pauses that grow with the time since the first one."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the pace was begun."""
        return time.monotonic() - self._started

    def wait(self, turn: Callable[[], None] = lambda: None) -> None:
        """Sleeps until it is time for another look; calls `turn` all the while, for a spinner."""
        end = time.monotonic() + pause(self.elapsed)
        while (left := end - time.monotonic()) > 0:
            turn()
            time.sleep(min(left, _TURN))


class PacedPolling(ARMPolling):  # type: ignore[type-arg]
    """ARM's polling at our pace; a Retry-After of the service wins, as in the base class."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._pace = Pace()

    def _extract_delay(self) -> float:
        self._timeout = pause(self._pace.elapsed, OPERATION_SHARE)
        return float(super()._extract_delay())
