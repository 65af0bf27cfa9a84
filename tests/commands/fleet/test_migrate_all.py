# SPDX-License-Identifier: MIT
"""Test `az aks pod-identity migrate --all-clusters`, the migration status of each cluster."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from azure_simulator import Simulator
from development.kubernetes_api import kubernetes_api
from tests.support.azure_cli import CLUSTER, GROUP, AzureCli
from tests.support.cluster_state import pod_identity, seed_entries
from tests.support.faults import forbidden
from tests.support.workload_manifests import ENABLED, ISSUER, USE, service_account, workload

MIGRATE = "aks pod-identity migrate --all-clusters"
CREDENTIALS = "/federatedIdentityCredentials$"


@pytest.fixture
def fleet(simulator: Simulator) -> Simulator:
    """A cluster that is ready to finish, one that has not begun, with the same managed identity, and one without it."""
    identity = seed_entries(simulator, "app", **ENABLED)["app"]
    simulator.seed.federated_credential(identity["id"], "one", ISSUER, "system:serviceaccount:my-app:web")
    profile = {"enabled": True, "userAssignedIdentities": [pod_identity(identity, "app")]}
    simulator.seed.cluster("other", "second", subscription_id=simulator.second_subscription_id, pod_identity=profile)
    simulator.seed.cluster("other", "finished", pod_identity=False)
    return simulator


def test_one_row_per_cluster(az: AzureCli, fleet: Simulator, tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    result = az(f"{MIGRATE} --report {report}").ok()
    assert {row["cluster"]: row["state"] for row in result.json} == {CLUSTER: "ReadyToFinish", "second": "NotStarted"}
    assert "The add-on is enabled on 2 of 3 clusters: 1 NotStarted, 1 ReadyToFinish." in result.stderr
    assert len(fleet.requests.matching("GET", CREDENTIALS)) == 1
    assert "| second |" in report.read_text("utf-8")
    assert az(f"{MIGRATE} --status -o table").ok().stdout.startswith("Cluster ")


def test_identity_bindings_count_as_credentials(az: AzureCli, simulator: Simulator) -> None:
    identity = seed_entries(simulator, "app", **ENABLED)["app"]
    simulator.seed.identity_binding(GROUP, CLUSTER, "bound", identity["id"])
    simulator.faults.add(forbidden("GET", "/identityBindings$", times=1))
    refused = az(MIGRATE)
    assert (refused.exit_code, refused.json[0]["state"]) == (1, "Unknown")
    assert "The identity bindings could not be listed." in refused.json[0]["reason"]
    (row,) = az(MIGRATE).ok().json
    assert (row["state"], row["withCredentials"], row["withBindings"]) == ("ReadyToFinish", 0, 1)


def test_identity_over_limit(az: AzureCli, fleet: Simulator) -> None:
    resource_id = fleet.cluster(GROUP, CLUSTER)["properties"]["podIdentityProfile"]["userAssignedIdentities"][0]
    for number in range(19):
        subject = f"system:serviceaccount:n{number}:a"
        fleet.seed.federated_credential(resource_id["identity"]["resourceId"], f"c{number}", ISSUER, subject)
    result = az(MIGRATE).ok()
    assert "would need at least 21 federated identity credentials (20 exist)" in result.stderr
    assert {row["cluster"]: len(row["overCredentialLimit"]) for row in result.json} == {CLUSTER: 1, "second": 1}


def test_unreadable_is_unknown(az: AzureCli, fleet: Simulator) -> None:
    fleet.faults.add(forbidden("GET", CREDENTIALS, times=9))
    result = az(MIGRATE)
    assert result.exit_code == 1
    assert {row["state"] for row in result.json} == {"Unknown"}
    assert "--all-clusters and --finish cannot be used together." in az(f"{MIGRATE} --finish").failed()


def kubeconfig(path: Path, **servers: str) -> str:
    """A file of contexts with the addresses of their API servers."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": server}} for name, server in servers.items()],
        "contexts": [{"name": name, "context": {"cluster": name, "user": "me"}} for name in servers],
        "users": [{"name": "me", "user": {}}],
    }
    path.write_text(json.dumps(config))
    return str(path)


def test_workloads_by_contexts(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    identity = seed_entries(simulator, "app", fqdn="127.0.0.1", **ENABLED)["app"]
    simulator.seed.federated_credential(identity["id"], "one", ISSUER, "system:serviceaccount:my-app:web")
    for name in ("second", "third"):
        simulator.seed.cluster("other", name)
    moved = workload("web", None, account="web")
    moved["spec"]["template"]["metadata"]["labels"][USE] = "true"
    with kubernetes_api(tmp_path) as api:
        api.seed(workload("old", "app"), moved, service_account("web", identity["properties"]["clientId"]))
        environ = api.environment()
        environ["KUBECONFIG"] += os.pathsep + kubeconfig(tmp_path / "more", second="https://127.0.0.2:9")
        there = AzureCli(az.az, {**az.environment, **environ})

        result = there(f"{MIGRATE} --context '*' --report {tmp_path / 'report.md'}")

        rows = {row["cluster"]: row for row in result.json}
        assert result.exit_code == 4, result.stderr
        assert "Partial result: The workloads of 1 cluster could not be read." in result.stderr
        found = rows[CLUSTER]
        assert (found["context"], found["labelled"], found["ready"], found["state"]) == ("here", 1, 1, "InProgress")
        assert (rows["second"]["context"], rows["second"]["labelled"]) == ("second", None)
        assert "kubectl failed to list the workloads" in rows["second"]["workloadsReason"]
        assert rows["third"]["workloadsReason"] == "No kubectl context matches the cluster."
        assert "| ? | ? | ? | ? |" in (tmp_path / "report.md").read_text("utf-8")
        shown = there(f"{MIGRATE} --context here -o table").ok()
        assert "1 Labelled" in shown.stdout
        assert max(map(len, shown.stdout.splitlines())) <= 160
        assert "Workloads of 1 of 3 clusters were read: 1 Labelled, 1 Ready" in shown.stderr
        assert "No kubectl context matches --context 'nothing'." in there(f"{MIGRATE} --context nothing").failed()
