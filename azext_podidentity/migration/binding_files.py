# SPDX-License-Identifier: MIT
"""Create the ClusterRoles and ClusterRoleBindings that let service accounts use identity bindings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from azext_podidentity.migration.binding_roles import API_GROUP, RBAC_GROUP, VERB
from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.steps import MigrationPlan
from azext_podidentity.profile.entries import ManagedIdentity
from azext_podidentity.profile.identity_bindings import binding_name, own_name

_API_VERSION = f"{RBAC_GROUP}/v1"


def role_objects(plan: MigrationPlan, inventory: Inventory) -> Iterator[dict[str, Any]]:
    """Yield the missing objects for the service accounts of the plan; each ClusterRole comes before its bindings.

    Each service account has its own ClusterRoleBinding, so that the files for other workloads do not replace it.
    """
    for step in plan.bindings:
        client_id = step.identity.client_id
        needing = [each for each in step.accounts if not inventory.binding_roles.allows(*each, client_id)]
        if client_id and needing:
            yield _role(step.identity, client_id)
            yield from (_role_binding(step.identity, *account) for account in needing)


def role_grant(identity: ManagedIdentity, client_id: str, namespace: str, account: str) -> list[dict[str, Any]]:
    """Return the ClusterRole and the ClusterRoleBinding that let one service account use an identity binding."""
    return [_role(identity, client_id), _role_binding(identity, namespace, account)]


def role_name(identity: ManagedIdentity) -> str:
    """Return the name of the ClusterRole for a managed identity."""
    return binding_name(identity.resource_id)


def _role(identity: ManagedIdentity, client_id: str) -> dict[str, Any]:
    rule = {"apiGroups": [API_GROUP], "resources": [client_id], "verbs": [VERB]}
    return {
        "apiVersion": _API_VERSION,
        "kind": "ClusterRole",
        "metadata": {"name": role_name(identity)},
        "rules": [rule],
    }


def _role_binding(identity: ManagedIdentity, namespace: str, account: str) -> dict[str, Any]:
    name = own_name(f"{namespace}-{account}", identity.resource_id.lower(), namespace, account)
    return {
        "apiVersion": _API_VERSION,
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": RBAC_GROUP, "kind": "ClusterRole", "name": role_name(identity)},
        "subjects": [{"kind": "ServiceAccount", "namespace": namespace, "name": account}],
    }
