# SPDX-License-Identifier: MIT

from __future__ import annotations

from collections.abc import Iterator

import pytest

from azure_simulator import NO_LIMITS, Durations, Simulator
from azure_simulator.clock import ManualClock
from tests.support.arm import CLUSTER, GROUP, Arm


@pytest.fixture(scope="session")
def shared_clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="session")
def shared_arm(shared_clock: ManualClock) -> Iterator[Arm]:
    with Simulator(clock=shared_clock, limits=NO_LIMITS) as simulator:
        arm = Arm(simulator, shared_clock)
        yield arm
        arm.close()


@pytest.fixture
def arm(shared_arm: Arm) -> Arm:
    """Return an empty cloud. Its time stands still until a test advances it."""
    shared_arm.simulator.reset()
    shared_arm.simulator.durations = Durations()
    shared_arm.simulator.scale = 1.0
    return shared_arm


@pytest.fixture
def simulator(arm: Arm) -> Simulator:
    return arm.simulator


@pytest.fixture
def clock(arm: Arm) -> ManualClock:
    return arm.clock


@pytest.fixture
def cluster(simulator: Simulator) -> dict[str, object]:
    """Return a cluster with a system-assigned identity, the add-on enabled and no entries."""
    return simulator.seed.cluster(GROUP, CLUSTER)
