# SPDX-License-Identifier: MIT
"""Time in a recording and in its replay: the same, and none passes that nobody sleeps through."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

_EPOCH = datetime(2025, 1, 1, tzinfo=timezone.utc)
# az looks at a poller, which runs in a thread of its own, more often than that; nobody else sleeps for less.
_SHORTEST = 1.0


class Clock:
    """One clock for the extension, for az and for the simulator that is recorded. Sleeping moves it at once."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def restart(self) -> None:
        """Every scenario begins at the same time."""
        self._seconds = 0.0

    def now(self) -> float:
        """Seconds since the scenario's beginning, as `azure_simulator.clock.Clock` has it."""
        return self._seconds

    def utc(self, seconds: float) -> datetime:
        """The time of day that belongs to it."""
        return _EPOCH + timedelta(seconds=seconds)

    def monotonic(self) -> float:
        """As in the module `time`, which the clock stands in for."""
        return self._seconds

    def sleep(self, seconds: float) -> None:
        """As in the module `time`."""
        self._seconds += seconds

    def rule(self, patch: pytest.MonkeyPatch) -> None:
        """Has az and the extension go by this clock, the age of a role assignment included."""
        from azext_podidentity.arm import backoff, role_assignments

        sleep = time.sleep

        def sleep_shortly(seconds: float) -> None:
            if seconds >= _SHORTEST:
                self.sleep(seconds)
            sleep(min(seconds, 0.001))

        patch.setattr(backoff, "time", self)
        patch.setattr(role_assignments, "time", SimpleNamespace(time=lambda: self.utc(self.now()).timestamp()))
        patch.setattr(time, "sleep", sleep_shortly)
