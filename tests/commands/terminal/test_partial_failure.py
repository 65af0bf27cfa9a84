# SPDX-License-Identifier: MIT
"""Commands with several `--ids` that fail on some of the clusters, or on all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from azure_simulator import Fault, Simulator
from tests.support.azure_cli import GROUP, AzureCli
from tests.support.cluster_state import pod_exception, pod_identity, principal_id
from tests.support.entry_files import binding, write

ENTRY = "--namespace my-app --name app"
COMMANDS = {
    "add": "add --namespace my-app --name new --identity-resource-id {identity}",
    "update": f"update {ENTRY} --binding-selector x",
    "delete": f"delete {ENTRY}",
    "apply": "apply --file {manifest}",
    "export": "export --output json",
    "show": f"show {ENTRY}",
    "check": "check",
    "wait": f"wait {ENTRY} --created --timeout 5",
    "exception add": "exception add --namespace my-app --name new --pod-labels app=x",
    "exception update": f"exception update {ENTRY} --pod-labels app=y",
    "exception delete": f"exception delete {ENTRY}",
    "exception show": f"exception show {ENTRY}",
}
ABSENT = r"^ERROR: Cluster 'gone\w*' was not found in resource group 'rg'\.$"


@pytest.fixture
def cluster_id(simulator: Simulator) -> str:
    """The ID of a cluster that has the pod identity `app` and the exception `app`."""
    identity = simulator.seed.managed_identity(GROUP, "app")
    profile = {
        "enabled": True,
        "userAssignedIdentities": [{**pod_identity(identity, "app"), "provisioningState": "Assigned"}],
        "userAssignedIdentityExceptions": [pod_exception("app", {"app": "x"}, "my-app")],
    }
    cluster = simulator.seed.cluster(GROUP, "one", pod_identity=profile)
    simulator.seed.role_assignment(identity["id"], principal_id(cluster))
    return str(cluster["id"])


def command(simulator: Simulator, folder: Path, name: str) -> str:
    new = simulator.seed.managed_identity(GROUP, "new")
    return f"aks pod-identity {COMMANDS[name].format(identity=new['id'], manifest=write(folder, [binding(new)]))}"


@pytest.mark.parametrize("name", COMMANDS)
def test_one_of_two_fails(az: AzureCli, simulator: Simulator, cluster_id: str, tmp_path: Path, name: str) -> None:
    gone = f"{cluster_id.rpartition('/')[0]}/gone"
    result = az(f"{command(simulator, tmp_path, name)} --ids {gone} {cluster_id}")

    assert result.exit_code == 4, result.stderr
    assert len(re.findall(ABSENT, result.stderr, re.MULTILINE)) == 1
    assert "To list the clusters, run:" in result.stderr or "az aks list" in result.stderr
    assert "more than one exception" not in result.stderr
    assert cluster_id not in result.stderr
    assert "Traceback" not in result.stderr


def test_all_fail(az: AzureCli, cluster_id: str) -> None:
    gone = f"{cluster_id.rpartition('/')[0]}/gone"

    message = az(f"aks pod-identity check --ids {gone} {gone}2").failed()

    assert len(re.findall(ABSENT, message, re.MULTILINE)) == 2


def test_error_without_cluster_name_gets_prefix(az: AzureCli, simulator: Simulator, cluster_id: str) -> None:
    second = simulator.seed.cluster(GROUP, "two")["id"]

    result = az(f"aks pod-identity show {ENTRY} --ids {second} {cluster_id}")

    assert result.exit_code == 4
    assert "ERROR: Cluster 'two': Pod identity 'app' in namespace 'my-app' does not exist" in result.stderr
    assert result.json["name"] == "app"


def test_unknown_code_has_words_and_request_id(az: AzureCli, simulator: Simulator, cluster_id: str) -> None:
    second = simulator.seed.cluster(GROUP, "two")["id"]
    simulator.faults.add(
        Fault("PUT", "/managedClusters/two$", times=9, status=400, code="NeverSeen", message="Words of the service.")
    )

    result = az(f"aks pod-identity exception delete {ENTRY} --ids {second} {cluster_id}")
    result = az(f"aks pod-identity exception add {ENTRY} --pod-labels app=z --ids {second} {cluster_id}")

    assert result.exit_code == 4
    (line,) = [each for each in result.stderr.splitlines() if "NeverSeen" in each]
    assert "Words of the service." in line
    assert "Cluster 'two'" in result.stderr
    assert re.search(r"^Request ID: \S+$", result.stderr, re.MULTILINE)
