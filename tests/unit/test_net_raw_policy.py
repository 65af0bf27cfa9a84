# SPDX-License-Identifier: MIT
"""Policies that drop the NET_RAW capability on kubenet clusters."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from azext_podidentity.checks.finding import Finding
from azext_podidentity.checks.net_raw import check_net_raw
from azext_podidentity.profile.entries import Unreadable
from azext_podidentity.profile.net_raw_policy import (
    DEFINITION,
    CapabilityPolicy,
    capability_policies,
    initiative_of,
)
from tests.support.az_parser import AzParser
from tests.support.builders import Json, cluster_of, command_words, option
from tests.support.snapshots import FORBIDDEN, snapshot_of

CLUSTER = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/cluster"
BUILTIN = f"/providers/Microsoft.Authorization/policyDefinitions/{DEFINITION}"
INITIATIVE = "/providers/Microsoft.Authorization/policySetDefinitions/baseline"
DENY = {"effect": {"value": "Deny"}, "requiredDropCapabilities": {"value": ["NET_RAW"]}}


def assignment(definition: str = BUILTIN, parameters: Json | None = None, **more: object) -> Json:
    """Return a policy assignment at the resource group."""
    properties = {"policyDefinitionId": definition, "parameters": DENY if parameters is None else parameters, **more}
    return {"id": "/subscriptions/s/providers/Microsoft.Authorization/policyAssignments/mine", "properties": properties}


def initiative(**parameters: object) -> Json:
    """Return an initiative with the built-in policy and another one."""
    passed = {"effect": {"value": "[parameters('capabilityEffect')]"}, "requiredDropCapabilities": {"value": ["ALL"]}}
    uses = [{"policyDefinitionId": "/x/other"}, {"policyDefinitionId": BUILTIN.upper(), "parameters": passed}]
    return {"properties": {"policyDefinitions": uses, "parameters": parameters}}


def protects(given: Json, of: Json | None = None) -> bool:
    """Return whether the assignment protects the cluster."""
    return any(each.protects for each in capability_policies(given, of, CLUSTER))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (assignment(), True),
        (assignment(parameters={**DENY, "effect": {"value": "deny"}}), True),
        (assignment(parameters={**DENY, "effect": {"value": "Audit"}}), False),
        (assignment(parameters={"requiredDropCapabilities": {"value": ["NET_RAW"]}}), False),
        (assignment(parameters={"effect": {"value": "Deny"}}), False),
        (assignment(parameters={"effect": {"value": "Deny"}, "requiredDropCapabilities": {"value": ["KILL"]}}), False),
        (assignment(enforcementMode="DoNotEnforce"), False),
        (assignment(enforcementMode="Default"), True),
        (assignment(notScopes=[CLUSTER.upper()]), False),
        (assignment(notScopes=["/subscriptions/s/resourceGroups/r"]), True),
        (assignment("/providers/Microsoft.Authorization/policyDefinitions/another"), False),
        ({"id": "x", "properties": {}}, False),
    ],
)
def test_assignment_protects_only_with_deny(given: Json, expected: bool) -> None:
    assert protects(given) is expected


def test_initiative_parameters() -> None:
    assigned = assignment(INITIATIVE, {"capabilityEffect": {"value": "Deny"}})
    assert initiative_of(assigned) == INITIATIVE
    assert initiative_of(assignment()) is None
    assert protects(assigned, initiative(capabilityEffect={"type": "String"}))
    assert protects(assignment(INITIATIVE, {}), initiative(capabilityEffect={"defaultValue": "Deny"}))
    assert not protects(assigned, initiative() | {"properties": {}})
    assert not protects(assignment(INITIATIVE, {}), initiative(capabilityEffect={"defaultValue": "Audit"}))


GOOD = CapabilityPolicy("/x/good", "deny", ("NET_RAW",))
Policies = tuple[CapabilityPolicy, ...] | Unreadable | None


def found(policies: Policies, *, add_on: bool = True) -> list[Finding]:
    """Return the findings on a kubenet cluster with consent."""
    cluster = cluster_of(
        networkProfile={"networkPlugin": "kubenet"}, addonProfiles={"azurePolicy": {"enabled": add_on}}
    )
    profile = replace(cluster.profile, allow_network_plugin_kubenet=True)
    snapshot = snapshot_of(replace(cluster, profile=profile, resource_id=CLUSTER))
    return list(check_net_raw(replace(snapshot, policies=policies)))


@pytest.mark.parametrize(
    ("policies", "add_on", "severity", "words", "commands"),
    [
        (None, True, "info", "unless a policy drops", []),
        (FORBIDDEN, True, "warning", "(AuthorizationFailed) You may not.", []),
        ((GOOD,), True, "info", "'good' drops the NET_RAW", []),
        ((GOOD,), False, "warning", "the Azure Policy add-on is disabled", ["aks"]),
        ((), True, "warning", "No policy assignment drops it", ["policy"]),
        ((), False, "warning", "No policy assignment drops it", ["aks", "policy"]),
        ((replace(GOOD, effect="audit"),), True, "warning", "the effect Audit", ["policy"]),
        ((replace(GOOD, enforced=False),), True, "warning", "is not enforced", ["policy"]),
    ],
)
def test_finding_for_policies(
    policies: Policies, add_on: bool, severity: str, words: str, commands: list[str], az: AzParser
) -> None:
    (finding,) = found(policies, add_on=add_on)
    assert finding.severity == severity
    assert words in finding.message
    lines = [command_words(each) for each in finding.commands]
    assert [each[1] for each in lines] == commands
    for line in lines:
        az.parse(line)


def test_suggested_assignment_protects_cluster() -> None:
    (command,) = found(())[0].commands
    words = command_words(command)
    assert option(words, "--scope") == [CLUSTER]
    values = json.loads(option(words, "--params")[0])
    assert protects(assignment(parameters=values))
    assert values["excludedNamespaces"] == {"value": ["kube-system", "gatekeeper-system", "azure-arc"]}
    assert values["allowedCapabilities"] == {"value": []}


def test_clusters_without_kubenet_consent_are_ignored() -> None:
    assert list(check_net_raw(snapshot_of(cluster_of()))) == []
    kubenet = cluster_of(networkProfile={"networkPlugin": "kubenet"})
    assert list(check_net_raw(snapshot_of(kubenet))) == []
