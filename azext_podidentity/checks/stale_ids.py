"""Entries that hold another managed identity than their resource id names today.

The service checks the whole profile at every write. So one such entry is mended by a write of its own, but several by
one write that takes them all out.
"""

from __future__ import annotations

from collections.abc import Iterator

from azext_podidentity.checks.finding import Finding, commands_of, subject_of
from azext_podidentity.checks.snapshot import Snapshot
from azext_podidentity.profile.commands import add_command, create_commands
from azext_podidentity.profile.entries import ManagedIdentity, NotFound, PodIdentity
from azext_podidentity.profile.entry_types import IDENTITY
from azext_podidentity.profile.identity_problems import Found, describe_one, is_another


def missing(snapshot: Snapshot) -> Iterator[Finding]:
    """Each managed identity exists."""
    for entries, found in _stale(snapshot):
        if isinstance(found, NotFound):
            yield _finding(snapshot, entries, *describe_one(entries[0].identity, found, snapshot.cluster))


def recreated(snapshot: Snapshot) -> Iterator[Finding]:
    """No managed identity was deleted and created again since its entries were made."""
    for entries, found in _stale(snapshot):
        if isinstance(found, ManagedIdentity) and is_another(entries[0].identity, found):
            yield _finding(snapshot, entries, *describe_one(entries[0].identity, found, snapshot.cluster))


def client_ids(snapshot: Snapshot) -> Iterator[Finding]:
    """Each entry holds the client id of its managed identity; pods cannot log in with another."""
    for entries, found in _stale(snapshot):
        first = entries[0]
        if isinstance(found, ManagedIdentity) and not is_another(first.identity, found):
            held, real = first.identity.client_id, found.client_id
            message = f"The entry holds the client id {held}, and that of its managed identity is {real}."
            yield _finding(snapshot, entries, message, add_command(snapshot.cluster, first, force=True))


def together(snapshot: Snapshot) -> Iterator[Finding]:
    """How several of them are mended: out in one write, and those back whose managed identity is there."""
    cluster, stale = snapshot.cluster, _stale(snapshot)
    if len(stale) < 2:
        return
    keys = [entry.key for entries, _ in stale for entry in entries]
    creations = [
        create_commands(entries[0].identity.resource_id, cluster.location, resource_group_too=found.resource_group_too)
        for entries, found in stale
        if isinstance(found, NotFound)
    ]
    additions = [
        add_command(cluster, entry) for entries, found in stale if not isinstance(found, NotFound) for entry in entries
    ]
    commands = "\n".join((*creations, IDENTITY.delete_command(cluster, *keys), *additions))
    message = (
        f"These {len(keys)} pod identities block each other: while one of them is broken the service refuses every "
        "change, so all must be removed in one."
    )
    yield Finding("error", subject_of(keys), message, "\n".join(dict.fromkeys(commands.splitlines())))


def _finding(snapshot: Snapshot, entries: list[PodIdentity], message: str, advice: str) -> Finding:
    alone = len(_stale(snapshot)) == 1
    return Finding("error", subject_of(entry.key for entry in entries), message, commands_of(advice) if alone else None)


def is_stale(entry: PodIdentity, found: Found | None) -> bool:
    """Whether the entry holds another managed identity than what is found under its resource id."""
    held = entry.identity
    if not isinstance(found, ManagedIdentity):
        return isinstance(found, NotFound)
    other_client = held.client_id and found.client_id and held.client_id.lower() != found.client_id.lower()
    return is_another(held, found) or bool(other_client)


def _stale(snapshot: Snapshot) -> list[tuple[list[PodIdentity], Found | None]]:
    """The entries that are stale, by managed identity, and what is found under its resource id."""
    found_by_id = ((entries, snapshot.identity(id)) for id, entries in snapshot.cluster.profile.bindings().items())
    stale = (([entry for entry in entries if is_stale(entry, found)], found) for entries, found in found_by_id)
    return [(entries, found) for entries, found in stale if entries]
