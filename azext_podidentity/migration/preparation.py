# SPDX-License-Identifier: MIT
"""Check whether the label of a workload can be removed."""

from __future__ import annotations

from collections.abc import Iterator

from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.running_pods import stale_pods
from azext_podidentity.migration.service_account_groups import ServiceAccountGroup
from azext_podidentity.migration.workloads import Workload


def missing_preparations(inventory: Inventory, group: ServiceAccountGroup, workload: Workload) -> Iterator[str]:
    """Yield a sentence for each missing preparation for the removal of the label, none if it can be removed."""
    namespace, name = group.account
    if not workload.uses_workload_identity or workload.service_account != name:
        yield "Its pod template does not use workload identity yet."
    if inventory.client_id(namespace, name) != group.client_id:
        yield f"Service account '{name}' is not annotated yet."
    if not all(step.exists for step in group.credentials):
        yield "Its federated identity credential does not exist yet."
    if group.bindings:
        yield from _lacking_for_binding(inventory, group, workload)
    pods = inventory.pods.get(workload.key, ())
    if stale := stale_pods(workload, pods, group.client_id):
        yield f"Running pods with another client ID: {len(stale)} of {len(pods)}."
    if not all(pod.has_token for pod in pods):
        yield f"Running pods without a token: {sum(not pod.has_token for pod in pods)} of {len(pods)}."


def _lacking_for_binding(inventory: Inventory, group: ServiceAccountGroup, workload: Workload) -> Iterator[str]:
    if not all(step.exists for step in group.bindings):
        yield "Its identity binding does not exist yet."
    if not workload.uses_identity_binding:
        yield "Its pod template does not use the identity binding yet."
    account = inventory.service_accounts.get(group.account)
    if account is None or account.tenant_id is None:
        yield f"Service account '{group.account[1]}' is not annotated with the tenant ID yet."
    pods = inventory.pods.get(workload.key, ())
    if not all(pod.has_proxy for pod in pods):
        yield f"Running pods without the identity binding: {sum(not pod.has_proxy for pod in pods)} of {len(pods)}."
    allows = inventory.binding_roles.allows
    if not all(allows(*group.account, step.identity.client_id) for step in group.bindings):
        yield f"No ClusterRole that was read lets service account '{group.account[1]}' use the identity binding."
