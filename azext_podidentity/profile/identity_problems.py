# SPDX-License-Identifier: MIT
"""Advice about managed identities that block every change of a profile: deleted, recreated, or without a role.

The service validates the whole profile on every write, and its error names only the managed identity.
"""

from __future__ import annotations

from dataclasses import replace

from azext_podidentity.profile.advice import Advice
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.commands import add_command, create_commands, grant_command
from azext_podidentity.profile.entries import Found, ManagedIdentity, NotFound, PodIdentity, Unreadable
from azext_podidentity.profile.entry_types import IDENTITY
from azext_podidentity.profile.service_requests import NO_CONTEXT, ChangeContext

_BLOCKED = "Until this is fixed, the service refuses every change of the cluster's pod identities."
_OTHERS = "Other pod identities may have problems too. To check all of them and show how to fix them at once, run:"
_DELETED = "which no longer exists."
_RECREATED = "which was deleted and recreated and now has another object ID."


def blocking_advice(
    identity: ManagedIdentity, now: Found, cluster: Cluster, context: ChangeContext = NO_CONTEXT
) -> Advice:
    """Return why the service refuses a profile with that managed identity, and how to fix it.

    `now` is the managed identity that currently has the resource ID.
    """
    advice = identity_advice(identity, now, cluster, context)
    alternative = (*advice.alternative, *_check_others(identity, cluster))
    return replace(advice, reason=f"{advice.reason} {_BLOCKED}", alternative=alternative)


def _check_others(identity: ManagedIdentity, cluster: Cluster) -> tuple[str, ...]:
    """Return the command that finds all invalid entries; the service's error names only the first one."""
    bound = cluster.profile.bound_to(identity.resource_id)
    if len(bound) == len(cluster.profile.identities):
        return ()
    return (_OTHERS, IDENTITY.command(cluster, "check", "--output", "table"))


def identity_advice(
    identity: ManagedIdentity, now: Found, cluster: Cluster, context: ChangeContext = NO_CONTEXT
) -> Advice:
    """Return the problem of the managed identity and how to fix it. The arguments are those of `blocking_advice`."""
    entries = cluster.profile.bound_to(identity.resource_id)
    names = ", ".join(f"'{entry.key}'" for entry in entries) or "that is being added"
    subject = f"Pod identity {names} is bound to managed identity '{identity.resource_id}'"
    advice = _advice(identity, now, cluster, entries, context)
    return replace(advice, reason=f"{subject}, {advice.reason}")


def _advice(
    identity: ManagedIdentity, now: Found, cluster: Cluster, entries: tuple[PodIdentity, ...], context: ChangeContext
) -> Advice:
    grant = grant_command(cluster.principal_id or "CLUSTER_IDENTITY", identity.resource_id)
    keys = tuple(dict.fromkeys((*context.removing, *(entry.key for entry in entries))))
    removal = IDENTITY.delete_command(cluster, *keys) if entries else None
    if isinstance(now, Unreadable):
        return Advice(
            "on which the cluster identity has no role, unless it was deleted. Whether it exists is unknown, because "
            f"it could not be read: {now.reason}",
            ("If the managed identity exists, grant the role and then run your command again. To grant it, run:",),
            (grant,),
        )
    if isinstance(now, NotFound):
        # The service removes the identity from the nodes together with the entry, and fails if it does not exist.
        create = _create(identity, now, cluster)
        if removal:
            keep = tuple(add_command(cluster, entry, force=True) for entry in entries if entry.key in context.removing)
            return Advice(
                _DELETED,
                ("To recreate it and then remove the entry, run:",),
                (*create, removal),
                ("Or, to keep the entry, run this in place of the last command:", *keep) if keep else (),
            )
        return Advice(_DELETED, ("To recreate it and grant the role, run:",), (*create, grant))
    if is_another(identity, now) and entries and removal:
        if context.removing:
            return Advice(_RECREATED, ("To remove that entry as well, run:",), (removal,))
        return Advice(
            _RECREATED, ("To rebind the managed identity, run:",), (add_command(cluster, entries[0], force=True),)
        )
    return _role_advice(identity, context, grant, removal if set(keys) != set(context.removing) else None)


def _role_advice(identity: ManagedIdentity, context: ChangeContext, grant: str, removal: str | None) -> Advice:
    """Return the advice for a missing role. `removal` is the command that also removes the entries that lack it."""
    unknown = context.unknown_roles.get(identity.resource_id.lower())
    unread = f" Its role assignments could not be read: {' '.join(unknown.split())}" if unknown else ""
    reason = f"on which the cluster identity has no role.{unread}"
    if context.removing and removal:
        step = (
            "Run the first command to grant the role and then your command again, or run the second command to remove "
            "that entry as well, which also grants the role:"
        )
        return Advice(reason, (step,), (grant, removal))
    return Advice(reason, ("Grant the role and then run your command again. To grant it, run:",), (grant,))


def leftover_advice(entry: PodIdentity, now: Found, cluster: Cluster) -> Advice | None:
    """Return why an existing entry is not equal to the one to add, and how to fix it.

    Return None if its managed identity is unchanged or cannot be read.
    """
    subject = f"Pod identity '{entry.key}' already exists, bound to managed identity '{entry.identity.resource_id}'"
    renewal = add_command(cluster, entry, force=True)
    if isinstance(now, NotFound):
        create = _create(entry.identity, now, cluster)
        step = "To recreate the managed identity and replace the leftover entry, run:"
        return Advice(f"{subject}, {_DELETED}", (step,), (*create, renewal))
    if isinstance(now, ManagedIdentity) and is_another(entry.identity, now):
        return Advice(f"{subject}, {_RECREATED}", ("To replace the leftover entry, run:",), (renewal,))
    return None


def is_another(identity: ManagedIdentity, now: ManagedIdentity) -> bool:
    """Return whether the managed identity was recreated after the entry was added, and has other IDs."""
    return bool(identity.object_id and now.object_id and identity.object_id.lower() != now.object_id.lower())


def _create(identity: ManagedIdentity, now: NotFound, cluster: Cluster) -> tuple[str, ...]:
    return create_commands(identity.resource_id, cluster.location, resource_group_too=now.resource_group_too)
