# SPDX-License-Identifier: MIT
"""Test a migration to identity bindings, from the plan to `--finish` and `--undo`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from azure_simulator import Simulator
from azure_simulator.resources.federated_credentials import MAXIMUM
from azure_simulator.shared_clock import SharedClock
from development.kubernetes_api import KubernetesApi, kubernetes_api
from development.paths import OLDEST, Host
from tests.support.azure_cli import CLUSTER, GROUP, AzureCli
from tests.support.cluster_state import profile_of, seed_entries
from tests.support.workload_manifests import (
    CLIENT_ID,
    ENABLED,
    MIGRATE,
    USE,
    codes,
    kustomize,
    pod_of,
    service_account,
    workload,
    write,
    writes,
)

BIND = f"{MIGRATE} --target identity-binding"
ANNOTATION = "azure.workload.identity/use-identity-binding"
TENANT_ID = "azure.workload.identity/tenant-id"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[KubernetesApi]:
    with kubernetes_api(tmp_path) as api:
        yield api


def names(simulator: Simulator) -> list[str]:
    return [each["name"] for each in simulator.identity_bindings(GROUP, CLUSTER)]


def credential_names(simulator: Simulator, identity: dict[str, Any]) -> list[str]:
    return [each["name"] for each in simulator.federated_credentials(identity["id"])]


def test_bindings_from_plan_to_finish(az: AzureCli, api: KubernetesApi, simulator: Simulator, tmp_path: Path) -> None:
    az = az.with_environment(**api.environment())
    identity = seed_entries(simulator, "app", **ENABLED, fqdn="127.0.0.1")["app"]
    api.seed(workload("web", "app", account="web"), service_account("web"))

    plan = az(f"{BIND} --approve --output-dir {tmp_path / 'one'}").ok().json
    (binding,) = plan["identityBindings"]
    assert (binding["identity"], binding["state"]) == (identity["id"], "Created")
    assert names(simulator) == [binding["name"]]
    assert plan["credentials"] == []
    assert credential_names(simulator, identity) == ["aks-identity-binding"]
    assert "CodeMustOptIn" in codes(plan)
    api.run("sh", str(tmp_path / "one" / "apply.sh"))

    pod = pod_of(api.get("Deployment", "web"))["metadata"]
    assert (pod["labels"][USE], pod["annotations"][ANNOTATION]) == ("true", "true")
    annotations = api.get("ServiceAccount", "web")["metadata"]["annotations"]
    assert annotations[CLIENT_ID] == identity["properties"]["clientId"]
    assert annotations[TENANT_ID] == simulator.tenant_id

    az(f"{MIGRATE} --remove-labels --output-dir {tmp_path / 'two'}").ok()
    api.run("sh", str(tmp_path / "two" / "apply.sh"))
    assert [each["state"] for each in az(f"{MIGRATE} --status").ok().json] == ["Ready"]
    az(f"{MIGRATE} --finish --yes").ok()
    assert not profile_of(simulator).get("enabled")
    assert names(simulator) == [binding["name"]]


def test_limit_decision_recommends_mixed_migration(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    full = seed_entries(simulator, "app", "batch", **ENABLED)["app"]
    for number in range(MAXIMUM - 1):
        simulator.seed.federated_credential(full["id"], f"name{number}", "https://issuer", str(number))
    objects = [
        workload(name, selector, account=name) for name, selector in (("a", "app"), ("b", "app"), ("c", "batch"))
    ]
    manifests = write(tmp_path / "all.yaml", *objects)

    plan = az(f"{MIGRATE} --workloads {manifests}").ok().json

    (decision,) = [each for each in plan["decisions"] if each["code"] == "TooManyCredentials"]
    folder = tmp_path / "out"
    made = az(f"{decision['command'].removeprefix('az ')} --approve --output-dir {folder}").ok().json
    assert [each["state"] for each in made["identityBindings"]] == ["Created"]
    assert [each["state"] for each in made["credentials"]] == ["Created"]
    assert "TooManyCredentials" not in codes(made)
    built = kustomize(folder)
    assert sorted(kind for kind, _ in built if kind.startswith("Cluster")) == [
        "ClusterRole",
        *["ClusterRoleBinding"] * 2,
    ]
    annotated = {
        name for (kind, name), each in built.items() if kind == "Deployment" and ANNOTATION in str(pod_of(each))
    }
    assert annotated == {"a", "b"}


def test_undo_removes_own_bindings_only(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    identities = seed_entries(simulator, "app", "batch", **ENABLED)
    simulator.seed.identity_binding(GROUP, CLUSTER, "theirs", identities["batch"]["id"])
    manifests = write(tmp_path / "a.yaml", workload("a", "app", account="a"), workload("b", "batch", account="b"))

    made = az(f"{BIND} --workloads {manifests} --approve").ok().json
    assert {each["name"]: each["state"] for each in made["identityBindings"]}["theirs"] == "Exists"
    assert len(names(simulator)) == 2
    simulator.requests.clear()
    az(f"{BIND} --workloads {manifests} --approve").ok()
    assert not writes(simulator)

    undone = az(f"{MIGRATE} --undo --yes").ok()
    (removed,) = undone.json["removedIdentityBindings"]
    assert removed["identity"] == identities["app"]["id"]
    assert names(simulator) == ["theirs"]
    assert credential_names(simulator, identities["app"]) == ["aks-identity-binding"]
    assert any("aks-identity-binding" in each for each in undone.warnings)


def test_failed_binding_created_by_next_run(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    seed_entries(simulator, "app", "batch", **ENABLED)
    simulator.faults.add_known("AuthorizationFailed", "operation")
    manifests = write(tmp_path / "a.yaml", workload("a", "app", account="a"), workload("b", "batch", account="b"))

    result = az(f"{BIND} --workloads {manifests} --approve")
    assert (result.exit_code, "AuthorizationFailed" in result.stderr) == (1, True)
    assert sorted(each["state"] for each in result.json["identityBindings"]) == ["Created", "Pending"]
    again = az(f"{BIND} --workloads {manifests} --approve").ok().json
    assert sorted(each["state"] for each in again["identityBindings"]) == ["Created", "Exists"]


@pytest.mark.usefixtures("simulated_time")
def test_many_bindings_within_azure_limits(
    az: AzureCli, simulator: Simulator, tmp_path: Path, simulated_time: SharedClock
) -> None:
    count = 40
    identities = seed_entries(simulator, *(f"app{number}" for number in range(count)), **ENABLED)
    objects = [workload(name, name, account=name) for name in identities]
    manifests = write(tmp_path / "all.yaml", *objects)
    begun = simulated_time.now()

    az(f"{BIND} --workloads {manifests} --approve").ok()

    assert len(names(simulator)) == count
    assert simulated_time.now() - begun <= 1.2 * simulator.durations.identity_binding * count / 10
    assert not [each for each in simulator.requests.all() if each.status == 429]


def test_old_azure_cli_refused(simulator: Simulator, logged_in: Callable[[Host], AzureCli], tmp_path: Path) -> None:
    seed_entries(simulator, "app")
    manifests = write(tmp_path / "a.yaml", workload("a", "app", account="a"))
    message = logged_in(OLDEST)(f"{BIND} --workloads {manifests} --approve --yes").failed()
    assert "azure-cli 2.88.0 or later" in message
    assert not simulator.requests.matching("PUT")


def test_vnet_integration_refused(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    seed_entries(simulator, "app", **ENABLED, apiServerAccessProfile={"enableVnetIntegration": True})
    manifests = write(tmp_path / "a.yaml", workload("a", "app", account="a"))
    message = az(f"{BIND} --workloads {manifests} --approve --yes").failed()
    assert "VNet integration" in message
