"""`az aks pod-identity check` with pods: read by a real kubectl, inside the cluster, or from files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from azext_podidentity.migration.resources_to_read import FOR_POD_CHECKS, in_cluster_command
from azext_podidentity.profile.entries import EntryKey
from azure_simulator import Simulator
from tests.support.azure_cli import NAMESPACE, ON_CLUSTER, AzureCli
from tests.support.cluster_state import seed_entries
from tests.support.kubernetes_api import KubernetesApi, kubernetes_api
from tests.support.pod_states import agent, agent_set, identity_objects, live, node, pod

CHECK = f"aks pod-identity check {ON_CLUSTER}"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[KubernetesApi]:
    with kubernetes_api(tmp_path) as api:
        yield api


@pytest.fixture
def az_there(az: AzureCli, api: KubernetesApi) -> AzureCli:
    """An az whose kubectl finds the API."""
    return AzureCli(az.az, {**az.environment, **api.environment})


def cluster_objects(simulator: Simulator, label: str) -> list[dict[str, Any]]:
    """A cluster with a pod identity 'app' and a pod with that label, as kubectl shows it."""
    app = seed_entries(simulator, "app")["app"]
    client_id = app["properties"]["clientId"]
    objects = identity_objects(EntryKey(NAMESPACE, "app"), app["id"], client_id=client_id)
    return [node(), agent_set(), agent(), *objects, pod(label)]


def found(findings: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(each["check"], each["subject"]) for each in findings if each["check"] != "deprecation"]


def test_kubectl_reads_the_pods_and_runs_the_command_that_fixes_them(
    az_there: AzureCli, api: KubernetesApi, simulator: Simulator
) -> None:
    api.seed(*cluster_objects(simulator, "App"))

    findings = az_there(f"{CHECK} --context here").ok().json

    assert found(findings) == [("pod-label", "Pod my-app/web")]
    api.run(*findings[0]["command"].split())
    assert found(az_there(f"{CHECK} --context here").ok().json) == [("pod-managed-identity", "Pod my-app/web")]
    assert not [each for each in simulator.requests.all() if each.method != "GET"]


def test_the_output_of_kubectl_is_read_from_standard_input(
    az_there: AzureCli, api: KubernetesApi, simulator: Simulator
) -> None:
    api.seed(*cluster_objects(simulator, "nothing"))
    printed = api.run("kubectl", "get", "pods,azureidentities,azureidentitybindings", "-A", "-o", "json")

    result = az_there(f"{CHECK} --workloads - --fail-on error", stdin=printed)

    assert found(result.json) == [("pod-label", "Pod my-app/web")]
    assert result.exit_code == 1


def test_kubectl_runs_inside_a_private_cluster(az: AzureCli, simulator: Simulator) -> None:
    printed = json.dumps({"apiVersion": "v1", "kind": "List", "items": live(cluster_objects(simulator, "app"))})
    ran: list[str] = []

    def run(command: str) -> tuple[int, str]:
        ran.append(command)
        return 0, printed

    simulator.settings.run_command = run

    assert found(az(f"{CHECK} --run-command").ok().json) == [("pod-managed-identity", "Pod my-app/web")]
    assert ran == [in_cluster_command(FOR_POD_CHECKS)]


def test_one_source_at_a_time(az: AzureCli, simulator: Simulator) -> None:
    assert "cannot be used together" in az(f"{CHECK} --run-command --context here").failed()
    assert "no Kubernetes object found" in az(f"{CHECK} --workloads -", stdin="").failed()
    assert simulator.requests.all() == []
