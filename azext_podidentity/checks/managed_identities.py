"""Whether the cluster identity may assign each managed identity, and what of that could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from azext_podidentity.checks.finding import Finding, commands_of, subject_of
from azext_podidentity.checks.snapshot import RoleAssignment, Snapshot
from azext_podidentity.profile.entries import NotFound
from azext_podidentity.profile.entry_types import IDENTITY
from azext_podidentity.profile.identity_problems import Unreadable, describe_one
from azext_podidentity.profile.rbac import describe_scope, same_scope
from azext_podidentity.profile.validation import is_managed_identity_id


def resource_ids(snapshot: Snapshot) -> Iterator[Finding]:
    """Each entry names a managed identity."""
    cluster = snapshot.cluster
    for entry in cluster.profile.identities:
        if not is_managed_identity_id(entry.identity.resource_id):
            message = f"{entry.identity.resource_id!r} is not the resource id of a managed identity."
            yield Finding("error", str(entry.key), message, IDENTITY.delete_command(cluster, entry.key))


def roles(snapshot: Snapshot) -> Iterator[Finding]:
    """The cluster identity has a role over each managed identity; where it comes from if not from a grant there."""
    for resource_id, entries in snapshot.cluster.profile.bindings().items():
        granted, found = snapshot.roles_over(resource_id), snapshot.identity(resource_id)
        if granted is None or isinstance(granted, Unreadable) or isinstance(found, NotFound):
            continue
        subject = subject_of(entry.key for entry in entries)
        if not granted:
            message, advice = describe_one(entries[0].identity, entries[0].identity, snapshot.cluster)
            yield Finding("error", subject, message, commands_of(advice))
        elif remark := _remark(resource_id, granted, snapshot.cluster.principal_id):
            yield Finding("info", subject, remark)


def unread_identities(snapshot: Snapshot) -> Iterator[Finding]:
    """The managed identities that could not be read, in one finding."""
    yield from _unread(snapshot, "managed identities", snapshot.identity)


def unread_roles(snapshot: Snapshot) -> Iterator[Finding]:
    """The managed identities over which the roles could not be read, in one finding."""
    yield from _unread(snapshot, "roles over the managed identities", snapshot.roles_over)


def _unread(snapshot: Snapshot, what: str, find: Callable[[str], object]) -> Iterator[Finding]:
    hidden = [
        (entry.key, found.reason)
        for resource_id, entries in snapshot.cluster.profile.bindings().items()
        if isinstance(found := find(resource_id), Unreadable)
        for entry in entries
    ]
    if hidden:
        message = f"The {what} could not be read, so they were not checked: {hidden[0][1]}"
        yield Finding("warning", subject_of(key for key, _ in hidden), message)


def _remark(resource_id: str, granted: Sequence[RoleAssignment], principal_id: str | None) -> str | None:
    """What is remarkable about the roles, None where the cluster identity has its own at the managed identity."""
    if any(same_scope(each.scope, resource_id) and _is_own(each, principal_id) for each in granted):
        return None
    role = granted[0]
    source = "" if same_scope(role.scope, resource_id) else f" from {describe_scope(role.scope)}"
    group = "" if _is_own(role, principal_id) else f", as a member of group {role.principal_id}"
    return f"The cluster identity has the role {role.role}{source}{group}."


def _is_own(role: RoleAssignment, principal_id: str | None) -> bool:
    return not role.principal_id or role.principal_id.lower() == (principal_id or "").lower()
