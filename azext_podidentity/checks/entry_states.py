# SPDX-License-Identifier: MIT
"""Check the number, the states and the names of pod identities and exceptions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from azext_podidentity.checks.finding import Finding
from azext_podidentity.checks.snapshot import Snapshot
from azext_podidentity.checks.stale_ids import is_stale
from azext_podidentity.profile.cluster_states import is_final
from azext_podidentity.profile.commands import add_command
from azext_podidentity.profile.entries import EntryKey, PodIdentity
from azext_podidentity.profile.entry_types import ENTRY_TYPES, EXCEPTION, IDENTITY

# Warn if at most this number of entries can be added.
_FEW = 20
_PLURALS = {IDENTITY: "pod identities", EXCEPTION: "exceptions"}


def check_limits(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding for each list that is full or nearly full."""
    cluster = snapshot.cluster
    for entry_type, plural in _PLURALS.items():
        count = len(entry_type.entries(cluster.profile))
        left = max(entry_type.limit - count, 0)
        if left <= _FEW:
            message = f"The cluster has {count} {plural}. {left} more can be added."
            show = entry_type.command(cluster, "list", "--output", "table")
            yield Finding("warning" if left else "error", cluster.reference.name, message, (show,))


def check_states(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding for each pod identity that is not Assigned, unless an operation is running."""
    cluster = snapshot.cluster
    idle = is_final(cluster.provisioning_state)
    for entry in cluster.profile.identities:
        state = entry.provisioning_state
        if entry.failed:
            code, reason = entry.reason
            message = f"{IDENTITY.name(entry.key)} is in state Failed: {f'({code}) ' if code else ''}{reason}"
            retry = (add_command(cluster, entry),) if _can_succeed(snapshot, entry) else ()
            yield Finding("error", str(entry.key), message, retry)
        elif idle and state not in (None, "Assigned"):
            message = f"{IDENTITY.name(entry.key)} is still in state {state}, but no operation is running."
            show = IDENTITY.command(cluster, "list", "--output", "table")
            yield Finding("warning", str(entry.key), message, (show,))


def check_names(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding for entries of one type that have the same name, or names that differ only in case.

    Entries in different namespaces may have the same name.
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
                    message = f"{entry_type.name(key)} exists {keys.count(key)} times. Remove it and add the right one."
                    yield Finding("error", str(key), message, (entry_type.delete_command(cluster, key),))
            for key in different[1:]:
                message = f"The names {different[0]} and {key} differ only in case. Remove the wrong one."
                yield Finding("warning", str(key), message, (entry_type.delete_command(cluster, key),))


def _can_succeed(snapshot: Snapshot, entry: PodIdentity) -> bool:
    """Return whether a retry can succeed. A known cause of the failure has its own finding."""
    resource_id = entry.identity.resource_id
    found, roles = snapshot.find_identity(resource_id), snapshot.roles_over(resource_id)
    return found is not None and roles != () and not is_stale(entry, found)
