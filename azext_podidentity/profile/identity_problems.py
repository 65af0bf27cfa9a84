"""Pod identities whose managed identity is gone, is another one by now, or is not the cluster's to assign.

The service refuses every change of a profile that has one, and names the managed identity alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.commands import add_command, create_commands, grant_command
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, NotFound, PodIdentity
from azext_podidentity.profile.entry_types import IDENTITY

_BLOCKED = "Until that is mended the service refuses every change of the cluster's pod identities."
_GONE = "which does not exist any more."
_MADE_ANEW = "which was deleted and created again: its object id is another one now."


@dataclass(frozen=True)
class Unreadable:
    """What is found in place of something that could not be read, and why."""

    reason: str


Found = ManagedIdentity | NotFound | Unreadable


@dataclass(frozen=True)
class ChangeContext:
    """What was tried when the service refused: which pod identities were to go, and what is not known of roles.

    `unknown_roles` has the reason why the role assignments over a managed identity could not be read, by its
    resource id in lower case.
    """

    removing: tuple[EntryKey, ...] = ()
    unknown_roles: Mapping[str, str] = field(default_factory=dict)


NO_CONTEXT = ChangeContext()


def describe(identity: ManagedIdentity, now: Found, cluster: Cluster, trial: ChangeContext) -> tuple[str, str]:
    """Why the service refuses that managed identity, and the way out; `now` is what its resource id names today."""
    sentence, mend = describe_one(identity, now, cluster, trial)
    return f"{sentence} {_BLOCKED}", mend


def describe_one(
    identity: ManagedIdentity, now: Found, cluster: Cluster, trial: ChangeContext = NO_CONTEXT
) -> tuple[str, str]:
    """What is wrong with that managed identity, in a sentence, and the way out; as in `describe`."""
    entries = cluster.profile.bound_to(identity.resource_id)
    names = ", ".join(str(entry.key) for entry in entries) or "that is being added"
    subject = f"Pod identity {names} is bound to managed identity {identity.resource_id}"
    reason, mend = _reason(identity, now, cluster, entries, trial)
    return f"{subject}, {reason}", mend


def _reason(
    identity: ManagedIdentity, now: Found, cluster: Cluster, entries: tuple[PodIdentity, ...], trial: ChangeContext
) -> tuple[str, str]:
    grant = grant_command(cluster.principal_id or "CLUSTER_IDENTITY", identity.resource_id)
    keys = tuple(dict.fromkeys((*trial.removing, *(entry.key for entry in entries))))
    removal = IDENTITY.delete_command(cluster, *keys) if entries else ""
    if isinstance(now, Unreadable):
        reason = f"which is gone or over which the cluster identity has no role (not known: {now.reason})."
        return reason, f"If it is there, grant the role, and run the same command again:\n{grant}"
    if isinstance(now, NotFound):
        # The service takes the identity from the nodes when the entry goes, and fails where there is none.
        create = _create(identity, now, cluster)
        then = f"then remove the entry:\n{create}\n{removal}" if entries else f"then grant the role:\n{create}\n{grant}"
        return _GONE, f"Create the managed identity again, and {then}"
    if is_another(identity, now) and entries:
        return _MADE_ANEW, _mend_made_anew(cluster, entries[0], removal, trial)
    unknown = trial.unknown_roles.get(identity.resource_id.lower())
    unread = f" Its role assignments could not be read: {unknown}" if unknown else ""
    mend = f"Grant it, and run the same command again:\n{grant}"
    if trial.removing and entries and set(keys) != set(trial.removing):
        mend += f"\nor remove that entry too, which grants the role on the way:\n{removal}"
    return f"over which the cluster identity has no role.{unread}", mend


def _mend_made_anew(cluster: Cluster, entry: PodIdentity, removal: str, trial: ChangeContext) -> str:
    if trial.removing:
        return f"Remove that entry too:\n{removal}"
    return f"Bind the one that is there now:\n{add_command(cluster, entry, force=True)}"


def describe_leftover(entry: PodIdentity, now: Found, cluster: Cluster) -> tuple[str, str] | None:
    """Why an entry that is to be added and is there already is not done with, and the way out.

    None where its managed identity is as it was, or cannot be read.
    """
    subject = f"Pod identity {entry.key} is there already, bound to managed identity {entry.identity.resource_id}"
    renewal = add_command(cluster, entry, force=True)
    if isinstance(now, NotFound):
        create = _create(entry.identity, now, cluster)
        mend = f"Create the managed identity again, and then replace what is left over:\n{create}\n{renewal}"
        return f"{subject}, {_GONE}", mend
    if isinstance(now, ManagedIdentity) and is_another(entry.identity, now):
        return f"{subject}, {_MADE_ANEW}", f"Replace what is left over with:\n{renewal}"
    return None


def is_another(identity: ManagedIdentity, now: ManagedIdentity) -> bool:
    """Whether the resource id names another managed identity now than the one the entry was made for."""
    return bool(identity.object_id and now.object_id and identity.object_id.lower() != now.object_id.lower())


def _create(identity: ManagedIdentity, now: NotFound, cluster: Cluster) -> str:
    return create_commands(identity.resource_id, cluster.location, resource_group_too=now.resource_group_too)
