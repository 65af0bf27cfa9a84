# SPDX-License-Identifier: MIT
"""Runs `az` as a user does and says what came of it."""

from __future__ import annotations

import json
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
from typing import Any, Protocol

from azure_simulator import Fault, Simulator
from tests.support.processes import child_setup

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
    """What an `az` process left behind."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """Standard output as JSON; fails where anything else is in it."""
        return json.loads(self.stdout)

    @property
    def warnings(self) -> list[str]:
        """The warnings, without az's own notice that an extension altered a command."""
        lines = re.findall(r"^WARNING: (.*)$", self.stderr, re.MULTILINE)
        return [line for line in lines if "altered by the following extension" not in line]

    def ok(self) -> Result:
        """This result; AssertionError with what az said where the command failed."""
        assert self.exit_code == 0, self.stderr
        assert "Traceback" not in self.stderr
        return self

    def failed(self, exit_code: int = 1) -> str:
        """What the failed command said; AssertionError where it did not fail, failed otherwise or crashed."""
        assert self.exit_code == exit_code, f"exit code {self.exit_code}: {self.stdout}{self.stderr}"
        assert "Traceback" not in self.stderr, self.stderr
        assert self.stdout == ""
        return self.stderr


class Process(Protocol):
    """A command that runs, as `subprocess.Popen` has it."""

    pid: int
    returncode: Any

    def communicate(self, input: str | None = None, timeout: float | None = None) -> tuple[str, str]: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int) -> None: ...
    def kill(self) -> None: ...


class AzureCli:
    """One `az` that is logged in to the simulator."""

    def __init__(self, az: Path, environment: Mapping[str, str]) -> None:
        self.az = az
        self.environment = dict(environment)

    def start(self, command: str, stderr: int = subprocess.PIPE, stdin: int = subprocess.DEVNULL) -> Process:
        """Starts `az COMMAND`, without a terminal unless `stderr` is the file descriptor of one."""
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
        """Runs `az COMMAND` to its end, with that on its standard input."""
        return result_of(self.start(command, stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE), stdin)

    def together(self, *commands: str) -> list[Result]:
        """Runs several `az` processes at the same time."""
        return [result_of(process) for process in [self.start(command) for command in commands]]

    def paste(self, message: str) -> None:
        """Runs the commands of a message one after the other, as a person pastes them; each must succeed."""
        commands = commands_in(message)
        assert commands, f"no command in: {message}"
        for command in commands:
            self(command.removeprefix("az ")).ok()


def result_of(process: Process, stdin: str | None = None, seconds: float = 120) -> Result:
    """Waits for the process's end; one that hangs is killed and fails the test."""
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
    """Start the command and send it the signal while its first such request is being answered.

    `skip` such requests are let through first. Without `answer`, the request is answered only after the command has
    ended. The request takes effect in either case.
    """
    started: queue.Queue[Process] = queue.Queue()
    ended = threading.Event()

    def send() -> None:
        started.get(timeout=60).send_signal(number)
        if not answer:
            ended.wait(150)

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
    """Start the command and kill it at its first such request after `skip` ones, which takes effect all the same."""
    assert signal_at(az, simulator, command, method, path, signal.SIGKILL, skip=skip).exit_code == -signal.SIGKILL
    simulator.faults.clear()


def until(happens: Callable[[], bool]) -> None:
    """Waits until that is so; AssertionError where it takes too long."""
    end = time.monotonic() + 30
    while not happens():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.01)


def commands_in(message: str) -> list[str]:
    """The lines of a message that are commands to be pasted."""
    return re.findall(r"^az .+$", message, re.MULTILINE)


def sent(simulator: Simulator) -> list[str]:
    """What was asked for, in order: method and resource type, `PUT managedClusters`."""
    return [f"{each.method} {_RESOURCE_TYPE.findall(each.path)[-1]}" for each in simulator.requests.all()]
