"""A forked az is the az that a shell starts: exit code, output, signals."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from azure_simulator import Fault, Simulator
from development.paths import NEWEST, Host
from tests.support.azure_cli import CLUSTER, GROUP, OPERATION_PATH, POD_IDENTITY, AzureCli, Result, result_of
from tests.support.cluster_state import entries, pod_exception, seed_entries, takes
from tests.support.forked_az import ForkedAz

COMMANDS = {
    "json": f"aks pod-identity list --resource-group {GROUP} --cluster-name {CLUSTER}",
    "table": f"aks pod-identity list --resource-group {GROUP} --cluster-name {CLUSTER} --output table",
    "a command of the host": f"aks show --resource-group {GROUP} --name {CLUSTER} --query properties",
    "nothing": f"aks pod-identity exception add {POD_IDENTITY} --name old --pod-labels app=x --output none",
    "absent": f"aks pod-identity show {POD_IDENTITY} --name none",
    "no option": "aks pod-identity show",
    "bad name": f"aks pod-identity show {POD_IDENTITY} --name A_b",
    "help": "aks pod-identity add --help",
    "warnings": f"aks update --resource-group {GROUP} --name {CLUSTER} --enable-pod-identity --output none",
}


@pytest.fixture(scope="module")
def forked(logged_in: Callable[[Host], AzureCli]) -> Iterator[ForkedAz]:
    with ForkedAz(NEWEST, logged_in(NEWEST).environment) as az:
        yield az


@pytest.mark.parametrize("name", COMMANDS)
def test_what_a_command_says_and_its_exit_code_are_the_same(
    started_az: AzureCli, forked: ForkedAz, simulator: Simulator, name: str
) -> None:
    seed_entries(simulator, "app", exceptions=[pod_exception("old", {"app": "x"})])

    executed = started_az(COMMANDS[name])
    again = forked(COMMANDS[name])

    assert again.exit_code == executed.exit_code
    assert again.stdout == executed.stdout
    assert again.stderr == executed.stderr


def test_debug_output_is_the_same_but_for_times_and_ids(
    started_az: AzureCli, forked: ForkedAz, simulator: Simulator
) -> None:
    seed_entries(simulator, "app")

    executed, again = (run(f"{COMMANDS['json']} --debug") for run in (started_az, forked))

    assert _shape(again) == _shape(executed)
    assert len(_shape(executed)[1]) > 20


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_a_signal_ends_both_in_the_same_way(
    started_az: AzureCli, forked: ForkedAz, simulator: Simulator, number: signal.Signals
) -> None:
    results = []
    for run in (started_az, forked):
        seed_entries(simulator, "app")
        takes(simulator, pod_identity=600)
        running: list[Any] = []
        simulator.faults.add(Fault("GET", OPERATION_PATH, call=lambda: running[0].send_signal(number)))  # noqa: B023
        running.append(run.start(f"aks pod-identity delete {POD_IDENTITY} --name app"))
        process = running[0]
        results.append(result_of(process))

    executed, again = results
    assert again == executed
    assert again.exit_code == (1 if number == signal.SIGINT else -number)


def test_commands_at_the_same_time_are_apart(forked: ForkedAz, simulator: Simulator) -> None:
    seed_entries(simulator, "app")
    show = f"aks pod-identity show {POD_IDENTITY} --query name --output tsv --name"

    there, missing, again = forked.together(f"{show} app", f"{show} none", f"{show} app")

    assert (there.stdout, missing.exit_code, again.stdout) == ("app\n", 3, "app\n")


def test_a_faster_clock_makes_waiting_short(logged_in: Callable[[Host], AzureCli], simulator: Simulator) -> None:
    seed_entries(simulator, "app", provisioningState="Updating")
    with ForkedAz(NEWEST, logged_in(NEWEST).environment, speed=1000) as az:
        message = az(f"aks pod-identity delete {POD_IDENTITY} --name app").failed()
    assert "was not free within 1800 seconds" in message
    assert list(entries(simulator)) == ["app"]


def _shape(result: Result) -> tuple[int, list[str]]:
    """The exit code and the modules that logged, in order; what they say has times, ids and addresses."""
    return result.exit_code, re.findall(r"^(?:DEBUG|INFO): ([\w.]+)[: ]", result.stderr, re.MULTILINE)
