# SPDX-License-Identifier: MIT
"""Test the memory of commands on a full cluster, compared with the host's own command."""

from __future__ import annotations

import os
import subprocess

from azure_simulator import Simulator
from tests.support.azure_cli import CLUSTER, GROUP, ON_CLUSTER, POD_IDENTITY, AzureCli
from tests.support.cluster_state import entries, pod_exception, seed_entries

ENTRIES = 200
MORE_MB = 150


def peak(az: AzureCli, command: str, exit_code: int = 0) -> float:
    """The most memory that the command had, in MB; AssertionError where it ends otherwise."""
    process = az.start(f"{command} --output none --only-show-errors", stderr=subprocess.DEVNULL)
    assert isinstance(process, subprocess.Popen)
    _, status, usage = os.wait4(process.pid, 0)
    assert process.stdout
    process.stdout.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == exit_code
    return usage.ru_maxrss / 1024


def test_memory_of_full_cluster(started_az: AzureCli, simulator: Simulator) -> None:
    names = [f"app-{number}" for number in range(ENTRIES)]
    exceptions = [pod_exception(f"agents-{number}", {"app": f"agent-{number}"}) for number in range(ENTRIES)]
    identity = seed_entries(simulator, *names, exceptions=exceptions)[names[0]]

    host = peak(started_az, f"aks show --resource-group {GROUP} --name {CLUSTER}")
    add = f"aks pod-identity add {POD_IDENTITY} --name more --identity-resource-id {identity['id']}"
    ours = {
        "list": peak(started_az, f"aks pod-identity list {ON_CLUSTER}"),
        "add": peak(started_az, add, exit_code=1),
        "delete": peak(started_az, f"aks pod-identity delete {POD_IDENTITY} --name app-7"),
    }

    assert {name: mb for name, mb in ours.items() if mb > host + MORE_MB} == {}
    assert len(entries(simulator)) == ENTRIES - 1
