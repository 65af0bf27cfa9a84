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

# The service's own minutes become seconds: recordings have an operation that runs and a role on its way, and few looks.
_SCALE = 0.01
_SIMULATOR = pytest.StashKey[Simulator]()
_CLOCK = pytest.StashKey[Clock]()


def pytest_configure(config: pytest.Config) -> None:
    """azure-cli looks at its folders where it is imported: let them be folders of our own by then.

    To record, az is signed in to a simulator there. A live run has those of the person who runs it.
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
    """Nothing is waited for, and a recording and its replay have the same time."""
    clock = request.config.stash[_CLOCK]
    clock.restart()
    clock.rule(monkeypatch)


@pytest.fixture
def no_network() -> Iterator[None]:
    """A test that tries to connect fails."""
    pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()


@pytest.fixture(scope="session")
def playback_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder of the az that replays."""
    return tmp_path_factory.mktemp("playback")


@pytest.fixture
def replaying_az(
    simulated_time: None, no_network: None, playback_home: Path, monkeypatch: pytest.MonkeyPatch
) -> InProcessAz:
    """An az of this process without a network."""
    from tests.playback.in_process import signed_in_nowhere

    monkeypatch.setenv("HOME", str(playback_home))
    return signed_in_nowhere(monkeypatch)


@pytest.fixture
def scenario(request: pytest.FixtureRequest) -> Iterator[Scenario]:
    """Resource groups of the test's own and the az that works in them; the groups are deleted at the end."""
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
    """An az whose commands need no other permissions than docs/permissions.md lists for them."""

    def run(command: str) -> Result:
        before = len(sent)
        result = az(command)
        missing = undocumented(command, [(each.method, each.uri) for each in sent[before:]])
        assert missing == [], f"docs/permissions.md does not list {missing} for: az {command}"
        return result

    return run
