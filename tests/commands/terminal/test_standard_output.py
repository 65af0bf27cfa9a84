# SPDX-License-Identifier: MIT
"""Test standard output to a full disk and to a closed pipe, with and without buffering."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from azure_simulator import Simulator
from tests.support.azure_cli import ON_CLUSTER, POD_IDENTITY, AzureCli
from tests.support.cluster_state import entries, exceptions, pod_exception, seed_entries
from tests.support.processes import child_setup

FULL = Path("/dev/full")
COMMANDS = {
    "list": f"list {ON_CLUSTER}",
    "show as tsv": f"show {POD_IDENTITY} --name app --output tsv",
    "check with texts below the table": f"check {ON_CLUSTER} --output table",
    "export": f"export {ON_CLUSTER}",
    "change": f"exception delete {POD_IDENTITY} --name old --output table",
}
each_command = pytest.mark.parametrize("name", COMMANDS)
each_buffering = pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
Run = Callable[[str, int], subprocess.CompletedProcess[str]]


@pytest.fixture
def run(started_az: AzureCli, simulator: Simulator, unbuffered: str) -> Run:
    """Run a command with this standard output, on a cluster with entries."""
    seed_entries(simulator, "app", "other", exceptions=[pod_exception("old", {"app": "x"})])
    environment = {**started_az.environment, "PYTHONUNBUFFERED": unbuffered}

    def run(command: str, output: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(started_az.az), *shlex.split(f"aks pod-identity {command}")],
            env=environment,
            cwd=environment["HOME"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            preexec_fn=child_setup(),
        )

    return run


@pytest.mark.skipif(not FULL.exists(), reason="Linux has a device that is always full")
@each_buffering
@each_command
def test_full_device(run: Run, simulator: Simulator, name: str) -> None:
    with FULL.open("w") as full:
        result = run(COMMANDS[name], full.fileno())

    assert result.returncode == 1
    assert result.stderr.startswith("ERROR: Standard output cannot be written: No space left on device.\n")
    assert "Traceback" not in result.stderr
    assert ("old" in exceptions(simulator)) == (name != "change")
    assert set(entries(simulator)) == {"app", "other"}


@each_buffering
@each_command
def test_reader_has_left(run: Run, name: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)

    result = run(COMMANDS[name], writer)

    os.close(writer)
    assert result.returncode == 0
    assert [line for line in result.stderr.splitlines() if not line.startswith("WARNING: ")] == []
