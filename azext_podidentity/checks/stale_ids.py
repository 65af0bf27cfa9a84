# SPDX-License-Identifier: MIT
"""Check for stale entries, whose managed identity was deleted or recreated since they were added.

The service validates the whole profile on every write. A single stale entry can therefore be fixed alone, but several
of them block each other and must be removed in one write.
"""

from __future__ import annotations

from collections.abc import Iterator

from azext_podidentity.checks.finding import Finding, join_keys
from azext_podidentity.checks.snapshot import Snapshot
from azext_podidentity.profile.commands import add_command, create_commands
from azext_podidentity.profile.entries import Found, ManagedIdentity, NotFound, PodIdentity
from azext_podidentity.profile.entry_types import IDENTITY
from azext_podidentity.profile.identity_problems import identity_advice, is_another


def check_missing(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding for each managed identity that does not exist."""
    for entries, found in _stale(snapshot):
        if isinstance(found, NotFound):
            advice = identity_advice(entries[0].identity, found, snapshot.cluster)
            yield _finding(snapshot, entries, advice.reason, advice.commands)


def check_recreated(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding for each managed identity that was deleted and recreated after its entries were added."""
    for entries, found in _stale(snapshot):
        if isinstance(found, ManagedIdentity) and is_another(entries[0].identity, found):
            advice = identity_advice(entries[0].identity, found, snapshot.cluster)
            yield _finding(snapshot, entries, advice.reason, advice.commands)


def check_client_ids(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding for each entry with a wrong client ID, with which pods cannot sign in."""
    for entries, found in _stale(snapshot):
        first = entries[0]
        if isinstance(found, ManagedIdentity) and not is_another(first.identity, found):
            held, actual = first.identity.client_id, found.client_id
            message = f"The entry has the client ID {held}, but the client ID of its managed identity is {actual}."
            yield _finding(snapshot, entries, message, (add_command(snapshot.cluster, first, force=True),))


def check_blocked(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield one finding for several stale entries.

    Its commands remove all of them in one write, and then add those whose managed identity exists.
    """
    cluster, stale = snapshot.cluster, _stale(snapshot)
    if len(stale) < 2:
        return
    keys = [entry.key for entries, _ in stale for entry in entries]
    creations = [
        command
        for entries, found in stale
        if isinstance(found, NotFound)
        for command in create_commands(
            entries[0].identity.resource_id, cluster.location, resource_group_too=found.resource_group_too
        )
    ]
    additions = [
        add_command(cluster, entry) for entries, found in stale if not isinstance(found, NotFound) for entry in entries
    ]
    commands = dict.fromkeys((*creations, IDENTITY.delete_command(cluster, *keys), *additions))
    message = (
        f"These {len(keys)} pod identities block each other. The service refuses every change while one of them is "
        "invalid, so all of them must be removed in one write."
    )
    yield Finding("error", join_keys(keys), message, tuple(commands))


def is_stale(entry: PodIdentity, found: Found | None) -> bool:
    """Return whether the managed identity of the entry was deleted or recreated."""
    held = entry.identity
    if not isinstance(found, ManagedIdentity):
        return isinstance(found, NotFound)
    other_client = held.client_id and found.client_id and held.client_id.lower() != found.client_id.lower()
    return is_another(held, found) or bool(other_client)


def _finding(snapshot: Snapshot, entries: list[PodIdentity], message: str, commands: tuple[str, ...]) -> Finding:
    """Return the finding about one managed identity, without commands if `check_blocked` reports all of them."""
    alone = len(_stale(snapshot)) == 1
    return Finding("error", join_keys(entry.key for entry in entries), message, commands if alone else ())


def _stale(snapshot: Snapshot) -> list[tuple[list[PodIdentity], Found | None]]:
    """Return the stale entries by managed identity, each with the one that currently has the resource ID."""
    bindings = snapshot.cluster.profile.bindings().items()
    found_by_id = ((entries, snapshot.find_identity(resource_id)) for resource_id, entries in bindings)
    stale = (([entry for entry in entries if is_stale(entry, found)], found) for entries, found in found_by_id)
    return [(entries, found) for entries, found in stale if entries]
