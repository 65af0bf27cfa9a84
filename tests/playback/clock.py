# SPDX-License-Identifier: MIT
"""The clock of recordings and replays, which only sleeping advances."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

_EPOCH = datetime(2025, 1, 1, tzinfo=timezone.utc)
# az polls a separate thread more often than that; nothing else sleeps for less.
_SHORTEST = 1.0


class Clock:
    """A clock for the extension, az and the recorded simulator. Sleeping advances it immediately."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def restart(self) -> None:
        """Set the clock to the start of a scenario, which is always the same time."""
        self._seconds = 0.0

    def now(self) -> float:
        """Return the seconds since the scenario started, as `azure_simulator.clock.Clock` does."""
        return self._seconds

    def utc(self, seconds: float) -> datetime:
        """Return the date and time."""
        return _EPOCH + timedelta(seconds=seconds)

    def monotonic(self) -> float:
        """Replace `time.monotonic`."""
        return self._seconds

    def sleep(self, seconds: float) -> None:
        """Replace `time.sleep`."""
        self._seconds += seconds

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Make az and the extension use this clock, also for the age of role assignments."""
        from azext_podidentity.arm import backoff, role_assignments

        sleep = time.sleep

        def sleep_shortly(seconds: float) -> None:
            if seconds >= _SHORTEST:
                self.sleep(seconds)
            sleep(min(seconds, 0.001))

        patch.setattr(backoff, "time", self)
        patch.setattr(role_assignments, "time", SimpleNamespace(time=lambda: self.utc(self.now()).timestamp()))
        patch.setattr(time, "sleep", sleep_shortly)
