# SPDX-License-Identifier: MIT
"""Check the roles of the cluster identity over the managed identities, and report what could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from azext_podidentity.checks.finding import Finding, join_keys
from azext_podidentity.checks.snapshot import RoleAssignment, Snapshot
from azext_podidentity.profile.entries import NotFound, Unreadable
from azext_podidentity.profile.entry_types import IDENTITY
from azext_podidentity.profile.identity_problems import identity_advice
from azext_podidentity.profile.rbac import describe_scope, same_scope
from azext_podidentity.profile.validation import is_managed_identity_id


def check_resource_ids(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding for each entry whose resource ID is not that of a managed identity."""
    cluster = snapshot.cluster
    for entry in cluster.profile.identities:
        if not is_managed_identity_id(entry.identity.resource_id):
            message = f"{entry.identity.resource_id!r} is not the resource ID of a managed identity."
            yield Finding("error", str(entry.key), message, (IDENTITY.delete_command(cluster, entry.key),))


def check_roles(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding for each managed identity without a role, or with only an inherited one."""
    for resource_id, entries in snapshot.cluster.profile.bindings().items():
        roles, found = snapshot.roles_over(resource_id), snapshot.find_identity(resource_id)
        if roles is None or isinstance(roles, Unreadable) or isinstance(found, NotFound):
            continue
        subject = join_keys(entry.key for entry in entries)
        if not roles:
            advice = identity_advice(entries[0].identity, entries[0].identity, snapshot.cluster)
            yield Finding("error", subject, advice.reason, advice.commands)
        elif source := _describe_source(resource_id, roles, snapshot.cluster.principal_id):
            yield Finding("info", subject, source)


def check_identities_readable(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield one finding for all managed identities that could not be read."""
    yield from _unreadable(snapshot, "managed identities", snapshot.find_identity)


def check_roles_readable(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield one finding for all managed identities over which the role assignments could not be read."""
    yield from _unreadable(snapshot, "role assignments over the managed identities", snapshot.roles_over)


def _unreadable(snapshot: Snapshot, what: str, find: Callable[[str], object]) -> Iterator[Finding]:
    unreadable = [
        (entry.key, found.reason)
        for resource_id, entries in snapshot.cluster.profile.bindings().items()
        if isinstance(found := find(resource_id), Unreadable)
        for entry in entries
    ]
    if unreadable:
        message = f"The {what} could not be read, so they were not checked: {unreadable[0][1]}"
        yield Finding("warning", join_keys(key for key, _ in unreadable), message)


def _describe_source(resource_id: str, roles: Sequence[RoleAssignment], principal_id: str | None) -> str | None:
    """Return a sentence about an inherited or group role; None for the cluster identity's own role at the resource."""
    if any(same_scope(each.scope, resource_id) and _is_own(each, principal_id) for each in roles):
        return None
    role = roles[0]
    source = "" if same_scope(role.scope, resource_id) else f" from {describe_scope(role.scope)}"
    group = "" if _is_own(role, principal_id) else f", as a member of group {role.principal_id}"
    return f"The cluster identity has the {role.role} role{source}{group}."


def _is_own(role: RoleAssignment, principal_id: str | None) -> bool:
    return not role.principal_id or role.principal_id.lower() == (principal_id or "").lower()
