# SPDX-License-Identifier: MIT

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
import pytest_socket

from azure_simulator import Simulator
from azure_simulator.azure_cli import connect, environment
from development.paths import NEWEST
from tests.playback.clock import Clock
from tests.playback.mode import Mode, mode
from tests.playback.scenario import Az, Names, Scenario
from tests.playback.scrub import Scrubber
from tests.support.permissions import undocumented

if TYPE_CHECKING:
    from tests.playback.in_process import InProcessAz
    from tests.support.azure_cli import Result

# Minutes of the service become seconds, so recordings contain running operations and role propagation but few polls.
_SCALE = 0.01
_SIMULATOR = pytest.StashKey[Simulator]()
_CLOCK = pytest.StashKey[Clock]()


def pytest_configure(config: pytest.Config) -> None:
    """Give azure-cli temporary folders, because it reads them when it is imported.

    To record, az is signed in to a simulator there. A live run uses your own folders.
    """
    if mode() is Mode.LIVE:
        return
    clock = config.stash[_CLOCK] = Clock()
    stack = ExitStack()
    config.add_cleanup(stack.close)
    home = Path(stack.enter_context(TemporaryDirectory(prefix="podidentity-playback-")))
    patch = pytest.MonkeyPatch()
    stack.callback(patch.undo)
    patch.setenv("AZURE_CONFIG_DIR", str(home / "azure"))
    if mode() is Mode.RECORD:
        simulator = config.stash[_SIMULATOR] = stack.enter_context(Simulator(scale=_SCALE, clock=clock))
        environ = {**environment(simulator, home / "azure", NEWEST.extension_directory), "HOME": str(home)}
        connect(NEWEST.az, simulator, environ)
        for name, value in environ.items():
            patch.setenv(name, value)


@pytest.fixture
def simulated_time(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip all waits, and use the same time in a recording and its replay."""
    clock = request.config.stash[_CLOCK]
    clock.restart()
    clock.install(monkeypatch)


@pytest.fixture
def no_network() -> Iterator[None]:
    """Fail a test that tries to connect."""
    pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()


@pytest.fixture(scope="session")
def playback_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the home folder of the replaying az."""
    return tmp_path_factory.mktemp("playback")


@pytest.fixture
def replaying_az(
    simulated_time: None, no_network: None, playback_home: Path, monkeypatch: pytest.MonkeyPatch
) -> InProcessAz:
    """Return an az of this process without a network."""
    from tests.playback.in_process import signed_in_nowhere

    monkeypatch.setenv("HOME", str(playback_home))
    return signed_in_nowhere(monkeypatch)


@pytest.fixture
def scenario(request: pytest.FixtureRequest) -> Iterator[Scenario]:
    """Return a scenario with its own resource groups, which are deleted at the end."""
    name = request.node.name.removeprefix("test_").translate(str.maketrans("[ ", "--", "]"))
    if mode() is Mode.LIVE:
        from tests.playback.in_process import InProcessAz

        if marker := request.node.get_closest_marker("simulated_only"):
            pytest.skip(marker.args[0])
        with Scenario(InProcessAz(), Names.random()) as made:
            yield made
        return
    from tests.playback.cassette import RECORDINGS, recording

    path = RECORDINGS / f"{name}.yaml"
    if mode() is Mode.REPLAY:
        az = request.getfixturevalue("replaying_az")
        with recording(path, Scrubber()) as sent, Scenario(_documented(az, sent), Names.fixed()) as made:
            yield made
        return
    from tests.playback.in_process import InProcessAz

    request.getfixturevalue("simulated_time")
    simulator = request.config.stash[_SIMULATOR]
    simulator.reset()
    path.unlink(missing_ok=True)
    header = {
        "recorded_against": "azure_simulator of this repository, not Azure",
        "recorded_on": date.today().isoformat(),
        "azure_cli": version("azure-cli"),
    }
    scrubber = Scrubber(simulator.url, simulator.subscription_id)
    with recording(path, scrubber, header), Scenario(InProcessAz(), Names.fixed(), simulator) as made:
        yield made


def _documented(az: Az, sent: list[Any]) -> Az:
    """Return an az that asserts that docs/permissions.md lists the permissions of each command."""

    def run(command: str) -> Result:
        before = len(sent)
        result = az(command)
        missing = undocumented(command, [(each.method, each.uri) for each in sent[before:]])
        assert missing == [], f"docs/permissions.md does not list {missing} for: az {command}"
        return result

    return run
