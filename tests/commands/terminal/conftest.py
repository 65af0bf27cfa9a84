# SPDX-License-Identifier: MIT

from __future__ import annotations

import pytest

from azure_simulator import Simulator
from azure_simulator.shared_clock import SharedClock
from tests.support.forked_az import ForkedAz


@pytest.fixture(autouse=True)
def waits_take_no_time(simulator: Simulator, az: ForkedAz) -> None:
    """Let az wait on the simulator's clock, for example until a new role has propagated."""
    assert isinstance(simulator.clock, SharedClock)
    az.clock = simulator.clock
