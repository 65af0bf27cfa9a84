# SPDX-License-Identifier: MIT
"""Test reading workloads with the local kubectl, and with the kubectl that AKS runs in the cluster."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from azext_podidentity.migration.resources_to_read import in_cluster_command
from azure_simulator import Fault, Simulator
from tests.support.azure_cli import CLUSTER, GROUP, NAMESPACE, AzureCli
from tests.support.cluster_state import seed_entries
from tests.support.workload_manifests import ENABLED, MIGRATE, live, service_account, workload

SERVED = ("pods", "deployments.apps", "serviceaccounts", "widgets.example.com")
GET = "get pods,deployments.apps,serviceaccounts --all-namespaces --output json"


class Kubectl:
    """A program named kubectl that prints what a test wants, and keeps its arguments."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._said = folder / "arguments"

    def prints(self, text: str, exit_code: int = 0, stderr: str = "", server: str = "") -> None:
        (self.folder / "output").write_text(text)
        here = shlex.quote(str(self.folder))
        program = self.folder / "kubectl"
        program.write_text(
            f'#!/bin/sh\n[ "$1" = config ] && echo "{server}" && exit\n'
            f'[ "$1" = api-resources ] && [ {exit_code} = 0 ] && printf "%s\\n" {" ".join(SERVED)} && exit\n'
            f'echo "$@" > {here}/arguments\ncat {here}/output\n'
            f"echo {shlex.quote(stderr)} >&2\nexit {exit_code}\n"
        )
        program.chmod(0o755)

    @property
    def arguments(self) -> str:
        return self._said.read_text().strip()


@pytest.fixture
def kubectl(tmp_path: Path) -> Kubectl:
    return Kubectl(tmp_path)


@pytest.fixture
def az_with_kubectl(az: AzureCli, kubectl: Kubectl) -> AzureCli:
    """An az on whose PATH that kubectl comes first."""
    return az.with_environment(PATH=f"{kubectl.folder}{os.pathsep}{os.environ['PATH']}")


def cluster_objects(*more: dict[str, Any]) -> str:
    owned = workload("web-1-x", "app", "Pod", account="web")
    owned["metadata"]["ownerReferences"] = [{"kind": "Deployment", "name": "web", "controller": True}]
    return json.dumps(live(workload("web", "app", account="web"), owned, service_account("web"), *more))


def planned(plan: dict[str, Any]) -> list[str]:
    return [f"{each['kind']} {each['name']}" for each in plan["workloads"]]


def test_kubectl_without_files(az_with_kubectl: AzureCli, kubectl: Kubectl, simulator: Simulator) -> None:
    seed_entries(simulator, "app", **ENABLED)
    kubectl.prints(cluster_objects())

    plan = az_with_kubectl(f"{MIGRATE} --context mine").ok().json

    assert kubectl.arguments == f"{GET} --context=mine"
    assert planned(plan) == ["Deployment web"]
    assert plan["serviceAccounts"][0]["state"] == "NeedsAnnotation"


@pytest.mark.parametrize("action", ["", "--approve", "--finish --yes"])
def test_kubectl_fails(az_with_kubectl: AzureCli, kubectl: Kubectl, simulator: Simulator, action: str) -> None:
    seed_entries(simulator, "app", **ENABLED, fqdn="mine.example")
    said = 'E1125 12:53:39.9 8747 memcache.go:381] noise\nerror: context "mine" does not exist'
    kubectl.prints("", 1, said, server="https://mine.example")

    message = az_with_kubectl(f"{MIGRATE} --context mine {action}").failed()

    assert 'context "mine" does not exist' in message
    assert "noise" not in message
    assert "--workloads" in message
    assert not simulator.requests.matching("PUT")


def test_kubectl_not_installed(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    seed_entries(simulator, "app", **ENABLED)
    bare = az.with_environment(PATH=str(tmp_path))
    message = bare(MIGRATE).failed()
    assert "kubectl is not installed" in message
    assert "--run-command" in message


@pytest.mark.parametrize("action", ["", "--finish --yes"])
def test_context_of_other_cluster(
    az_with_kubectl: AzureCli, kubectl: Kubectl, simulator: Simulator, action: str
) -> None:
    seed_entries(simulator, "app", **ENABLED, fqdn="mine.example")
    kubectl.prints(json.dumps(live(workload("web", None))), server="https://theirs.example:443")

    message = az_with_kubectl(f"{MIGRATE} {action}").failed()
    assert "theirs.example, but cluster 'cluster' is at mine.example" in message
    assert f"az aks get-credentials --resource-group {GROUP} --name {CLUSTER}" in message
    assert not simulator.requests.matching("PUT")

    (warning, *_) = az_with_kubectl(f"{MIGRATE} --context proxy").ok().warnings
    assert "theirs.example" in warning
    assert "theirs.example" in az_with_kubectl(f"{MIGRATE} --context proxy --finish --yes").failed()
    assert not simulator.requests.matching("PUT")
    kubectl.prints(cluster_objects(), server="https://Mine.example:443")
    assert az_with_kubectl(MIGRATE).ok().warnings == []


def test_kubectl_not_executable(az_with_kubectl: AzureCli, kubectl: Kubectl, simulator: Simulator) -> None:
    seed_entries(simulator, "app", **ENABLED)
    kubectl.prints("")
    (kubectl.folder / "kubectl").write_bytes(b"\x7fELF of another machine")

    assert "kubectl cannot be run" in az_with_kubectl(MIGRATE).failed()


def test_empty_cluster_is_not_finished(az_with_kubectl: AzureCli, kubectl: Kubectl, simulator: Simulator) -> None:
    seed_entries(simulator, "app", **ENABLED, fqdn="mine.example")
    kubectl.prints(json.dumps(live()), server="https://mine.example")

    message = az_with_kubectl(f"{MIGRATE} --finish --yes").failed()

    assert "No workload was read" in message
    assert not simulator.requests.matching("PUT")


def test_run_command_on_private_cluster(each_az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app", **ENABLED)
    ran: list[str] = []

    def run(command: str) -> tuple[int, str]:
        ran.append(command)
        return 0, cluster_objects()

    simulator.settings.run_command = run
    plan = each_az(f"{MIGRATE} --run-command").ok().json

    assert ran == [in_cluster_command()]
    assert planned(plan) == ["Deployment web"]
    (sent,) = simulator.requests.matching("POST", "/runCommand$")
    assert not sent.body.get("clusterToken")


def test_run_command_on_entra_cluster(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app", **ENABLED, aadProfile={"managed": True})
    simulator.settings.run_command = lambda _: (0, cluster_objects())

    az(f"{MIGRATE} --run-command").ok()

    (sent,) = simulator.requests.matching("POST", "/runCommand$")
    assert sent.body["clusterToken"]


@pytest.mark.parametrize(
    ("exit_code", "logs", "says"),
    [
        (1, '{\n    "value": "hunter2"\n}\nError from server (Forbidden): pods is forbidden', "pods is forbidden"),
        (0, "x" * 600_000, "more workloads than"),
        (0, "{", "Invalid JSON"),
    ],
)
def test_run_command_fails(az: AzureCli, simulator: Simulator, exit_code: int, logs: str, says: str) -> None:
    seed_entries(simulator, "app", **ENABLED)
    simulator.settings.run_command = lambda _: (exit_code, logs)

    message = az(f"{MIGRATE} --run-command").failed()

    assert says in message
    assert "hunter2" not in message


def test_run_command_ignores_noise_around_json(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app", **ENABLED)
    printed = json.dumps(json.loads(cluster_objects()), indent=4)
    simulator.settings.run_command = lambda _: (0, f"Warning: something is deprecated\n{printed}\n")

    assert planned(az(f"{MIGRATE} --run-command").ok().json) == ["Deployment web"]


def test_run_command_compresses_long_output(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app", **ENABLED)
    names = [f"web-{number}" for number in range(1000)]
    printed = json.dumps(live(*(workload(name, "app", account="web") for name in names)), indent=4)
    assert len(printed) > 600_000
    commands: list[str] = []

    def run(command: str) -> tuple[int, str]:
        commands.append(command)
        shell = f"echo Warning: something; {'gzip | base64' if command.endswith('gzip | base64') else 'cat'}"
        return 0, subprocess.run(["sh", "-c", shell], input=printed, capture_output=True, text=True, check=True).stdout

    simulator.settings.run_command = run
    plan = az(f"{MIGRATE} --run-command").ok().json

    assert commands == [in_cluster_command(), f"{in_cluster_command()} | gzip | base64"]
    assert len(plan["workloads"]) == len(names)


def test_run_command_cannot_compress(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app", **ENABLED)
    simulator.settings.run_command = lambda command: (
        0,
        "sh: gzip: not found\n" if "gzip" in command else " " * 600_000,
    )

    assert "compression inside the cluster failed: sh: gzip: not found" in az(f"{MIGRATE} --run-command").failed()


def test_run_command_disabled(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app", **ENABLED)
    simulator.faults.add(Fault("POST", "/runCommand$", status=400, code="RunCommandDisabled", message="It is off."))

    message = az(f"{MIGRATE} --run-command").failed()

    assert "It is off." in message
    assert in_cluster_command() in message
    assert NAMESPACE not in message
