# SPDX-License-Identifier: MIT
"""Split a change that adds more managed identities than Azure accepts in one request."""

from __future__ import annotations

import re
from dataclasses import replace

from azext_podidentity.profile.entries import Entries, PodIdentity, Profile

# A scale set accepts about 150 (public report Azure/aad-pod-identity#813). The error message contains the limit.
_LIMIT = re.compile(r"assign exceed limit '(?P<limit>[1-9]\d*)' in one request", re.IGNORECASE)


def limit_in(message: str) -> int | None:
    """Return how many managed identities one request can add, None if the message is about something else."""
    match = _LIMIT.search(message)
    return int(match["limit"]) if match else None


def new_identities(before: Profile, wanted: Profile) -> list[str]:
    """Return the resource IDs, in lower case and without duplicates, that only the wanted profile binds."""
    known = {entry.identity.resource_id.lower() for entry in before.identities}
    ids = dict.fromkeys(entry.identity.resource_id.lower() for entry in wanted.identities)
    return [each for each in ids if each not in known]


def first_portion(before: Profile, wanted: Profile, limit: int) -> Profile:
    """Return the wanted profile with only the first `limit` new managed identities."""
    later = frozenset(new_identities(before, wanted)[limit:])
    if not later:
        return wanted
    entries: list[PodIdentity] = []
    for entry in wanted.identities:
        if entry.identity.resource_id.lower() not in later:
            entries.append(entry)
        elif former := before.identities.find(entry.key):
            entries.append(former)
    return replace(wanted, identities=Entries(entries))
