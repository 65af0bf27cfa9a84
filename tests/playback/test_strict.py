# SPDX-License-Identifier: MIT
"""A replay fails if the requests differ from those recorded."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import yaml
from pytest_socket import SocketBlockedError
from vcr.request import Request

from tests.playback.cassette import RECORDINGS, NotAsRecordedError, check, recording
from tests.playback.clock import Clock
from tests.playback.in_process import InProcessAz
from tests.playback.scenario import Names, Scenario
from tests.playback.scrub import Scrubber

COMMAND = "exception add --namespace my-app --name agents --pod-labels app=agent"


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    """Return a copy of the recording of a write that is retried."""
    path = tmp_path / "tape.yaml"
    path.write_text((RECORDINGS / "conflict_is_retried-busy.yaml").read_text("utf-8"), "utf-8")
    return path


def play(az: InProcessAz, path: Path, command: str = COMMAND, *, show: bool = True) -> None:
    with recording(path, Scrubber()), Scenario(az, Names.fixed()) as scenario:
        scenario.create_cluster()
        scenario.pod_identity(command)
        if show:
            scenario.pod_identity("exception show --namespace my-app --name agents")


def edit(path: Path, change: Any) -> None:
    """Change the list of interactions of a recording in place."""
    tape = yaml.safe_load(path.read_text("utf-8"))
    change(tape["interactions"])
    path.write_text(yaml.safe_dump(tape), "utf-8")


def index_of_write(interactions: list[Any]) -> int:
    return max(number for number, each in enumerate(interactions) if each["request"]["method"] == "PUT")


def test_recorded_requests_pass(replaying_az: InProcessAz, tape: Path) -> None:
    play(replaying_az, tape)


def test_unexpected_request_fails(replaying_az: InProcessAz, tape: Path) -> None:
    edit(tape, lambda interactions: interactions.pop(index_of_write(interactions)))

    with pytest.raises(NotAsRecordedError, match=r"unexpected: PUT .*managedClusters"):
        play(replaying_az, tape)


def test_missing_request_fails_and_keeps_recording(replaying_az: InProcessAz, tape: Path) -> None:
    before = tape.read_bytes()

    with pytest.raises(NotAsRecordedError, match=r"missing: GET .*managedClusters"):
        play(replaying_az, tape, show=False)

    assert tape.read_bytes() == before


def test_changed_body_fails(replaying_az: InProcessAz, tape: Path) -> None:
    with pytest.raises(NotAsRecordedError, match=r'unexpected: PUT .*"app": "other"'):
        play(replaying_az, tape, COMMAND.replace("app=agent", "app=other"))


def test_changed_etag_fails(replaying_az: InProcessAz, tape: Path) -> None:
    def change(interactions: list[Any]) -> None:
        interactions[index_of_write(interactions)]["request"]["headers"]["if-match"] = ['"another"']

    edit(tape, change)

    with pytest.raises(NotAsRecordedError, match=r"missing: PUT .*another"):
        play(replaying_az, tape)


def test_changed_order_fails(replaying_az: InProcessAz, tape: Path) -> None:
    edit(tape, lambda interactions: interactions.insert(0, interactions.pop()))

    with pytest.raises(NotAsRecordedError, match="another order"):
        play(replaying_az, tape)


READ = ("GET", "/userAssignedIdentities/one"), ("GET", "/roleAssignments"), ("GET", "/x/federatedIdentityCredentials")
GRANTS = ("PUT", "/roleAssignments/one"), ("PUT", "/roleAssignments/two")
WRITES = ("PUT", "/managedClusters/one"), ("DELETE", "/roleAssignments/one"), ("DELETE", "/roleAssignments/two")


def requests_of(order: Sequence[tuple[str, str]]) -> list[Request]:
    return [Request(method, f"https://management.azure.com{path}", None, {}) for method, path in order]


@pytest.mark.parametrize("order", [READ, GRANTS])
def test_parallel_requests_in_any_order(order: Sequence[tuple[str, str]]) -> None:
    for other in permutations(order):
        check(requests_of(order), requests_of(other))


@pytest.mark.parametrize("order", [WRITES, (READ[0], GRANTS[0]), (GRANTS[0], WRITES[1])])
def test_sequential_requests_in_order(order: Sequence[tuple[str, str]]) -> None:
    for other in set(permutations(order)) - {tuple(order)}:
        with pytest.raises(NotAsRecordedError, match="another order"):
            check(requests_of(order), requests_of(other))


def test_role_age_follows_playback_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    from azext_podidentity.arm import role_assignments

    clock = Clock()
    clock.install(monkeypatch)
    assignments: Any = [SimpleNamespace(created_on=clock.utc(30))]

    assert role_assignments.age(assignments) is not None  # whatever the day is
    clock.sleep(3600)
    assert role_assignments.age(assignments) is None


def test_connection_is_blocked(no_network: None) -> None:
    with pytest.raises(SocketBlockedError), pytest.warns(UserWarning, match="tried to use socket"):
        requests.get("https://localhost:1/", timeout=1)
