# SPDX-License-Identifier: MIT

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from azure_simulator import Simulator
from development.paths import NEWEST, OLDEST, Host
from tests.support.azure_cli import AzureCli
from tests.support.forked_az import ForkedAz


@pytest.fixture(scope="session")
def _oldest(logged_in: Callable[[Host], AzureCli]) -> Iterator[ForkedAz]:
    with ForkedAz(OLDEST, logged_in(OLDEST).environment) as cli:
        yield cli


@pytest.fixture(params=[NEWEST.name, OLDEST.name])
def every_az(request: pytest.FixtureRequest, simulator: Simulator) -> ForkedAz:
    """The newest az, and the oldest one."""
    cli: ForkedAz = request.getfixturevalue("forked_az" if request.param == NEWEST.name else "_oldest")
    simulator.requests.clear()
    return cli
