"""Policy assignments that hold at a cluster."""

from __future__ import annotations

from azure_simulator import Simulator
from azure_simulator.resources.policy import CAPABILITIES_DEFINITION
from tests.support.arm import CLUSTER, GROUP, Arm

ASSIGNMENTS = "providers/Microsoft.Authorization/policyAssignments"


def names(arm: Arm, scope: str, condition: str | None = "atScope()") -> list[str]:
    query = {"$filter": condition} if condition else {}
    return [each["name"] for each in arm.get(f"{scope}/{ASSIGNMENTS}", query=query).json()["value"]]


def test_those_at_the_scope_and_above_it_hold(arm: Arm, simulator: Simulator) -> None:
    cluster = simulator.seed.cluster(GROUP, CLUSTER)["id"]
    group, subscription = "/".join(cluster.split("/")[:5]), "/".join(cluster.split("/")[:3])
    management = "/providers/Microsoft.Management/managementGroups/root"
    for name, scope in {"own": cluster, "group": group, "all": subscription, "root": management}.items():
        simulator.seed.policy_assignment(scope, name, CAPABILITIES_DEFINITION)
    simulator.seed.policy_assignment(f"{group}0", "other", CAPABILITIES_DEFINITION)
    assert names(arm, cluster.replace("managedClusters", "MANAGEDCLUSTERS")) == ["own", "group", "all", "root"]
    assert names(arm, group) == ["group", "all", "root"]
    assert names(arm, group, None) == ["own", "group", "all", "root"]


def test_an_assignment_is_created_read_and_deleted(arm: Arm, simulator: Simulator) -> None:
    cluster = simulator.seed.cluster(GROUP, CLUSTER)["id"]
    path = f"{cluster}/{ASSIGNMENTS}/drop"
    parameters = {"effect": {"value": "Deny"}, "requiredDropCapabilities": {"value": ["NET_RAW"]}}
    body = {"properties": {"policyDefinitionId": CAPABILITIES_DEFINITION, "parameters": parameters}}
    assert arm.put(path, body).status_code == 201
    shown = arm.get(path.lower()).json()["properties"]
    assert (shown["parameters"], shown["enforcementMode"], shown["scope"]) == (parameters, "Default", cluster)
    assert arm.put(path, {"properties": {}}).status_code == 400
    assert [arm.send("DELETE", path).status_code for _ in range(2)] == [200, 204]
    assert arm.get(path).json()["error"]["code"] == "PolicyAssignmentNotFound"


def test_definitions_and_initiatives_are_read(arm: Arm, simulator: Simulator) -> None:
    assert arm.get(CAPABILITIES_DEFINITION).json()["properties"]["policyType"] == "BuiltIn"
    initiative = f"/subscriptions/{simulator.subscription_id}/providers/Microsoft.Authorization/policySetDefinitions/i"
    members = [{"policyDefinitionId": CAPABILITIES_DEFINITION, "parameters": {}}]
    simulator.seed.policy_definition(initiative, {"policyDefinitions": members})
    assert arm.get(initiative).json()["properties"]["policyDefinitions"] == members
    assert arm.get(f"{initiative}2").json()["error"]["code"] == "PolicyDefinitionNotFound"
