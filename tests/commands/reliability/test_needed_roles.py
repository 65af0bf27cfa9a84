# SPDX-License-Identifier: MIT
"""Roles are removed only if nothing needs them, and granted if anything does; by commands beside other clients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from azext_podidentity.profile.rbac import assignment_name
from azure_simulator import Fault, Simulator
from tests.support.azure_cli import CLUSTER, CLUSTER_PATH, GROUP, NAMESPACE, POD_IDENTITY, ROLE_PATH, AzureCli
from tests.support.cluster_state import entries, pod_identity, principal_id, seed_entries
from tests.support.entry_files import binding, write
from tests.support.faults import forbidden
from tests.support.terminal import answered
from tests.support.workload_manifests import workload
from tests.support.workload_manifests import write as write_objects

Wire = dict[str, Any]
DELETE = f"aks pod-identity delete {POD_IDENTITY} --name app --yes --delete-role-assignment"
CUSTOM_ROLE = "Identity Assigner"
ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"


@pytest.fixture
def app(simulator: Simulator) -> Wire:
    """The managed identity that pod identity `app` of clusters `cluster` and `second` binds.

    Both run as one identity, like cluster `empty`, which has no entries. The role was granted by this tool.
    """
    shared, app = (simulator.seed.managed_identity(GROUP, name) for name in ("shared", "app"))
    for name in (CLUSTER, "second", "empty"):
        bound = [] if name == "empty" else [pod_identity(app, "app")]
        profile = {"enabled": True, "userAssignedIdentities": bound}
        simulator.seed.cluster(GROUP, name, identity=shared["id"], pod_identity=profile)
    principal = str(shared["properties"]["principalId"])
    simulator.seed.role_assignment(app["id"], principal, name=assignment_name(app["id"], principal))
    return app


def operator_scopes(simulator: Simulator) -> list[str]:
    """The scopes at which the identity of the cluster has a role."""
    roles = simulator.role_assignments(principal_id(simulator.cluster(GROUP, CLUSTER)))
    return [each["properties"]["scope"] for each in roles]


def removals(simulator: Simulator) -> int:
    return len(simulator.requests.matching("DELETE", ROLE_PATH))


@pytest.mark.parametrize("cluster", [CLUSTER, "empty"])
def test_finish_keeps_roles_of_other_clusters(
    az: AzureCli, simulator: Simulator, app: Wire, tmp_path: Path, cluster: str
) -> None:
    moved = write_objects(tmp_path / "moved.yaml", workload("web", None, account="web"))
    finish = f"aks pod-identity migrate --resource-group {GROUP} --cluster-name {cluster} --workloads {moved} --finish"

    result = az(f"{finish} --force --yes").ok()

    assert operator_scopes(simulator) == [app["id"]]
    assert not removals(simulator)
    other = "second" if cluster == CLUSTER else CLUSTER
    assert f"Pod identity '{NAMESPACE}/app' of cluster '{other}' needs it." in result.stderr
    az(f"aks pod-identity exception add -g {GROUP} --cluster-name second -n e --pod-labels a=b --namespace x").ok()


def test_prune_names_kept_role(az: AzureCli, simulator: Simulator, app: Wire, tmp_path: Path) -> None:
    other = simulator.seed.managed_identity(GROUP, "other")
    apply = f"aks pod-identity apply --resource-group {GROUP} --cluster-name {CLUSTER}"

    result = az(f"{apply} --file {write(tmp_path, [binding(other)])} --prune --yes").ok().json

    assert app["id"] in operator_scopes(simulator)
    (role,) = result["roleAssignments"]
    assert (role["scope"], role["state"]) == (app["id"], "Kept")
    assert role["command"].startswith("az role assignment delete")


def test_kubelet_role_is_kept(az: AzureCli, simulator: Simulator) -> None:
    control, kubelet = (simulator.seed.managed_identity(GROUP, name) for name in ("control", "app"))
    profile = {"enabled": True, "userAssignedIdentities": [pod_identity(kubelet, "app")]}
    body = simulator.seed.cluster(
        GROUP, CLUSTER, identity=control["id"], kubelet_identity=kubelet["id"], pod_identity=profile
    )
    simulator.seed.role_assignment(kubelet["id"], principal_id(body))

    result = az(DELETE).ok()

    assert operator_scopes(simulator) == [kubelet["id"]]
    assert "It is the kubelet identity of cluster 'cluster', which needs the role itself." in result.stderr
    assert not entries(simulator)


def test_role_granted_again_for_concurrent_add(az: AzureCli, simulator: Simulator) -> None:
    app = seed_entries(simulator, "app")["app"]

    def add() -> None:
        bound = [{**pod_identity(app, "q0"), "provisioningState": "Assigned"}]
        profile = {"enabled": True, "userAssignedIdentities": bound}
        simulator.start_operation(GROUP, CLUSTER, 0, lambda body: body["properties"].update(podIdentityProfile=profile))

    simulator.faults.add(Fault("DELETE", ROLE_PATH, call=add))

    result = az(DELETE).ok()

    assert removals(simulator) == 1
    assert [each.lower() for each in operator_scopes(simulator)] == [app["id"].lower()]
    assert list(entries(simulator)) == ["q0"]
    assert "It was granted again." in result.stderr


def test_role_is_kept_without_list_of_clusters(az: AzureCli, simulator: Simulator, app: Wire) -> None:
    for path in ("/resources$", "/managedClusters$"):
        simulator.faults.add(forbidden("POST" if path == "/resources$" else "GET", path, times=9))

    result = az(DELETE).ok()

    assert operator_scopes(simulator) == [app["id"]]
    assert "az role assignment delete" in result.stderr
    assert not entries(simulator)


def test_recent_grant_is_kept(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "other")
    new, principal = (
        simulator.seed.managed_identity(GROUP, "new")["id"],
        principal_id(simulator.cluster(GROUP, CLUSTER)),
    )
    simulator.seed.role_assignment(new, principal, name=assignment_name(new, principal), age=5)

    az(DELETE.replace("--name app", "--name not-there")).ok()

    assert new in operator_scopes(simulator)
    assert not removals(simulator)


def test_question_names_assignments_of_others(az: AzureCli, simulator: Simulator) -> None:
    app = seed_entries(simulator, "app")["app"]
    (role,) = simulator.role_assignments(principal_id(simulator.cluster(GROUP, CLUSTER)))

    answered(az, DELETE.replace(" --yes", ""), "y", role["name"], "Remove them?")

    assert app["id"] not in operator_scopes(simulator)


@pytest.mark.parametrize(("option", "grants"), [("", 1), ("--skip-role-assignment", 0)])
def test_repeated_add_grants_role(az: AzureCli, simulator: Simulator, option: str, grants: int) -> None:
    app = seed_entries(simulator, "app")["app"]
    simulator.remove_role_assignments(app["id"])

    az(f"aks pod-identity add {POD_IDENTITY} --name app --identity-resource-id {app['id']} {option}").ok()

    assert len(simulator.requests.matching("PUT", ROLE_PATH)) == grants
    assert not simulator.requests.matching("PUT", CLUSTER_PATH)


@pytest.mark.parametrize(("excluded", "grants"), [([], 0), ([ASSIGN], 1)], ids=["action", "excluded action"])
def test_custom_role(
    az: AzureCli, simulator: Simulator, cluster: Wire, identity: Wire, excluded: list[str], grants: int
) -> None:
    simulator.seed.role_definition(CUSTOM_ROLE, ["Microsoft.ManagedIdentity/*"], excluded)
    simulator.seed.role_assignment(identity["id"], principal_id(cluster), CUSTOM_ROLE)

    az(f"aks pod-identity add {POD_IDENTITY} --identity-resource-id {identity['id']}").ok()

    assert len(simulator.requests.matching("PUT", ROLE_PATH)) == grants


def test_grant_before_refused_write_is_shown(az: AzureCli, simulator: Simulator, cluster: Wire, identity: Wire) -> None:
    simulator.faults.add(Fault("PUT", CLUSTER_PATH, status=400, code="QuotaExceeded", message="Too many cores."))

    result = az(f"aks pod-identity add {POD_IDENTITY} --identity-resource-id {identity['id']}")

    assert "Too many cores." in result.failed()
    (line,) = [each for each in result.warnings if "was granted its role over" in each]
    az(line.partition("run: az ")[2]).ok()
    assert operator_scopes(simulator) == []


def test_delete_keeps_rebound_name(az: AzureCli, simulator: Simulator) -> None:
    """The removal was accepted and its answer lost; then another client added an entry of the same name."""
    seed_entries(simulator, "app")
    other = {**pod_identity(simulator.seed.managed_identity(GROUP, "other"), "app"), "provisioningState": "Assigned"}

    def bind() -> None:
        profile = {"enabled": True, "userAssignedIdentities": [other]}
        simulator.start_operation(GROUP, CLUSTER, 0, lambda body: body["properties"].update(podIdentityProfile=profile))

    simulator.faults.add(Fault("PUT", CLUSTER_PATH, drop="after"))
    simulator.faults.add(Fault("GET", CLUSTER_PATH, skip=1, call=bind))

    az(f"aks pod-identity delete {POD_IDENTITY} --name app")

    assert entries(simulator)["app"]["identity"] == other["identity"]
