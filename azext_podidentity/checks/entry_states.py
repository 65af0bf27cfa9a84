"""The lists of the profile and the state of their entries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from azext_podidentity.checks.finding import Finding
from azext_podidentity.checks.snapshot import Snapshot
from azext_podidentity.checks.stale_ids import is_stale
from azext_podidentity.profile.cluster_states import is_final
from azext_podidentity.profile.commands import add_command
from azext_podidentity.profile.entries import EntryKey, PodIdentity
from azext_podidentity.profile.entry_types import ENTRY_TYPES, IDENTITY

# So few free places are worth a word.
_FEW = 20


def room(snapshot: Snapshot) -> Iterator[Finding]:
    """How many more entries of each kind there may be."""
    cluster = snapshot.cluster
    for entry_type in ENTRY_TYPES:
        count = len(entry_type.entries(cluster.profile))
        left = max(entry_type.limit - count, 0)
        if left <= _FEW:
            message = f"There are {count} entries of the kind {entry_type.noun.lower()}; there is room for {left} more."
            show = entry_type.command(cluster, "list", "--output", "table")
            yield Finding("warning" if left else "error", cluster.reference.name, message, show)


def states(snapshot: Snapshot) -> Iterator[Finding]:
    """Each pod identity is Assigned, or on its way while an operation runs."""
    cluster = snapshot.cluster
    settled = is_final(cluster.provisioning_state)
    for entry in cluster.profile.identities:
        state = entry.provisioning_state
        if entry.failed:
            code, reason = entry.reason
            said = f"({code}) {reason}" if code else reason
            retry = add_command(cluster, entry) if _is_sound(snapshot, entry) else None
            yield Finding("error", str(entry.key), f"{IDENTITY.name(entry.key)} is in state Failed: {said}", retry)
        elif settled and state not in (None, "Assigned"):
            message = f"{IDENTITY.name(entry.key)} is still in state {state}, though no operation runs."
            yield Finding("warning", str(entry.key), message, IDENTITY.command(cluster, "list", "--output", "table"))


def duplicates(snapshot: Snapshot) -> Iterator[Finding]:
    """No two entries of a kind have one name in one namespace, nor names that differ in case alone.

    In different namespaces entries may have the same name.
    """
    cluster = snapshot.cluster
    for entry_type in ENTRY_TYPES:
        spellings: dict[EntryKey, list[EntryKey]] = defaultdict(list)
        for entry in entry_type.entries(cluster.profile):
            namespace, name = entry.key
            spellings[EntryKey(namespace.lower(), name.lower())].append(entry.key)
        for keys in spellings.values():
            different = list(dict.fromkeys(keys))
            for key in different:
                if keys.count(key) > 1:
                    message = (
                        f"{entry_type.name(key)} is there {keys.count(key)} times: remove it and add the right one."
                    )
                    yield Finding("error", str(key), message, entry_type.delete_command(cluster, key))
            for key in different[1:]:
                message = f"The names {different[0]} and {key} differ in case alone: remove the one that is wrong."
                yield Finding("warning", str(key), message, entry_type.delete_command(cluster, key))


def _is_sound(snapshot: Snapshot, entry: PodIdentity) -> bool:
    """Whether nothing is known that would make the entry fail again; what is has a finding of its own."""
    found, granted = snapshot.identity(entry.identity.resource_id), snapshot.roles_over(entry.identity.resource_id)
    return found is not None and granted != () and not is_stale(entry, found)
