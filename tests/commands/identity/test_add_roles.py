# SPDX-License-Identifier: MIT
"""Test the role over the managed identity that the cluster identity requires for `add`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from azure_simulator import Fault, Simulator
from tests.support.azure_cli import CLUSTER, CLUSTER_PATH, GROUP, POD_IDENTITY, ROLE_PATH, AzureCli, sent
from tests.support.cluster_state import entries, principal_id, takes
from tests.support.faults import FORBIDDEN, REQUEST_ID, forbidden, unassigned

ADD = f"aks pod-identity add {POD_IDENTITY} --identity-resource-id"
OPERATOR = "Managed Identity Operator"


def group_of(simulator: Simulator, name: str = GROUP) -> str:
    return f"/subscriptions/{simulator.subscription_id}/resourceGroups/{name}"


@pytest.mark.parametrize(
    ("scope", "role"),
    [
        (lambda simulator, identity: identity["id"], OPERATOR),
        (lambda simulator, identity: identity["id"].upper(), "Contributor"),
        (lambda simulator, identity: group_of(simulator), OPERATOR),
        (lambda simulator, identity: group_of(simulator).lower(), "Owner"),
        (lambda simulator, identity: f"/subscriptions/{simulator.subscription_id}", "Contributor"),
        (lambda simulator, identity: "/providers/Microsoft.Management/managementGroups/root", "Owner"),
    ],
    ids=["identity", "identity-contributor", "group", "group-owner", "subscription", "management-group"],
)
def test_sufficient_role_not_granted_again(
    az: AzureCli,
    simulator: Simulator,
    cluster: dict[str, Any],
    identity: dict[str, Any],
    scope: Callable[[Simulator, dict[str, Any]], str],
    role: str,
) -> None:
    simulator.seed.role_assignment(scope(simulator, identity), principal_id(cluster), role)

    az(f"{ADD} {identity['id']}").ok()

    assert sent(simulator).count("GET roleAssignments") == 2
    assert not simulator.requests.matching("PUT", ROLE_PATH)
    assert entries(simulator)["app-identity"]["provisioningState"] == "Assigned"


def test_role_by_group_membership(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    group = simulator.seed.group(principal_id(cluster))
    simulator.seed.role_assignment(group_of(simulator), group)

    az(f"{ADD} {identity['id']}").ok()

    assert not simulator.requests.matching("PUT", ROLE_PATH)
    assert entries(simulator)["app-identity"]["provisioningState"] == "Assigned"


def test_cluster_identity_without_principal_id(
    each_az: AzureCli, simulator: Simulator, identity: dict[str, Any]
) -> None:
    body = simulator.seed.cluster(GROUP, CLUSTER, identity="UserAssigned")
    principal = principal_id(body)
    (resource_id,) = body["identity"]["userAssignedIdentities"]
    body["identity"]["userAssignedIdentities"][resource_id] = {}
    simulator.seed.cluster(GROUP, CLUSTER, body=body)

    each_az(f"{ADD} {identity['id']}").ok()

    (grant,) = simulator.requests.matching("PUT", ROLE_PATH)
    assert grant.body["properties"]["principalId"] == principal


@pytest.mark.parametrize(
    ("group", "role", "of_cluster"),
    [("rg1", OPERATOR, True), ("rg10", "Reader", True), ("rg10", "Owner", False)],
    ids=["group with a shorter name", "insufficient role", "role of other principal"],
)
def test_insufficient_role(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], group: str, role: str, of_cluster: bool
) -> None:
    identity = simulator.seed.managed_identity("rg10", "app")
    principal = principal_id(cluster) if of_cluster else identity["properties"]["principalId"]
    simulator.seed.role_assignment(group_of(simulator, group), principal, role)

    az(f"{ADD} {identity['id']}").ok()

    (grant,) = simulator.requests.matching("PUT", ROLE_PATH)
    assert grant.body["properties"]["principalId"] == principal_id(cluster)
    assert entries(simulator)["app"]["provisioningState"] == "Assigned"


def test_role_granted_concurrently(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    def grant() -> None:
        simulator.seed.role_assignment(identity["id"], principal_id(cluster))

    simulator.faults.add(Fault("PUT", ROLE_PATH, call=grant))

    az(f"{ADD} {identity['id']}").ok()

    (refused,) = simulator.requests.matching("PUT", ROLE_PATH)
    assert refused.response["error"]["code"] == "RoleAssignmentExists"
    assert entries(simulator)["app-identity"]["provisioningState"] == "Assigned"


def test_grant_is_one_warning_with_deprecation(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    (line,) = az(f"{ADD} {identity['id']}").ok().warnings
    granted = "The identity of cluster 'cluster' was granted the Managed Identity Operator role over 'app-identity'."
    assert line.startswith(f"{granted} The pod identity add-on is deprecated")

    (line,) = az(f"{ADD} {identity['id']} --name another").ok().warnings
    assert line.startswith("The pod identity add-on is deprecated")


def test_skip_role_assignment(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    simulator.seed.role_assignment(identity["id"], principal_id(cluster))

    az(f"{ADD} {identity['id']} --skip-role-assignment").ok()

    assert not simulator.requests.matching(path="roleAssignments")
    assert entries(simulator)["app-identity"]["provisioningState"] == "Assigned"


def test_propagating_role_needs_few_writes(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    takes(simulator, role_propagation=15)

    az(f"{ADD} {identity['id']}").ok()

    statuses = [put.status for put in simulator.requests.matching("PUT", CLUSTER_PATH)]
    assert statuses == [400, 200]
    assert sent(simulator).count("PUT roleAssignments") == 1
    assert entries(simulator)["app-identity"]["provisioningState"] == "Assigned"


@pytest.mark.parametrize("arguments", ["", "--skip-role-assignment", "--no-wait"])
def test_role_recently_granted_by_other_client(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any], arguments: str
) -> None:
    simulator.seed.role_assignment(identity["id"], principal_id(cluster), age=20)
    simulator.faults.add(unassigned(identity))

    az(f"{ADD} {identity['id']} {arguments}").ok()

    assert [put.status for put in simulator.requests.matching("PUT", CLUSTER_PATH)] == [400, 200]
    assert not simulator.requests.matching("PUT", ROLE_PATH)
    assert entries(simulator)["app-identity"]["provisioningState"] == "Assigned"


def test_role_never_granted(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    command = f"{ADD} {identity['id']} --skip-role-assignment"

    message = az(command).failed()

    assert "PodIdentityAddonIdentitiesAssignmentError" in message
    assert identity["id"] in message
    assert sent(simulator).count("PUT managedClusters") == 1
    az.paste(message)
    az(command).ok()
    assert entries(simulator)["app-identity"]["provisioningState"] == "Assigned"


def test_grant_forbidden_prints_command(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    simulator.faults.add(forbidden("PUT", ROLE_PATH))

    message = az(f"{ADD} {identity['id']}").failed()

    assert FORBIDDEN in message
    assert "AuthorizationFailed" in message
    assert REQUEST_ID in message
    assert "--skip-role-assignment" in message
    assert sent(simulator).count("PUT roleAssignments") == 1
    assert not simulator.requests.matching("PUT", CLUSTER_PATH)
    az.paste(message)
    az(f"{ADD} {identity['id']} --skip-role-assignment").ok()


def test_role_assignments_unreadable_role_exists(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    simulator.seed.role_assignment(identity["id"], principal_id(cluster))
    simulator.faults.add(forbidden("GET", "roleAssignments"))

    result = az(f"{ADD} {identity['id']}").ok()

    assert any("role assignments" in warning and FORBIDDEN in warning for warning in result.warnings)
    assert not simulator.requests.matching("PUT", ROLE_PATH)
    assert entries(simulator)["app-identity"]["provisioningState"] == "Assigned"


def test_role_assignments_unreadable_role_missing(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    simulator.faults.add(forbidden("GET", "roleAssignments", times=9))

    message = az(f"{ADD} {identity['id']}").failed()

    assert "az role assignment create" in message
    assert identity["id"] in message
    assert "Its role assignments could not be read: The signed-in account" in message
    assert f"(AuthorizationFailed) {FORBIDDEN}" in message
    assert sent(simulator).count("PUT managedClusters") == 1


def test_cluster_still_being_created(az: AzureCli, simulator: Simulator, identity: dict[str, Any]) -> None:
    body = simulator.seed.cluster(GROUP, CLUSTER)
    del body["identity"]["principalId"]
    simulator.seed.cluster(GROUP, CLUSTER, body=body)

    message = az(f"{ADD} {identity['id']}").failed()

    assert "az aks wait --created" in message
    assert sent(simulator) == ["GET managedClusters"]
