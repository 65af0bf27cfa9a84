# SPDX-License-Identifier: MIT

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from azure_simulator import AZURE_LIMITS, NO_LIMITS, Durations, Simulator
from azure_simulator.azure_cli import connect, environment
from azure_simulator.settings import SCALE_SET_LIMIT
from azure_simulator.shared_clock import SharedClock
from development.paths import HOSTS, NEWEST, Host
from tests.support import aks_preview_stand_in
from tests.support.azure_cli import CLUSTER, GROUP, AzureCli
from tests.support.forked_az import ForkedAz
from tests.support.workload_manifests import workload, write

# Operations are over before the first look at them; a test about waiting asks for more.
AT_ONCE = 1e-6


@pytest.fixture(scope="session")
def shared_simulator() -> Iterator[Simulator]:
    with SharedClock() as clock, Simulator(scale=AT_ONCE, clock=clock, limits=NO_LIMITS) as simulator:
        yield simulator


@pytest.fixture
def simulator(shared_simulator: Simulator) -> Simulator:
    """An Azure with an empty resource group, where everything happens at once."""
    assert isinstance(shared_simulator.clock, SharedClock)
    shared_simulator.clock.reset()
    shared_simulator.reset()
    shared_simulator.durations = Durations()
    shared_simulator.scale = AT_ONCE
    shared_simulator.settings.assign_limit = None
    shared_simulator.seed.resource_group(GROUP)
    return shared_simulator


@pytest.fixture
def cluster(simulator: Simulator) -> dict[str, Any]:
    """An Azure CNI cluster with a system-assigned identity and the add-on enabled, without entries."""
    return simulator.seed.cluster(GROUP, CLUSTER)


@pytest.fixture
def identity(simulator: Simulator) -> dict[str, Any]:
    """A managed identity over which nobody has a role."""
    return simulator.seed.managed_identity(GROUP, "app-identity")


@pytest.fixture(scope="session")
def logged_in(shared_simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Host], AzureCli]:
    """An `az` of the host that is logged in; the login is made once."""
    made: dict[str, AzureCli] = {}

    def get(host: Host) -> AzureCli:
        if host.name not in made:
            home: Path = tmp_path_factory.mktemp(host.name)
            environ = environment(shared_simulator, home / "azure", host.extension_directory)
            environ["HOME"] = str(home)
            connect(host.az, shared_simulator, environ)
            made[host.name] = AzureCli(host.az, environ)
        return made[host.name]

    return get


@pytest.fixture(scope="session")
def fork_of(logged_in: Callable[[Host], AzureCli]) -> Iterator[Callable[[Host], ForkedAz]]:
    """An `az` of the host that is forked from one that has imported its modules."""
    made: dict[str, ForkedAz] = {}
    with ExitStack() as stack:

        def get(host: Host) -> ForkedAz:
            if host.name not in made:
                made[host.name] = stack.enter_context(ForkedAz(host, logged_in(host).environment))
            return made[host.name]

        yield get


@pytest.fixture(scope="session")
def forked_az(fork_of: Callable[[Host], ForkedAz]) -> ForkedAz:
    return fork_of(NEWEST)


@pytest.fixture
def az(simulator: Simulator, forked_az: ForkedAz) -> ForkedAz:
    """The newest az, forked from one that has imported its modules; the request log is empty.

    What it waits takes no time: it is on the simulator's clock.
    """
    assert isinstance(simulator.clock, SharedClock)
    forked_az.speed, forked_az.clock = 1, simulator.clock
    simulator.requests.clear()
    return forked_az


@pytest.fixture(scope="session", params=["aks-preview first", "aks-preview last"])
def _both_extensions(
    request: pytest.FixtureRequest, logged_in: Callable[[Host], AzureCli], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ForkedAz]:
    folder = tmp_path_factory.mktemp("both")
    environment = aks_preview_stand_in.copy_of(logged_in(NEWEST), NEWEST.extension_directory, folder)
    if request.param == "aks-preview first":
        aks_preview_stand_in.install_as_wheel(folder / "extensions")
    else:
        aks_preview_stand_in.install_for_development(folder / "sources")
        environment["AZURE_EXTENSION_DEV_SOURCES"] = str(folder / "sources")
    with ForkedAz(NEWEST, environment) as cli:
        yield cli


@pytest.fixture
def beside_aks_preview(simulator: Simulator, _both_extensions: ForkedAz) -> ForkedAz:
    """An az with both extensions, in one and in the other order; the request log is empty."""
    assert isinstance(simulator.clock, SharedClock)
    _both_extensions.clock = simulator.clock
    simulator.requests.clear()
    return _both_extensions


@pytest.fixture
def simulated_time(simulator: Simulator, az: ForkedAz) -> SharedClock:
    """Durations and limits of the real service, on a clock that `az` shares: what they wait takes no time."""
    assert isinstance(simulator.clock, SharedClock)
    simulator.scale, simulator.limits, az.clock = 1.0, AZURE_LIMITS, simulator.clock
    simulator.settings.assign_limit = SCALE_SET_LIMIT
    return simulator.clock


@pytest.fixture
def started_az(simulator: Simulator, logged_in: Callable[[Host], AzureCli]) -> AzureCli:
    """The newest az as a shell starts it; the request log is empty."""
    cli = logged_in(NEWEST)
    simulator.requests.clear()
    return cli


@pytest.fixture(params=HOSTS, ids=lambda host: host.name)
def each_az(request: pytest.FixtureRequest, simulator: Simulator, fork_of: Callable[[Host], ForkedAz]) -> ForkedAz:
    """The newest az and the oldest one supported, one after the other."""
    cli = fork_of(request.param)
    assert isinstance(simulator.clock, SharedClock)
    cli.speed, cli.clock = 1, simulator.clock
    simulator.requests.clear()
    return cli


@pytest.fixture
def manifests(tmp_path: Path) -> Path:
    """A web application of identity `app` with a service account, and a job of identity `batch` without one."""
    return write(
        tmp_path / "manifests.yaml", workload("web", "app", account="web"), workload("job", "batch", "CronJob")
    )
