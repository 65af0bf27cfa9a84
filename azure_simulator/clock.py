# SPDX-License-Identifier: MIT
"""Durations and clocks."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Protocol


@dataclass(frozen=True)
class Between:
    """A random duration, distributed evenly between two numbers of seconds."""

    least: float
    most: float

    def draw(self, seed: str) -> float:
        """Return the seconds, which are the same for the same seed."""
        return random.Random(seed).uniform(self.least, self.most)


# As in public reports (5 to 35 seconds), and the maximum in Microsoft's documentation (10 minutes).
PROPAGATION_SEEN = Between(5.0, 35.0)
PROPAGATION_DOCUMENTED = Between(5.0, 600.0)


@dataclass(frozen=True)
class Durations:
    """Seconds that each long-running process takes before `Simulator.scale` is applied.

    The defaults are the medians of public recordings. Without a recording they are what public documentation or
    reports call usual. `role_removal` is how long other providers honor a role assignment after its deletion: up to
    10 minutes by Microsoft's page "Troubleshoot Azure RBAC", by default not at all.
    """

    create: float = 237.0
    pod_identity: float = 81.0
    update: float = 100.0
    delete: float = 406.0
    role_propagation: float | Between = PROPAGATION_SEEN
    role_removal: float | Between = 0.0
    feature_registration: float = 120.0
    provider_registration: float = 30.0
    principal_replication: float = 0.0
    run_command: float = 20.0
    identity_binding: float = 20.0
    abort: float = 7.0

    @classmethod
    def demo(cls) -> Durations:
        """Return durations of a few seconds each, for demonstrations."""
        return cls(
            create=6.0,
            pod_identity=4.0,
            update=4.0,
            delete=4.0,
            role_propagation=3.0,
            feature_registration=4.0,
            provider_registration=2.0,
            run_command=2.0,
            identity_binding=2.0,
            abort=2.0,
        )


class Clock(Protocol):
    """A source of seconds that never go back, and of the matching UTC time."""

    def now(self) -> float:
        """Return the seconds since the clock was created."""
        ...

    def utc(self, seconds: float) -> datetime:
        """Return the UTC time at which `now()` is `seconds`."""
        ...


class MonotonicClock:
    """The machine's monotonic clock."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._epoch = datetime.now(timezone.utc)

    def now(self) -> float:
        return time.monotonic() - self._start

    def utc(self, seconds: float) -> datetime:
        return self._epoch + timedelta(seconds=seconds)


class ManualClock:
    """A clock that stands still until a test advances it."""

    def __init__(self, epoch: datetime = datetime(2025, 1, 1, tzinfo=timezone.utc)) -> None:
        self._seconds = 0.0
        self._epoch = epoch

    def advance(self, seconds: float) -> None:
        self._seconds += seconds

    def now(self) -> float:
        return self._seconds

    def utc(self, seconds: float) -> datetime:
        return self._epoch + timedelta(seconds=seconds)


def timestamp(moment: datetime) -> str:
    """Return UTC with seven fractional digits and `Z`, as the service writes times (public recordings)."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
