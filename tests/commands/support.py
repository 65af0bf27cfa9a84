"""Runs `az` as a user does and says what came of it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GROUP = "rg"
CLUSTER = "cluster"
ON_CLUSTER = f"--resource-group {GROUP} --cluster-name {CLUSTER}"
CLUSTER_PATH = r"/managedClusters/[^/]+$"
ROLE_PATH = r"/roleAssignments/[^/]+$"


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


class AzureCli:
    """One `az` that is logged in to the simulator."""

    def __init__(self, az: Path, environment: Mapping[str, str]) -> None:
        self.az = az
        self.environment = dict(environment)

    def start(self, command: str) -> subprocess.Popen[str]:
        """Starts `az COMMAND`, without a terminal."""
        return subprocess.Popen(
            [str(self.az), *shlex.split(command)],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, command: str) -> Result:
        """Runs `az COMMAND` to its end."""
        return result_of(self.start(command))

    def together(self, *commands: str) -> list[Result]:
        """Runs several `az` processes at the same time."""
        return [result_of(process) for process in [self.start(command) for command in commands]]


def result_of(process: subprocess.Popen[str]) -> Result:
    """Waits for the process's end; one that hangs is killed and fails the test."""
    try:
        stdout, stderr = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Result(process.returncode, stdout, stderr)
