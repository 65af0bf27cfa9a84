# SPDX-License-Identifier: MIT
"""Run `az` as a user does."""

from __future__ import annotations

import copy
import json
import os
import queue
import re
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from azure_simulator import Fault, Simulator
from tests.support.processes import PATIENCE, child_setup

if TYPE_CHECKING:
    from typing_extensions import Self

GROUP = "rg"
CLUSTER = "cluster"
ON_CLUSTER = f"--resource-group {GROUP} --cluster-name {CLUSTER}"
NAMESPACE = "my-app"
POD_IDENTITY = f"{ON_CLUSTER} --namespace {NAMESPACE}"
CLUSTER_PATH = r"/managedClusters/[^/]+$"
ROLE_PATH = r"/roleAssignments/[^/]+$"
OPERATION_PATH = r"/operations/[^/]+$"
_RESOURCE_TYPE = re.compile(r"/(managedClusters|userAssignedIdentities|roleAssignments|operations)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Result:
    """The result of an `az` process."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """Return standard output as JSON. Raise ValueError if it is not only JSON."""
        return json.loads(self.stdout)

    @property
    def warnings(self) -> list[str]:
        """Return the warnings, without az's notice that an extension altered a command."""
        lines = re.findall(r"^WARNING: (.*)$", self.stderr, re.MULTILINE)
        return [line for line in lines if "altered by the following extension" not in line]

    def ok(self) -> Result:
        """Return this result. Raise AssertionError with standard error if the command failed."""
        assert self.exit_code == 0, self.stderr
        assert "Traceback" not in self.stderr
        return self

    def failed(self, exit_code: int = 1) -> str:
        """Return standard error of the failed command. Raise AssertionError unless it failed with the exit code."""
        assert self.exit_code == exit_code, f"exit code {self.exit_code}: {self.stdout}{self.stderr}"
        assert "Traceback" not in self.stderr, self.stderr
        assert self.stdout == ""
        return self.stderr


class Process(Protocol):
    """A running command, with the interface of `subprocess.Popen`."""

    pid: int
    returncode: Any

    def communicate(self, input: str | None = None, timeout: float | None = None) -> tuple[str, str]: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int) -> None: ...
    def kill(self) -> None: ...


class AzureCli:
    """An `az` that is signed in to the simulator."""

    def __init__(self, az: Path, environment: Mapping[str, str]) -> None:
        self.az = az
        self.environment = dict(environment)

    def with_environment(self, **variables: str) -> Self:
        """Return this az with other values of some environment variables."""
        other = copy.copy(self)
        other.environment = {**self.environment, **variables}
        return other

    def shell_environment(self) -> dict[str, str]:
        """Return the environment of a shell in which `az` is this az."""
        path = self.environment.get("PATH", os.defpath)
        return {**self.environment, "PATH": f"{self.az.parent}{os.pathsep}{path}"}

    def start(self, command: str, stderr: int = subprocess.PIPE, stdin: int = subprocess.DEVNULL) -> Process:
        """Start `az COMMAND`, without a terminal unless `stderr` is the file descriptor of one."""
        return subprocess.Popen(
            [str(self.az), *shlex.split(command)],
            # az imports from its working directory first: in the checkout it would not run the wheel.
            cwd=self.environment["HOME"],
            env=self.environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            preexec_fn=child_setup(),
        )

    def __call__(self, command: str, stdin: str | None = None) -> Result:
        """Run `az COMMAND` with the given standard input. Return its result."""
        return result_of(self.start(command, stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE), stdin)

    def together(self, *commands: str) -> list[Result]:
        """Run several `az` processes at the same time."""
        return [result_of(process) for process in [self.start(command) for command in commands]]

    def paste(self, message: str) -> None:
        """Run the commands in a message one after the other, as if they were pasted. Each must succeed."""
        commands = commands_in(message)
        assert commands, f"no command in: {message}"
        for command in commands:
            self(command.removeprefix("az ")).ok()


def result_of(process: Process, stdin: str | None = None, seconds: float = PATIENCE) -> Result:
    """Return the result of the process. Kill it and raise TimeoutExpired if it hangs."""
    try:
        stdout, stderr = process.communicate(stdin, timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Result(process.returncode, stdout, stderr)


def signal_at(
    az: AzureCli,
    simulator: Simulator,
    command: str,
    method: str,
    path: str,
    number: int,
    *,
    answer: bool = True,
    skip: int = 0,
) -> Result:
    """Start the command and send it the signal during a matching request, after `skip` matching ones.

    Without `answer`, the response is sent only after the command has ended. The request takes effect in either case.
    """
    started: queue.Queue[Process] = queue.Queue()
    ended = threading.Event()

    def send() -> None:
        started.get(timeout=PATIENCE).send_signal(number)
        if not answer:
            ended.wait()

    simulator.faults.add(Fault(method, path, call=send, skip=skip))
    answered = len(simulator.requests.matching(method, path)) + skip
    process = az.start(command)
    started.put(process)
    try:
        result = result_of(process)
    finally:
        ended.set()
    # The command can end before its request has taken effect.
    until(lambda: len(simulator.requests.matching(method, path)) > answered)
    return result


def kill_at(az: AzureCli, simulator: Simulator, command: str, method: str, path: str, *, skip: int = 0) -> None:
    """Start the command and kill it during a matching request, after `skip` ones. The request takes effect."""
    assert signal_at(az, simulator, command, method, path, signal.SIGKILL, skip=skip).exit_code == -signal.SIGKILL
    simulator.faults.clear()


def until(condition: Callable[[], bool]) -> None:
    """Wait until the condition is true. Raise AssertionError if it never is."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "the condition is still false"
        time.sleep(0.01)


def commands_in(message: str) -> list[str]:
    """Return the commands in a message, which are its lines that start with `az`."""
    return re.findall(r"^az .+$", message, re.MULTILINE)


def sent(simulator: Simulator) -> list[str]:
    """Return the requests in order as method and resource type, such as `PUT managedClusters`."""
    return [f"{each.method} {_RESOURCE_TYPE.findall(each.path)[-1]}" for each in simulator.requests.all()]
