# SPDX-License-Identifier: MIT
"""Check whether the ClusterRoles let service accounts use identity bindings.

https://learn.microsoft.com/azure/aks/identity-bindings#grant-access-to-service-accounts
"""

from __future__ import annotations

import json
import shlex
from collections import defaultdict
from collections.abc import Iterator

from azext_podidentity.checks.finding import Finding
from azext_podidentity.migration.binding_files import role_grant
from azext_podidentity.migration.binding_roles import API_GROUP, VERB
from azext_podidentity.migration.workloads import ObjectKey
from azext_podidentity.pod_checks.pod_snapshot import PodSnapshot, names_of
from azext_podidentity.profile.entries import ManagedIdentity
from azext_podidentity.profile.shell import kubectl_line


def check_access(snapshot: PodSnapshot) -> Iterator[Finding]:
    """Yield a finding for each service account that is not permitted to use the identity binding of its pods."""
    inside = snapshot.inside
    users: dict[tuple[str, str], set[ObjectKey]] = defaultdict(set)
    for spec in (*inside.inventory.workloads, *(pod.spec for pod in inside.pods if pod.owner == pod.key)):
        if spec.uses_identity_binding:
            users[spec.key.namespace, spec.service_account].add(spec.key)
    if users and inside.roles_unreadable is not None:
        message = f"{unreadable_roles(inside.roles_unreadable)} Pods may be refused their identity binding."
        yield Finding("warning", names_of(sorted(set().union(*users.values()))), message)
        return
    for (namespace, account), keys in sorted(users.items()):
        client_id = inside.inventory.client_id(namespace, account)
        if (
            client_id
            and inside.knows_roles
            and not inside.inventory.binding_roles.allows(namespace, account, client_id)
        ):
            command = _fix_command(snapshot, namespace, account, client_id)
            yield Finding("error", names_of(sorted(keys)), no_role(namespace, account, client_id), (command,))


def _fix_command(snapshot: PodSnapshot, namespace: str, account: str, client_id: str) -> str:
    """Return the command that grants the access, or that shows it if the profile lacks the managed identity."""
    known = (entry.identity for entry in snapshot.cluster.profile.identities)
    found = next((each for each in known if (each.client_id or "").lower() == client_id.lower()), None)
    if found is None:
        return can_use_command(namespace, account, client_id)
    return grant_command(found, namespace, account, client_id)


def no_role(namespace: str, account: str, client_id: str) -> str:
    """Return the sentence about a service account without a ClusterRole for the identity binding."""
    return f"No ClusterRole lets service account '{namespace}/{account}' use the identity binding of {client_id}."


def unreadable_roles(reason: str) -> str:
    """Return the sentence about ClusterRoles that cannot be read."""
    return f"The ClusterRoles and ClusterRoleBindings of the cluster could not be read: {reason}"


def can_use_command(namespace: str, account: str, client_id: str) -> str:
    """Return the command that shows whether a service account may use the identity binding of a client ID."""
    user = f"--as=system:serviceaccount:{namespace}:{account}"
    return kubectl_line("auth", "can-i", VERB, f"{client_id}.{API_GROUP}", user)


def grant_command(identity: ManagedIdentity, namespace: str, account: str, client_id: str) -> str:
    """Return the command that lets a service account use the identity binding of a managed identity."""
    items = role_grant(identity, client_id, namespace, account)
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, separators=(",", ":"))
    return f"echo {shlex.quote(text)} | {kubectl_line('apply', '--filename', '-')}"
