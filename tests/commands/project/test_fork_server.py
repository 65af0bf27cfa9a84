# SPDX-License-Identifier: MIT
"""A forked az is the az that a shell starts: exit code, output, signals."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from azure_simulator import Simulator
from development.paths import NEWEST, ROOT, Host
from tests.support.azure_cli import CLUSTER, GROUP, OPERATION_PATH, POD_IDENTITY, AzureCli, Result, signal_at, until
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
def test_same_output_and_exit_code(started_az: AzureCli, forked: ForkedAz, simulator: Simulator, name: str) -> None:
    seed_entries(simulator, "app", exceptions=[pod_exception("old", {"app": "x"})])

    executed = started_az(COMMANDS[name])
    again = forked(COMMANDS[name])

    assert again.exit_code == executed.exit_code
    assert again.stdout == executed.stdout
    assert again.stderr == executed.stderr


def test_same_debug_output(started_az: AzureCli, forked: ForkedAz, simulator: Simulator) -> None:
    seed_entries(simulator, "app")

    executed, again = (run(f"{COMMANDS['json']} --debug") for run in (started_az, forked))

    assert _shape(again) == _shape(executed)
    assert len(_shape(executed)[1]) > 20


@pytest.mark.parametrize("name", ["json", "absent"])
def test_same_output_in_shell(forked: ForkedAz, simulator: Simulator, tmp_path: Path, name: str) -> None:
    seed_entries(simulator, "app")
    line, environment = ["sh", "-c", f"az {COMMANDS[name]}"], forked.shell_environment()

    shell = subprocess.run(line, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert Result(shell.returncode, shell.stdout, shell.stderr) == forked(COMMANDS[name])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_same_end_by_signal(
    started_az: AzureCli, forked: ForkedAz, simulator: Simulator, number: signal.Signals
) -> None:
    results = []
    for run in (started_az, forked):
        seed_entries(simulator, "app")
        takes(simulator, pod_identity=600)
        command = f"aks pod-identity delete {POD_IDENTITY} --name app"
        results.append(signal_at(run, simulator, command, "GET", OPERATION_PATH, number))

    executed, again = results
    assert again == executed
    assert again.exit_code == (1 if number == signal.SIGINT else -number)


@pytest.fixture
def sigint_ignored() -> Iterator[None]:
    """The tests run as a background command of a shell without job control."""
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, previous)


def test_interrupt_with_sigint_ignored(
    sigint_ignored: None, started_az: AzureCli, logged_in: Callable[[Host], AzureCli], simulator: Simulator
) -> None:
    takes(simulator, pod_identity=600)
    with ForkedAz(NEWEST, logged_in(NEWEST).environment) as forked:
        for run in (started_az, forked):
            seed_entries(simulator, "app")
            command = f"aks pod-identity delete {POD_IDENTITY} --name app"
            assert signal_at(run, simulator, command, "GET", OPERATION_PATH, signal.SIGINT).exit_code == 1


# Starts a command in both ways, prints the process IDs, and never ends.
TESTS = """
import json, signal, sys
from development.paths import NEWEST
from tests.support.azure_cli import AzureCli
from tests.support.forked_az import ForkedAz

environment, command = json.load(sys.stdin)
forked = ForkedAz(NEWEST, environment)
processes = [az.start(command) for az in (forked, AzureCli(NEWEST.az, environment))]
print(forked.pid, *(process.pid for process in processes), flush=True)
signal.pause()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_commands_end_with_killed_tests(started_az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app")
    takes(simulator, pod_identity=600)
    command = f"aks pod-identity delete {POD_IDENTITY} --name app"
    script = [sys.executable, "-c", TESTS]

    with subprocess.Popen(script, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as tests:
        assert tests.stdin and tests.stdout
        with tests.stdin as stdin:
            json.dump([started_az.environment, command], stdin)
        started = tests.stdout.readline().split()
        until(lambda: len(simulator.requests.matching("GET", OPERATION_PATH)) > 0)
        running = [is_running(pid) for pid in started]
        tests.kill()

    assert running == [True, True, True]
    until(lambda: not any(is_running(pid) for pid in started))


def is_running(pid: str) -> bool:
    """Return whether the process has not ended; nobody may have collected the exit code of one that has."""
    try:
        _, _, facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    except FileNotFoundError:
        return False
    return facts.split()[0] != "Z"


def test_concurrent_commands(forked: ForkedAz, simulator: Simulator) -> None:
    seed_entries(simulator, "app")
    show = f"aks pod-identity show {POD_IDENTITY} --query name --output tsv --name"

    there, missing, again = forked.together(f"{show} app", f"{show} none", f"{show} app")

    assert (there.stdout, missing.exit_code, again.stdout) == ("app\n", 3, "app\n")


def test_speed_shortens_waiting(logged_in: Callable[[Host], AzureCli], simulator: Simulator) -> None:
    seed_entries(simulator, "app", provisioningState="Updating")
    with ForkedAz(NEWEST, logged_in(NEWEST).environment, speed=1000) as az:
        message = az(f"aks pod-identity delete {POD_IDENTITY} --name app").failed()
    assert "was still busy after 1800 seconds" in message
    assert list(entries(simulator)) == ["app"]


def _shape(result: Result) -> tuple[int, list[str]]:
    """The exit code and the modules that logged, in order; what they say has times, ids and addresses."""
    return result.exit_code, re.findall(r"^(?:DEBUG|INFO): ([\w.]+)[: ]", result.stderr, re.MULTILINE)
