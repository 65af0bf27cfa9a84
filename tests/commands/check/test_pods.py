# SPDX-License-Identifier: MIT
"""Test `az aks pod-identity check` with pods from kubectl, from inside the cluster, or from files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from azext_podidentity.migration.resources_to_read import FOR_POD_CHECKS, in_cluster_command
from azext_podidentity.profile.entries import EntryKey
from azext_podidentity.profile.labels import IDENTITY_BINDING_ANNOTATION
from azure_simulator import Simulator
from development.kubernetes_api import KubernetesApi, kubernetes_api
from development.paths import ROOT
from tests.support.azure_cli import CLUSTER, GROUP, NAMESPACE, ON_CLUSTER, AzureCli
from tests.support.cluster_state import seed_entries
from tests.support.pod_states import agent, agent_set, identity_objects, live, node, pod
from tests.support.workload_manifests import ENABLED, USE, service_account

CHECK = f"aks pod-identity check {ON_CLUSTER}"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[KubernetesApi]:
    with kubernetes_api(tmp_path) as api:
        yield api


@pytest.fixture
def az_there(az: AzureCli, api: KubernetesApi) -> AzureCli:
    """An az whose kubectl finds the API."""
    return az.with_environment(**api.environment())


def cluster_objects(simulator: Simulator, label: str) -> list[dict[str, Any]]:
    """A cluster with a pod identity 'app' and a pod with that label, as kubectl shows it."""
    app = seed_entries(simulator, "app", fqdn="127.0.0.1")["app"]
    client_id = app["properties"]["clientId"]
    objects = identity_objects(EntryKey(NAMESPACE, "app"), app["id"], client_id=client_id)
    return [node(), agent_set(), agent(), *objects, pod(label)]


def found(findings: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(each["check"], each["subject"]) for each in findings if each["check"] != "deprecation"]


def test_kubectl_reads_pods_and_fix_command(az_there: AzureCli, api: KubernetesApi, simulator: Simulator) -> None:
    api.seed(*cluster_objects(simulator, "App"))

    findings = az_there(f"{CHECK} --context here").ok().json

    assert found(findings) == [("pod-label", "Pod my-app/web")]
    api.run(*findings[0]["command"].split())
    assert found(az_there(f"{CHECK} --context here").ok().json) == [("pod-managed-identity", "Pod my-app/web")]
    assert not [each for each in simulator.requests.all() if each.method != "GET"]


def test_pods_from_stdin(az_there: AzureCli, api: KubernetesApi, simulator: Simulator) -> None:
    api.seed(*cluster_objects(simulator, "nothing"))
    printed = api.run("kubectl", "get", "pods,azureidentities,azureidentitybindings", "-A", "-o", "json")

    result = az_there(f"{CHECK} --workloads - --fail-on error", stdin=printed)

    assert found(result.json) == [("pod-label", "Pod my-app/web")]
    assert result.exit_code == 1


def commands_for_a_file(az: AzureCli, folder: Path) -> list[str]:
    """The commands that save the objects: that of the error message, and that of docs/pods.md."""
    empty = folder / "empty.yaml"
    empty.write_text("")
    message = az(f"{CHECK} --workloads {empty}").failed()
    advised = next(line for line in message.splitlines() if line.startswith("kubectl get"))
    block = (ROOT / "docs/pods.md").read_text("utf-8").partition("KINDS=")[2].partition("--output json")
    return [advised, "KINDS=" + "".join(block[:2])]


def test_advised_command_saves_all(
    az_there: AzureCli, api: KubernetesApi, simulator: Simulator, tmp_path: Path
) -> None:
    objects = cluster_objects(simulator, "nothing")
    api.seed(*objects)
    expected = az_there(f"{CHECK} --context here").ok().json
    file = tmp_path / "cluster.json"
    for command in commands_for_a_file(az_there, tmp_path):
        exit_code, printed = api.run_in_cluster(command)
        assert exit_code == 0, printed
        assert {each["kind"] for each in json.loads(printed)["items"]} == {each["kind"] for each in objects}
        file.write_text(printed)
        assert az_there(f"{CHECK} --workloads {file}").ok().json == expected


def test_advised_command_without_custom_resources(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    objects = [each for each in cluster_objects(simulator, "app") if "aadpodidentity" not in each["apiVersion"]]
    with kubernetes_api(tmp_path, without="aadpodidentity.k8s.io") as api:
        api.seed(*objects)
        for command in commands_for_a_file(az, tmp_path):
            exit_code, printed = api.run_in_cluster(command)
            assert exit_code == 0, printed
            assert len(json.loads(printed)["items"]) == len(objects)


def test_run_command_on_private_cluster(az: AzureCli, simulator: Simulator) -> None:
    printed = json.dumps({"apiVersion": "v1", "kind": "List", "items": live(cluster_objects(simulator, "app"))})
    ran: list[str] = []

    def run(command: str) -> tuple[int, str]:
        ran.append(command)
        return 0, printed

    simulator.settings.run_command = run

    assert found(az(f"{CHECK} --run-command").ok().json) == [("pod-managed-identity", "Pod my-app/web")]
    assert ran == [in_cluster_command(FOR_POD_CHECKS)]


def test_pod_followed_to_token(az_there: AzureCli, api: KubernetesApi, simulator: Simulator) -> None:
    api.seed(*cluster_objects(simulator, "App"))

    table = az_there(f"{CHECK} --pod my-app/web --output table").ok().stdout

    chain, _, command = table.partition("\nSuggested commands:\n")
    lines = chain.splitlines()
    marks = "".join(line[0] for line in lines[2:] if line[0] != " ")
    assert marks == "\u2713\u2713\u2713\u2717\u2713\u2713\u2713\u2713\u2717"
    assert max(map(len, lines)) <= 100
    api.run(*command.split())
    steps = az_there(f"{CHECK} --pod my-app/web --fail-on warning").ok().json
    assert {each["state"] for each in steps} == {"Ok"}
    assert steps[-1]["step"] == "Result"
    assert set(steps[-1]) == {"step", "state", "detail", "command"}


def test_pod_followed_to_federated_credential(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    app = seed_entries(simulator, "other", **ENABLED)["other"]
    moved = pod(None, labels={USE: "true"}, container={"env": [{"name": "AZURE_FEDERATED_TOKEN_FILE"}]})
    file = tmp_path / "pods.json"
    printed = {"apiVersion": "v1", "kind": "List"}
    account = service_account("web", simulator.seed.managed_identity("apart", "mine")["properties"]["clientId"])
    file.write_text(json.dumps({**printed, "items": live([moved, account])}))

    steps = az(f"{CHECK} --workloads {file} --pod my-app/web").ok().json

    assert [each["step"] for each in steps if each["state"] == "Error"] == ["Credential", "Result"]
    az.paste(steps[-1]["command"])
    result = az(f"{CHECK} --workloads {file} --pod my-app/web --fail-on error").ok().json[-1]
    assert result["state"] == "Ok"
    assert "'mine'" in result["detail"]
    assert app["name"] not in result["detail"]


def test_pod_followed_to_identity_binding(az: AzureCli, simulator: Simulator) -> None:
    app = seed_entries(simulator, "app", **ENABLED)["app"]
    simulator.seed.identity_binding(GROUP, CLUSTER, "bound", app["id"])
    annotations = {IDENTITY_BINDING_ANNOTATION: "true"}
    container = {"env": [{"name": "AZURE_FEDERATED_TOKEN_FILE"}]}
    moved = pod(None, labels={USE: "true"}, annotations=annotations, container=container)
    items = live([moved, service_account("web", app["properties"]["clientId"])])
    printed = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})

    steps = az(f"{CHECK} --workloads - --pod my-app/web", stdin=printed).ok().json

    (binding,) = [each for each in steps if each["step"] == "Identity binding"]
    assert (binding["state"], "'bound'" in binding["detail"]) == ("Ok", True)
    assert [each["step"] for each in steps if each["state"] != "Ok"] == ["Cluster role", "Result"]


def on_identity_binding(simulator: Simulator) -> list[dict[str, Any]]:
    """A cluster with an identity binding and a pod that uses it, as kubectl shows it."""
    app = seed_entries(simulator, "app", fqdn="127.0.0.1", **ENABLED)["app"]
    simulator.seed.identity_binding(GROUP, CLUSTER, "bound", app["id"])
    client_id = app["properties"]["clientId"]
    container = {"env": [{"name": "AZURE_FEDERATED_TOKEN_FILE"}]}
    annotations = {IDENTITY_BINDING_ANNOTATION: "true"}
    moved = pod(None, labels={USE: "true"}, annotations=annotations, container=container)
    objects = identity_objects(EntryKey(NAMESPACE, "app"), app["id"], client_id=client_id)
    return [node(), agent_set(), agent(), *objects, moved, service_account("web", client_id)]


def test_missing_cluster_role_is_granted(az_there: AzureCli, api: KubernetesApi, simulator: Simulator) -> None:
    api.seed(*on_identity_binding(simulator))

    steps = az_there(f"{CHECK} --pod my-app/web --context here").ok().json

    assert [each["step"] for each in steps if each["state"] != "Ok"] == ["Cluster role", "Result"]
    (finding,) = [each for each in az_there(f"{CHECK} --context here").ok().json if "binding" in each["check"]]
    assert finding["command"] == steps[-1]["command"]
    api.run("sh", "-c", finding["command"])
    assert {each["state"] for each in az_there(f"{CHECK} --pod my-app/web --context here").ok().json} == {"Ok"}


def test_forbidden_cluster_roles_yield_finding(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    with kubernetes_api(tmp_path, forbidden=["rbac.authorization.k8s.io/v1/clusterroles"]) as api:
        there = AzureCli(az.az, {**az.environment, **api.environment()})
        api.seed(*on_identity_binding(simulator))
        findings = there(f"{CHECK} --context here").ok().json
        steps = there(f"{CHECK} --pod my-app/web --context here").ok().json

    (finding,) = [each for each in findings if each["check"] == "pod-identity-binding-role"]
    assert (finding["severity"], "orbidden" in finding["message"]) == ("warning", True)
    (step,) = [each for each in steps if each["step"] == "Cluster role"]
    assert (step["state"], step["command"].split()[:3]) == ("Unknown", ["kubectl", "auth", "can-i"])


@pytest.mark.usefixtures("cluster")
def test_unknown_pod(az: AzureCli) -> None:
    text = json.dumps(live([pod()])[0])
    assert "Similar: my-app/web" in az(f"{CHECK} --workloads - --pod my-app/demo", stdin=text).failed(3)
    assert "is not NAMESPACE/NAME" in az(f"{CHECK} --pod demo").failed()


def test_workload_sources_are_mutually_exclusive(az: AzureCli, simulator: Simulator) -> None:
    assert "cannot be used together" in az(f"{CHECK} --run-command --context here").failed()
    assert "no Kubernetes object found" in az(f"{CHECK} --workloads -", stdin="").failed()
    assert simulator.requests.all() == []
