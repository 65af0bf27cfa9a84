# SPDX-License-Identifier: MIT
"""Test the federated identity credentials of `az aks pod-identity migrate --approve`."""

from __future__ import annotations

from pathlib import Path

from azure_simulator import Fault, Simulator
from tests.support.azure_cli import CLUSTER, CLUSTER_PATH, GROUP, NAMESPACE, AzureCli
from tests.support.cluster_state import pod_exception, pod_identity, seed_entries
from tests.support.faults import forbidden
from tests.support.workload_manifests import (
    CREDENTIALS,
    ENABLED,
    ISSUER,
    MIGRATE,
    codes,
    credentials,
    workload,
    write,
    writes,
)


def test_existing_credential_kept_different_reported(az: AzureCli, simulator: Simulator, manifests: Path) -> None:
    identities = seed_entries(simulator, "app", "batch", **ENABLED)
    subjects = {"app": f"system:serviceaccount:{NAMESPACE}:web", "batch": f"system:serviceaccount:{NAMESPACE}:batch"}
    for name, audience in (("app", "api://AzureADTokenExchange"), ("batch", "api://another")):
        simulator.seed.federated_credential(identities[name]["id"], "theirs", ISSUER, subjects[name], audience)

    plan = az(f"{MIGRATE} --workloads {manifests} --new-service-accounts --approve").ok().json

    assert not writes(simulator)
    assert [(each["name"], each["state"]) for each in plan["credentials"]] == [("theirs", "Exists")]
    (decision,) = plan["decisions"]
    assert decision["code"] == "ConflictingCredential"
    az.paste(decision["command"])
    assert [each["name"] for each in simulator.federated_credentials(identities["batch"]["id"])] == []


def test_credentials_of_one_identity_are_sequential(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    seed_entries(simulator, "app", "batch", **ENABLED)
    simulator.settings.azure_cli_latency = 0.05  # two writes at the same time would meet
    there = [workload(f"w{n}", selector, account=f"a{n}") for n in range(4) for selector in ("app",)]
    there += [workload(f"b{n}", "batch", account=f"b{n}") for n in range(4)]

    az(f"{MIGRATE} --workloads {write(tmp_path / 'all.yaml', *there)} --approve").ok()

    assert len(credentials(simulator)) == len(credentials(simulator, "batch")) == 4
    assert {each.status for each in simulator.requests.matching("PUT", CREDENTIALS)} == {201}


def test_concurrent_write_to_same_identity(az: AzureCli, simulator: Simulator, manifests: Path) -> None:
    seed_entries(simulator, "app", "batch", **ENABLED)
    code = "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity"
    simulator.faults.add(Fault("PUT", CREDENTIALS, status=409, code=code, shape="front-door"))

    az(f"{MIGRATE} --workloads {manifests} --approve").ok()

    assert len(credentials(simulator)) == 1


def test_forbidden_credential_blocks_no_other(az: AzureCli, simulator: Simulator, manifests: Path) -> None:
    identity = seed_entries(simulator, "app", "batch", **ENABLED)["app"]
    command = f"{MIGRATE} --workloads {manifests} --new-service-accounts --approve"
    simulator.faults.add(forbidden("PUT", "userAssignedIdentities/app" + CREDENTIALS))

    result = az(command)

    assert result.exit_code == 1
    assert "AuthorizationFailed" in result.stderr
    assert [each["state"] for each in result.json["credentials"]] == ["Created", "Pending"]
    assert len(credentials(simulator, "batch")) == 1
    az.paste(result.stderr)  # what somebody with more rights is to run
    assert [each["state"] for each in az(command).ok().json["credentials"]] == ["Exists", "Exists"]
    assert len(simulator.federated_credentials(identity["id"])) == 1


def test_identity_of_other_subscription(az: AzureCli, simulator: Simulator, manifests: Path) -> None:
    identity = simulator.seed.managed_identity(GROUP, "app", simulator.second_subscription_id)
    profile = {"enabled": True, "userAssignedIdentities": [pod_identity(identity, "app")]}
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=profile, **ENABLED)

    az(f"{MIGRATE} --workloads {manifests} --approve").ok()

    assert len(simulator.federated_credentials(identity["id"])) == 1


def test_deleted_identity_is_decision(az: AzureCli, simulator: Simulator, manifests: Path) -> None:
    identities = seed_entries(simulator, "app", "batch", **ENABLED)
    simulator.remove_managed_identity(identities["app"]["id"])

    plan = az(f"{MIGRATE} --workloads {manifests} --new-service-accounts --approve").ok().json

    assert codes(plan) == ["ManagedIdentityNotFound"]
    assert len(credentials(simulator, "batch")) == 1


def test_unreadable_identity_blocks_no_other(az: AzureCli, simulator: Simulator, manifests: Path) -> None:
    seed_entries(simulator, "app", "batch", **ENABLED)
    simulator.faults.add(forbidden("GET", f"userAssignedIdentities/app{CREDENTIALS}", times=9))

    result = az(f"{MIGRATE} --workloads {manifests} --new-service-accounts --approve").ok()

    assert codes(result.json) == ["ManagedIdentityUnreadable"]
    assert "AuthorizationFailed" in result.json["decisions"][0]["reason"]
    assert "Workloads skipped until the decisions of the plan are taken: 1." in result.warnings
    assert len(credentials(simulator, "batch")) == 1
    assert "nothing is removed" in az(f"{MIGRATE} --undo --yes").failed()  # not all can be removed, so none is
    assert len(credentials(simulator, "batch")) == 1


def test_identities_listed_by_resource_group(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    names = ("one", "two", "three", "four", "five")
    seed_entries(simulator, *names, **ENABLED)
    file = write(tmp_path / "all.yaml", *(workload(name, name, account=name) for name in names))
    listing, one = "/userAssignedIdentities$", "/userAssignedIdentities/[^/]+$"
    command = f"{MIGRATE} --workloads {file}"
    first = az(command).ok().json
    assert (len(simulator.requests.matching("GET", listing)), simulator.requests.matching("GET", one)) == (1, [])
    simulator.faults.add(forbidden("GET", listing))

    assert az(command).ok().json == first
    assert len(simulator.requests.matching("GET", one)) == len(names)


def test_approve_keeps_profile_of_disabled_add_on(az: AzureCli, simulator: Simulator, manifests: Path) -> None:
    identity = simulator.seed.managed_identity(GROUP, "app")
    profile = {
        "enabled": False,
        "userAssignedIdentities": [pod_identity(identity, "app")],
        "userAssignedIdentityExceptions": [pod_exception("agents", {"app": "agent"})],
    }
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=profile)

    az(f"{MIGRATE} --workloads {manifests} --approve --yes").ok()

    (put,) = simulator.requests.matching("PUT", CLUSTER_PATH)
    assert put.body["properties"]["oidcIssuerProfile"]["enabled"]
    assert put.body["properties"]["podIdentityProfile"] == profile
