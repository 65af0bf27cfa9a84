# SPDX-License-Identifier: MIT
"""Policies that drop the NET_RAW capability from pods, so that a pod on kubenet cannot impersonate another one.

Use the built-in policy "Kubernetes cluster containers should only use allowed capabilities" with the effect Deny.
https://learn.microsoft.com/azure/aks/use-azure-ad-pod-identity, https://learn.microsoft.com/azure/aks/policy-reference
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.rbac import scope_contains

DEFINITION = "c26596ff-4d70-4e6a-9a30-c2506bd2f80c"
NET_RAW = "NET_RAW"
# Namespaces with pods of Azure that need the capabilities.
EXCLUDED_NAMESPACES = ("kube-system", "gatekeeper-system", "azure-arc")
_NAME = "drop-net-raw"
_DENY = "deny"
# A reference to a parameter of the initiative.
_PASSED_ON = re.compile(r"\[parameters\('([^']+)'\)\]")


@dataclass(frozen=True)
class CapabilityPolicy:
    """One use of the built-in policy, by an assignment or by an assigned initiative.

    `assignment`: the resource ID of the assignment. `effect`: in lower case. `drops`: the capabilities that containers
    must drop. `enforced`: false if the assignment only evaluates.
    """

    assignment: str
    effect: str
    drops: tuple[str, ...] = ()
    enforced: bool = True

    @property
    def drops_net_raw(self) -> bool:
        """Whether it requires containers to drop NET_RAW."""
        return NET_RAW in self.drops or "ALL" in self.drops

    @property
    def protects(self) -> bool:
        """Whether it refuses pods with NET_RAW."""
        return self.drops_net_raw and self.enforced and self.effect == _DENY


def initiative_of(assignment: Mapping[str, Any]) -> str | None:
    """Return the resource ID of the initiative in an assignment's JSON, None if it assigns a single policy."""
    definition = _definition(assignment)
    return definition if "/policysetdefinitions/" in definition.lower() else None


def holds_at(assignment: Mapping[str, Any], resource_id: str) -> bool:
    """Return whether an assignment in the list of the resource's subscription is at the resource or above it.

    Those of management groups are listed only if they are above the subscription.
    """
    return scope_contains(str(_properties(assignment).get("scope") or ""), resource_id)


def capability_policies(
    assignment: Mapping[str, Any], initiative: Mapping[str, Any] | None, resource_id: str
) -> list[CapabilityPolicy]:
    """Return the uses of the built-in policy in an assignment that applies to the resource.

    `initiative`: the JSON of the assigned initiative, None for a single policy.
    """
    properties = _properties(assignment)
    excluded: Iterable[str] = properties.get("notScopes") or ()
    if any(f"{resource_id}/".lower().startswith(f"{each}/".lower()) for each in excluded):
        return []
    enforced = properties.get("enforcementMode") != "DoNotEnforce"
    return [
        CapabilityPolicy(
            assignment=str(assignment.get("id")),
            effect=str(parameters.get("effect") or "Audit").lower(),
            drops=tuple(str(each).upper() for each in parameters.get("requiredDropCapabilities") or ()),
            enforced=enforced,
        )
        for parameters in _uses(properties, initiative)
    ]


def assign_command(reference: ClusterReference, cluster_id: str) -> str:
    """Return the command that assigns the built-in policy to the cluster, so that pods must drop NET_RAW."""
    parameters = {
        "effect": "Deny",
        "requiredDropCapabilities": [NET_RAW],
        "allowedCapabilities": [],
        "excludedNamespaces": EXCLUDED_NAMESPACES,
    }
    values = json.dumps({name: {"value": value} for name, value in parameters.items()}, separators=(",", ":"))
    where = ("--name", _NAME, "--policy", DEFINITION, "--scope", cluster_id)
    return reference.command("policy", "assignment", "create", *where, "--params", values)


def enable_command(reference: ClusterReference) -> str:
    """Return the command that enables the Azure Policy add-on, which policies require to have an effect on pods."""
    return reference.cluster_command("enable-addons", "--addons", "azure-policy")


def cluster_id_of(reference: ClusterReference, subscription_id: str) -> str:
    """Return the resource ID of a cluster, whether it exists or not."""
    return (
        f"/subscriptions/{subscription_id}/resourceGroups/{reference.resource_group}"
        f"/providers/Microsoft.ContainerService/managedClusters/{reference.name}"
    )


def _uses(properties: Mapping[str, Any], initiative: Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:
    """Yield the parameter values of each use of the built-in policy."""
    given = _values(properties.get("parameters"))
    if initiative is None:
        if _is_builtin(properties.get("policyDefinitionId")):
            yield given
        return
    inner = _properties(initiative)
    defaults = {name: each.get("defaultValue") for name, each in (inner.get("parameters") or {}).items() if each}
    for use in inner.get("policyDefinitions") or ():
        if _is_builtin(use.get("policyDefinitionId")):
            passed = _values(use.get("parameters"))
            yield {name: _resolve(value, {**defaults, **given}) for name, value in passed.items()}


def _resolve(value: Any, parameters: Mapping[str, Any]) -> Any:
    match = _PASSED_ON.fullmatch(value) if isinstance(value, str) else None
    return parameters.get(match[1]) if match else value


def _values(parameters: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: each.get("value") for name, each in (parameters or {}).items() if each}


def _is_builtin(definition: Any) -> bool:
    return str(definition).rpartition("/")[2].lower() == DEFINITION


def _definition(assignment: Mapping[str, Any]) -> str:
    return str(_properties(assignment).get("policyDefinitionId") or "")


def _properties(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    properties: Mapping[str, Any] = resource.get("properties") or {}
    return properties
