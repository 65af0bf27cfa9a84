# SPDX-License-Identifier: MIT
"""Live runs clean up. The simulator stands in for Azure, and az is signed in as a user's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from azure_simulator import Fault, Simulator
from development.paths import NEWEST, ROOT
from development.session import sign_in
from tests.playback.mode import VARIABLE, Mode
from tests.support.azure_cli import CLUSTER_PATH
from tests.support.processes import child_setup

SCENARIO = "tests/playback/scenarios/test_walk.py::test_no_wait_then_wait"
Live = Callable[[str], "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(scale=1e-6) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def live(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Live:
    """Return a function that runs a scenario live in a separate process."""
    signed_in = sign_in(simulator, tmp_path_factory.mktemp("live"), NEWEST.extension_directory)
    environ = {**signed_in, VARIABLE: Mode.LIVE.value}

    def run(test: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", test]
        return subprocess.run(
            command,
            cwd=ROOT,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            preexec_fn=child_setup(),
        )

    return run


def groups(simulator: Simulator, method: str) -> list[str]:
    """Return the resource groups that were created (PUT) or deleted (DELETE)."""
    return [
        each.path.lower().rpartition("/")[2] for each in simulator.requests.matching(method, "/resourcegroups/[^/]+$")
    ]


def test_live_run_deletes_group(simulator: Simulator, live: Live) -> None:
    simulator.requests.clear()

    result = live(SCENARIO)

    assert result.returncode == 0, result.stdout
    (made,) = groups(simulator, "PUT")
    assert made.startswith("podidentity-test-")
    assert groups(simulator, "DELETE") == [made]


def test_failed_live_run_deletes_group(simulator: Simulator, live: Live) -> None:
    simulator.requests.clear()
    simulator.faults.add(Fault("PUT", CLUSTER_PATH, status=400, code="BadRequest", message="No."))

    result = live(SCENARIO)

    assert result.returncode == 1, result.stdout
    assert groups(simulator, "DELETE") == groups(simulator, "PUT") != []


def test_simulated_only_scenario_is_skipped(live: Live) -> None:
    result = live("tests/playback/scenarios/test_service_messages.py::test_service_refusal")

    assert result.returncode == 0, result.stdout
    assert "the service does not give this answer on demand" in result.stdout
    assert " passed" not in result.stdout
