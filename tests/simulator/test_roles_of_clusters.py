# SPDX-License-Identifier: MIT
"""Roles of cluster identities: custom roles, shared identities and kubelet identities."""

from __future__ import annotations

import pytest

from azure_simulator import Durations, Simulator
from tests.support.arm import CLUSTER, GROUP, Arm, add, entry, states

ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
WILDCARD = "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action"


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize(
    ("actions", "not_actions", "accepted"),
    [
        ([ASSIGN], [], True),
        ([WILDCARD], [], True),
        (["microsoft.managedidentity/*"], [], True),
        (["*"], [], True),
        (["*/read"], [], False),
        (["Microsoft.ManagedIdentity/userAssignedIdentities/read"], [], False),
        (["*"], [ASSIGN], False),
        (["*"], [WILDCARD], False),
        (["*"], ["Microsoft.ManagedIdentity/*/write"], True),
    ],
)
def test_custom_role_requires_assign_action(
    arm: Arm, simulator: Simulator, actions: list[str], not_actions: list[str], accepted: bool
) -> None:
    identity = simulator.seed.managed_identity(GROUP, "a")
    simulator.seed.role_definition("Custom", actions, not_actions)
    principal = simulator.cluster(GROUP, CLUSTER)["identity"]["principalId"]
    simulator.seed.role_assignment(identity["id"], principal, role="Custom")
    assert arm.change(add(entry(identity))).is_success is accepted


def test_custom_role_definition_shows_actions(arm: Arm, simulator: Simulator) -> None:
    made = simulator.seed.role_definition("Custom", [ASSIGN], ["*/write"])
    path = "providers/Microsoft.Authorization/roleDefinitions"
    listed = arm.get(path, query={"$filter": "roleName eq 'Custom'"}).json()["value"]
    assert [each["id"] for each in listed] == [made["id"]]
    read = arm.get(made["id"]).json()["properties"]
    assert read["type"] == "CustomRole"
    assert read["permissions"][0]["actions"] == [ASSIGN]
    assert read["permissions"][0]["notActions"] == ["*/write"]


@pytest.mark.usefixtures("cluster")
def test_role_removal_can_take_time(arm: Arm, simulator: Simulator) -> None:
    """According to Microsoft Learn, "Troubleshoot Azure RBAC", removals can also take up to 10 minutes."""
    simulator.durations = Durations(role_removal=120)
    identity = simulator.seed.managed_identity(GROUP, "a")
    principal = simulator.cluster(GROUP, CLUSTER)["identity"]["principalId"]
    assignment = simulator.seed.role_assignment(identity["id"], principal)
    assert arm.send("DELETE", assignment["id"]).status_code == 200
    assert simulator.role_assignments(principal) == []
    arm.clock.advance(119)
    assert arm.change(add(entry(identity))).is_success
    arm.settle()
    assert arm.change(lambda body: body.update(tags={"a": "b"})).status_code == 400


def test_clusters_with_shared_identity_share_roles(arm: Arm, simulator: Simulator) -> None:
    shared, bound = (simulator.seed.managed_identity(GROUP, name) for name in ("shared", "bound"))
    for name in (CLUSTER, "other"):
        simulator.seed.cluster(GROUP, name, identity=shared["id"])
    principal = shared["properties"]["principalId"]
    simulator.seed.role_assignment(bound["id"], principal)
    assert arm.change(add(entry(bound))).is_success
    body = arm.cluster("other")
    assert body["identity"]["userAssignedIdentities"][shared["id"]]["principalId"] == principal
    add(entry(bound))(body)
    assert arm.put(arm.cluster_path("other"), body).is_success
    arm.settle()

    simulator.remove_role_assignments(bound["id"], principal)

    body = arm.cluster("other")
    body["properties"]["podIdentityProfile"]["userAssignedIdentityExceptions"] = [
        {"name": "e", "namespace": "n", "podLabels": {"a": "b"}}
    ]
    refused = arm.put(arm.cluster_path("other"), body)
    assert refused.json()["code"] == "PodIdentityAddonIdentitiesAssignmentError"
    assert states(arm.cluster("other")) == {"name": "Assigned"}


def test_write_requires_role_over_custom_kubelet_identity(arm: Arm, simulator: Simulator) -> None:
    kubelet, control = (simulator.seed.managed_identity(GROUP, name) for name in ("kubelet", "control"))
    simulator.seed.cluster(GROUP, CLUSTER, identity=control["id"], kubelet_identity=kubelet["id"])
    shown = arm.cluster()["properties"]["identityProfile"]["kubeletidentity"]
    assert (shown["resourceId"], shown["objectId"]) == (kubelet["id"], kubelet["properties"]["principalId"])

    refused = arm.change(lambda body: body.update(tags={"a": "b"}))
    assert (refused.status_code, refused.json()["code"]) == (400, "CustomKubeletIdentityMissingPermissionError")

    simulator.seed.role_assignment(kubelet["id"], control["properties"]["principalId"])
    assert arm.change(lambda body: body.update(tags={"a": "b"})).is_success


def test_assignment_shows_creation_time_and_original_case(arm: Arm, simulator: Simulator) -> None:
    identity = simulator.seed.managed_identity(GROUP, "Identity")
    principal = simulator.seed.cluster(GROUP, CLUSTER)["identity"]["principalId"]
    scope = identity["id"].replace("resourcegroups", "RESOURCEGROUPS")
    definition = f"{arm.path('')}providers/Microsoft.Authorization/roleDefinitions/f1a07417-d97a-45cb-824c-7a7467783830"
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/11111111-1111-1111-1111-111111111111"
    arm.put(path, {"properties": {"roleDefinitionId": definition, "principalId": principal}})
    created = simulator.role_assignments(principal)[0]["properties"]["createdOn"]
    arm.clock.advance(600)
    read = arm.get(path.lower()).json()
    assert read["properties"]["createdOn"] == created
    assert read["properties"]["scope"] == scope
    assert arm.cluster()["id"].split("/")[3] == "resourcegroups"
