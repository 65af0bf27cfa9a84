# SPDX-License-Identifier: MIT
"""Test the plan of `az aks pod-identity migrate`, and its changes in Azure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from azure_simulator import Fault, Simulator
from tests.support.azure_cli import CLUSTER, CLUSTER_PATH, GROUP, NAMESPACE, AzureCli, kill_at
from tests.support.cluster_state import entries, seed_entries, takes
from tests.support.workload_manifests import (
    CREDENTIALS,
    ENABLED,
    ISSUER,
    MIGRATE,
    codes,
    credentials,
    live,
    service_account,
    workload,
    write,
    writes,
)


def test_plan_changes_nothing(each_az: AzureCli, simulator: Simulator, manifests: Path) -> None:
    identity = seed_entries(simulator, "app", "batch")["app"]

    plan = each_az(f"{MIGRATE} --workloads {manifests}").ok().json

    assert [each["state"] for each in plan["features"]] == ["ToEnable", "ToEnable"]
    assert plan["credentials"] == [
        {
            "identity": identity["id"],
            "name": None,
            "issuer": None,
            "subject": f"system:serviceaccount:{NAMESPACE}:web",
            "state": "Pending",
        }
    ]
    account = {"namespace": NAMESPACE, "name": "web", "clientId": identity["properties"]["clientId"]}
    assert plan["serviceAccounts"] == [{**account, "state": "Pending"}]
    (web,) = plan["workloads"]
    assert web["source"] == f"{manifests}:1"
    assert web["labels"] == {"azure.workload.identity/use": "true"}
    assert (plan["stage"], web["rollout"]) == ("Prepare", "RollingUpdate")
    assert codes(plan) == ["DefaultServiceAccount", "EnablesOidcIssuer"]
    assert plan["decisions"][0]["blockedWorkloads"] == [f"CronJob {NAMESPACE}/job"]
    assert not writes(simulator)


def test_plan_table_width(az: AzureCli, simulator: Simulator, manifests: Path) -> None:
    seed_entries(simulator, "app", "batch", "a-managed-identity-with-a-name-that-is-long-as-they-are")

    table = az(f"{MIGRATE} --workloads {manifests} --output table").ok().stdout

    assert max(map(len, table.splitlines())) <= 100
    for word in ("Feature", "Credential", "ServiceAccount", "Workload", "ActionRequired", "Info", "UnusedIdentity"):
        assert word in table


def test_approve_enables_features_and_creates_credentials(
    each_az: AzureCli, simulator: Simulator, manifests: Path
) -> None:
    seed_entries(simulator, "app", "batch")

    plan = each_az(f"{MIGRATE} --workloads {manifests} --new-service-accounts --approve --yes").ok().json

    after = simulator.cluster(GROUP, CLUSTER)["properties"]
    issuer = after["oidcIssuerProfile"]["issuerURL"]
    assert after["securityProfile"]["workloadIdentity"] == {"enabled": True}
    assert writes(simulator) == ["PUT managedClusters", *["PUT userAssignedIdentities"] * 2]
    for name, account in (("app", "web"), ("batch", "batch")):
        subject = f"system:serviceaccount:{NAMESPACE}:{account}"
        audiences = ["api://AzureADTokenExchange"]
        assert credentials(simulator, name) == [{"issuer": issuer, "subject": subject, "audiences": audiences}]
    assert [each["state"] for each in plan["credentials"]] == ["Created", "Created"]
    assert plan["issuerUrl"] == issuer
    read, written = (simulator.requests.matching(method, CLUSTER_PATH)[0] for method in ("GET", "PUT"))
    old, new = read.response["properties"], written.body["properties"]
    with_read_only_parts = {"agentPoolProfiles", "networkProfile", "podIdentityProfile"}
    changed = {name for name in new if new[name] != old.get(name)} - with_read_only_parts
    assert changed == {"oidcIssuerProfile", "securityProfile"}
    assert len(entries(simulator)) == 2
    assert written.headers["if-match"].strip('"') == read.response["eTag"]


def test_repeated_approve_writes_nothing(az: AzureCli, simulator: Simulator, manifests: Path) -> None:
    seed_entries(simulator, "app", "batch")
    az(f"{MIGRATE} --workloads {manifests} --approve --yes").ok()
    simulator.requests.clear()

    plan = az(f"{MIGRATE} --workloads {manifests} --approve --yes").ok().json

    assert not writes(simulator)
    assert [each["state"] for each in plan["credentials"]] == ["Exists"]


def test_approve_keeps_enabled_and_unknown_fields(az: AzureCli, simulator: Simulator, manifests: Path) -> None:
    profile = {"defender": {"securityMonitoring": {"enabled": False}}, "ofANewerVersion": {"a": 1}}
    seed_entries(simulator, "app", "batch", oidcIssuerProfile=ENABLED["oidcIssuerProfile"], securityProfile=profile)

    az(f"{MIGRATE} --workloads {manifests} --approve --yes").ok()

    after = simulator.cluster(GROUP, CLUSTER)["properties"]
    assert after["oidcIssuerProfile"] == ENABLED["oidcIssuerProfile"]
    assert after["securityProfile"] == {**profile, "workloadIdentity": {"enabled": True}}


def test_decision_blocks_only_own_workloads(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    seed_entries(simulator, "app", "batch", **ENABLED)
    file = write(
        tmp_path / "all.yaml",
        workload("web", "app", account="web"),
        workload("one", "app", account="shared"),
        workload("two", "batch", account="shared"),
        workload("lost", "nobody", account="lost"),
    )

    plan = az(f"{MIGRATE} --workloads {file} --approve").ok().json

    assert sorted(codes(plan)) == ["NoIdentity", "SharedServiceAccount"]
    assert [each["subject"].rpartition(":")[2] for each in credentials(simulator)] == ["web"]
    assert not credentials(simulator, "batch")


@pytest.mark.parametrize("request_", [("PUT", CLUSTER_PATH), ("PUT", CREDENTIALS)], ids=["cluster", "credentials"])
def test_killed_approve_completed_by_next_run(
    az: AzureCli, simulator: Simulator, manifests: Path, request_: tuple[str, str]
) -> None:
    seed_entries(simulator, "app", "batch")
    command = f"{MIGRATE} --workloads {manifests} --new-service-accounts --approve --yes"
    kill_at(az, simulator, command, *request_)

    az(command).ok()

    assert len(credentials(simulator)) == len(credentials(simulator, "batch")) == 1
    assert len(simulator.requests.matching("PUT", CLUSTER_PATH)) == 1


def test_approve_keeps_concurrent_change(az: AzureCli, simulator: Simulator, manifests: Path) -> None:
    seed_entries(simulator, "app", "batch")
    takes(simulator, update=0.1)

    def tag(body: dict[str, Any]) -> None:
        body["tags"] = {"theirs": "1"}

    simulator.faults.add(
        Fault("PUT", CLUSTER_PATH, call=lambda: simulator.start_operation(GROUP, CLUSTER, 0, tag)),
    )

    az(f"{MIGRATE} --workloads {manifests} --approve --yes").ok()

    after = simulator.cluster(GROUP, CLUSTER)
    assert after["tags"] == {"theirs": "1"}
    assert after["properties"]["securityProfile"]["workloadIdentity"] == {"enabled": True}


@pytest.mark.parametrize("profile", [False, True], ids=["never enabled", "nothing matches"])
def test_approve_nothing_to_write(az: AzureCli, simulator: Simulator, manifests: Path, profile: bool) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=profile)

    result = az(f"{MIGRATE} --workloads {manifests} --approve --yes").ok()

    assert "NoIdentity" in codes(result.json)
    assert ("AddOnDisabled" in codes(result.json)) == (not profile)
    assert not writes(simulator)


def test_status_of_workloads(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    identities = seed_entries(simulator, "app", "batch", **ENABLED)
    client_ids = {name: each["properties"]["clientId"] for name, each in identities.items()}
    simulator.seed.federated_credential(
        identities["app"]["id"], "theirs", ISSUER, f"system:serviceaccount:{NAMESPACE}:web"
    )
    moved = {name: workload(name, None, account=name) for name in ("web", "job", "plain")}
    for each in moved.values():
        each["spec"]["template"]["metadata"]["labels"]["azure.workload.identity/use"] = "true"
    file = tmp_path / "all.json"
    accounts = [service_account("web", client_ids["app"]), service_account("job", client_ids["batch"])]
    left = workload("left", "app", account="web")
    file.write_text(json.dumps(live(*moved.values(), *accounts, left, workload("never", None))))

    result = az(f"{MIGRATE} --workloads {file} --status").ok()

    states = {each["name"]: each["state"] for each in result.json}
    assert states == {"web": "Ready", "job": "NotReady", "plain": "NotReady", "left": "Labelled"}
    table = az(f"{MIGRATE} --workloads {file} --status -o table").ok().stdout
    assert max(map(len, table.splitlines())) <= 100
    assert "has no credential" in " ".join(table.split())


@pytest.mark.parametrize(
    "options",
    [
        "--approve --finish",
        "--remove-labels --one-step",
        "--issuer https://x",
        "--approve --force",
        "--undo --workloads x",
        "--workloads x --run-command",
        "--status --output-dir x",
        "--namespace Not_a_namespace",
        "--workloads /not/there",
    ],
)
def test_invalid_command_lines(az: AzureCli, simulator: Simulator, options: str) -> None:
    az(f"{MIGRATE} {options}").failed()
    assert not simulator.requests.all()


def test_enable_oidc_issuer_needs_consent(az: AzureCli, simulator: Simulator, manifests: Path) -> None:
    seed_entries(simulator, "app", "batch")

    message = az(f"{MIGRATE} --workloads {manifests} --approve").failed()

    assert "cannot be disabled again" in message
    assert "--yes" in message
    assert not writes(simulator)
    enabled = {"oidcIssuerProfile": ENABLED["oidcIssuerProfile"]}
    seed_entries(simulator, "app", "batch", **enabled)
    az(f"{MIGRATE} --workloads {manifests} --approve").ok()
