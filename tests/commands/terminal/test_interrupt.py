# SPDX-License-Identifier: MIT
"""Test Ctrl-C in every command during a request and during operations, with several `--ids`."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from azure_simulator import Simulator
from tests.support import workload_manifests
from tests.support.azure_cli import CLUSTER_PATH, GROUP, OPERATION_PATH, AzureCli, Result, signal_at
from tests.support.cluster_state import pod_exception, pod_identity, principal_id, takes
from tests.support.entry_files import binding, write
from tests.support.workload_manifests import workload

ENTRY = "--namespace my-app --name app"
COMMANDS = {
    "add": "add --namespace my-app --name new --identity-resource-id {identity}",
    "update": f"update {ENTRY} --binding-selector x",
    "delete": f"delete {ENTRY}",
    "apply": "apply --file {manifest}",
    "export": "export",
    "show": f"show {ENTRY}",
    "check": "check",
    "migrate": "migrate --workloads {workloads}",
    "wait": f"wait {ENTRY} --created",
    "exception add": "exception add --namespace my-app --name new --pod-labels app=x",
    "exception update": f"exception update {ENTRY} --pod-labels app=y",
    "exception delete": f"exception delete {ENTRY}",
    "exception show": f"exception show {ENTRY}",
}
READING = ("export", "show", "check", "migrate", "wait", "exception show")
NOT_CHANGED = r"^ERROR: Interrupted\. Cluster '(\w+)' was not changed\.$"
SENT = r"^ERROR: Interrupted\. The change of cluster '(\w+)' may have been accepted; its operation then continues"
WAIT = r"^az aks wait --resource-group rg --name (\w+) --updated$"


def ids(simulator: Simulator, *names: str) -> str:
    """Return the options that name these clusters, each with the pod identity `app` and the exception `app`."""
    identity = simulator.seed.managed_identity(GROUP, "app")
    profile = {
        "enabled": True,
        "userAssignedIdentities": [pod_identity(identity, "app")],
        "userAssignedIdentityExceptions": [pod_exception("app", {"app": "x"}, "my-app")],
    }
    clusters = [simulator.seed.cluster(GROUP, name, pod_identity=profile) for name in names]
    for cluster in clusters:
        simulator.seed.role_assignment(identity["id"], principal_id(cluster))
    return "--ids " + " ".join(cluster["id"] for cluster in clusters)


def command(simulator: Simulator, folder: Path, name: str) -> str:
    new = simulator.seed.managed_identity(GROUP, "new")
    workloads = workload_manifests.write(folder / "web.yaml", workload("web", "app", account="web"))
    text = COMMANDS[name].format(identity=new["id"], manifest=write(folder, [binding(new)]), workloads=workloads)
    return f"aks pod-identity {text}"


def clusters_in(pattern: str, result: Result) -> list[str]:
    return sorted(re.findall(pattern, result.stderr, re.MULTILINE))


def written(simulator: Simulator) -> set[str]:
    """Return the names of the clusters for which a write was received."""
    return {each.path.rpartition("/")[2] for each in simulator.requests.matching("PUT", CLUSTER_PATH)}


@pytest.mark.parametrize("name", COMMANDS)
def test_several_clusters_response_missing(az: AzureCli, simulator: Simulator, tmp_path: Path, name: str) -> None:
    line = f"{command(simulator, tmp_path, name)} {ids(simulator, 'one', 'two')}"

    result = signal_at(az, simulator, line, "GET", "/managedClusters/one$", signal.SIGINT, answer=False)

    assert result.exit_code == 1
    assert "Traceback" not in result.stderr
    assert result.stdout == "" or name == "export"  # which may have printed the other cluster
    assert clusters_in(NOT_CHANGED, result) == ["one", "two"] or name not in READING
    assert "one" in clusters_in(NOT_CHANGED, result)


def test_several_clusters_operations_running(started_az: AzureCli, simulator: Simulator) -> None:
    line = f"aks pod-identity delete {ENTRY} {ids(simulator, 'one', 'two')}"
    takes(simulator, pod_identity=600)

    result = signal_at(started_az, simulator, line, "GET", OPERATION_PATH, signal.SIGINT)

    result.failed()
    changed, unchanged = clusters_in(SENT, result), clusters_in(NOT_CHANGED, result)
    assert sorted([*changed, *unchanged]) == ["one", "two"]
    assert clusters_in(WAIT, result) == changed
    assert changed
    assert written(simulator) <= set(changed)


def test_more_clusters_than_concurrency_limit(az: AzureCli, simulator: Simulator) -> None:
    names = [f"c{number:02}" for number in range(14)]
    line = f"aks pod-identity exception delete {ENTRY} {ids(simulator, *names)}"
    takes(simulator, pod_identity=600)

    result = signal_at(az, simulator, line, "PUT", CLUSTER_PATH, signal.SIGINT, answer=False)

    result.failed()
    assert sorted([*clusters_in(SENT, result), *clusters_in(NOT_CHANGED, result)]) == names
    assert written(simulator) <= set(clusters_in(SENT, result))
    assert len(clusters_in(NOT_CHANGED, result)) >= 4


@pytest.mark.parametrize("path", ["/features/[^/]+$", "/userAssignedIdentities/app$", "/roleAssignments$"])
def test_check_response_missing(az: AzureCli, simulator: Simulator, path: str) -> None:
    ids(simulator, "one")
    line = f"aks pod-identity check --resource-group {GROUP} --cluster-name one"

    signal_at(az, simulator, line, "GET", path, signal.SIGINT, answer=False).failed()


def test_host_update_keeps_host_message(az: AzureCli, simulator: Simulator) -> None:
    ids(simulator, "one")
    takes(simulator, update=600)
    line = f"aks update --resource-group {GROUP} --name one --tags a=b"

    result = signal_at(az, simulator, line, "GET", OPERATION_PATH, signal.SIGINT)

    assert "Interrupted" not in result.failed()


def test_enable_names_continuing_operation(az: AzureCli, simulator: Simulator) -> None:
    ids(simulator, "one")
    takes(simulator, pod_identity=600, update=600)
    line = f"aks update --resource-group {GROUP} --name one --disable-pod-identity --yes --tags a=b"

    result = signal_at(az, simulator, line, "GET", OPERATION_PATH, signal.SIGINT)

    result.failed()
    assert clusters_in(SENT, result) == clusters_in(WAIT, result) == ["one"]
