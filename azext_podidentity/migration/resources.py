# SPDX-License-Identifier: MIT
"""Plan the changes of objects that use the node agent by a setting: SecretProviderClass and TriggerAuthentication."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from azext_podidentity.migration import user_decisions
from azext_podidentity.migration.decision import Decision
from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.service_account_groups import ServiceAccountGroup
from azext_podidentity.migration.steps import ResourceStep
from azext_podidentity.migration.trigger_authentications import TriggerAuthenticationPlanner
from azext_podidentity.migration.workloads import ObjectKey, Workload


def plan_resources(
    inventory: Inventory,
    groups: Sequence[ServiceAccountGroup],
    *,
    removes_labels: bool,
) -> tuple[list[ResourceStep], list[Decision]]:
    """Return the steps and decisions.

    `groups`: the workloads that need no decision, with their client IDs, credentials and identity bindings. The
    decisions block the workloads that use a resource only if their label is removed.
    """
    client_ids = {key: group.client_id for group in groups for key in group.workloads}
    bound = {match.workload.key for group in groups for match in group.matches if group.is_bound(match)}
    triggers = TriggerAuthenticationPlanner(inventory, groups, removes_labels=removes_labels)
    mounting = _mounting(inventory)
    steps: list[ResourceStep] = []
    decisions: list[Decision] = []
    read = {(each.key.namespace, each.key.name) for each in inventory.node_agent_users if each.is_secret_provider_class}
    for user in inventory.node_agent_users:
        if not user.uses_pod_identity:
            continue
        if not user.is_secret_provider_class:
            planned = triggers.plan(user)
            if isinstance(planned, ResourceStep):
                steps.append(planned)
            else:
                decisions.append(planned)
            continue
        workloads = mounting.get((user.key.namespace, user.key.name), [])
        found = {_client_id(each, inventory, client_ids) for each in workloads}
        ways = {each.key in bound or each.uses_identity_binding for each in workloads}
        if len(found) == len(ways) == 1 and (client_id := found.pop()) is not None:
            steps.append(ResourceStep(user, client_id, identity_binding=ways.pop()))
            continue
        labelled = [each.key for each in workloads if each.binding is not None] if removes_labels else []
        decisions.append(user_decisions.secret_provider_class_unclear(user, _reason(workloads, found, ways), labelled))
    for (namespace, name), workloads in sorted(mounting.items(), key=lambda item: item[0]):
        labelled = [each.key for each in workloads if each.binding is not None]
        if labelled and (namespace, name) not in read:
            decision = user_decisions.secret_provider_class_not_read(namespace, name, labelled)
            decisions.append(decision if removes_labels else _without_blocked(decision))
    return steps, decisions


def _mounting(inventory: Inventory) -> dict[tuple[str, str], list[Workload]]:
    """Return, for each SecretProviderClass, the workloads that mount it and use pod or workload identity."""
    found: dict[tuple[str, str], list[Workload]] = defaultdict(list)
    for workload in inventory.workloads:
        if workload.binding is not None or workload.uses_workload_identity:
            for name in workload.pod.secret_provider_classes:
                found[workload.key.namespace, name].append(workload)
    return found


def _client_id(workload: Workload, inventory: Inventory, client_ids: Mapping[ObjectKey, str]) -> str | None:
    if workload.binding is not None:
        return client_ids.get(workload.key)
    return inventory.client_id(workload.key.namespace, workload.service_account)


def _reason(workloads: list[Workload], client_ids: set[str | None], ways: set[bool]) -> str:
    if not workloads:
        return "no workload that was read mounts it."
    if None in client_ids or not client_ids:
        return "workloads that mount it need a decision first."
    if len(ways) > 1:
        return "some of its workloads use an identity binding, and others a credential."
    return f"its workloads use {len(client_ids)} managed identities."


def _without_blocked(decision: Decision) -> Decision:
    from dataclasses import replace

    return replace(decision, blocked_workloads=())
