# SPDX-License-Identifier: MIT
"""The states of pod identity entries when one profile replaces another."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...faults import Faults

ID_NAMES = ("resourceId", "clientId", "objectId")

Entry = dict[str, Any]
Profile = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """The profile while the operation runs, and after it ended Succeeded."""

    during: Profile
    settled: Profile


def identities(profile: Profile | None) -> list[Entry]:
    return (profile or {}).get("userAssignedIdentities") or []


def exceptions(profile: Profile | None) -> list[Entry]:
    return (profile or {}).get("userAssignedIdentityExceptions") or []


def outcome(requested: Profile, old: Profile | None, faults: Faults, assignable: Callable[[Entry], bool]) -> Outcome:
    """Return the states of all entries when a checked profile replaces the stored one.

    An entry that is added or changed is Updating, then Assigned. One that is removed is Deleting, then removed.
    Assumptions, from public reports: if its identity or role is missing, a removal ends with the entry
    still listed as Failed while the operation itself succeeds; it can be tried again, and then needs an
    identity under the old resource ID, with any client ID.
    """
    stored = {key_of(entry): entry for entry in identities(old)}
    during, settled = [], []
    for entry in identities(requested):
        clean = _stripped(entry)
        before = stored.pop(key_of(entry), None)
        if before and before.get("provisioningState") == "Assigned" and _stripped(before) == clean:
            during.append(before)
            settled.append(before)
            continue
        failure = faults.take_entry_failure(entry["namespace"], entry["name"])
        during.append({**clean, "provisioningState": "Updating"})
        settled.append(failed(clean, **failure) if failure else {**clean, "provisioningState": "Assigned"})
    for entry in stored.values():
        during.append({**_stripped(entry), "provisioningState": "Deleting"})
        if not assignable(entry):
            settled.append(failed(entry, *assignment_error(entry)))
    return Outcome(_profile(requested, during), _profile(requested, settled))


def failed(entry: Entry, code: str, message: str) -> Entry:
    """Return the entry as it is listed after it failed. The error is nested twice, as in the published API."""
    error = {"error": {"error": {"code": code, "message": message}}}
    return {**_stripped(entry), "provisioningState": "Failed", "provisioningInfo": error}


def fail_unsettled(profile: Profile | None, error: dict[str, str]) -> None:
    """Mark the entries that a failed operation was changing as Failed, with its error (assumption)."""
    entries = identities(profile)
    for index, entry in enumerate(entries):
        if entry.get("provisioningState") in ("Updating", "Deleting"):
            entries[index] = failed(entry, error["code"], error["message"])


def _profile(requested: Profile, entries: list[Entry]) -> Profile:
    """Return the profile without empty lists and with sorted labels (public recordings)."""
    lists = ("userAssignedIdentities", "userAssignedIdentityExceptions")
    profile = {name: copy.deepcopy(value) for name, value in requested.items() if name not in lists}
    if entries:
        profile["userAssignedIdentities"] = copy.deepcopy(entries)
    if exceptions(requested):
        profile["userAssignedIdentityExceptions"] = [
            {**entry, "podLabels": dict(sorted(entry["podLabels"].items()))} for entry in exceptions(requested)
        ]
    return profile


def assignment_error(entry: Entry) -> tuple[str, str]:
    identity = identity_of(entry)
    return (
        "PodIdentityAddonIdentitiesAssignmentError",
        "Cluster identity has no assignment permission over identity "
        f"'resourceId: {identity['resourceId']} - clientId: {identity['clientId']} "
        f"- objectId: {identity['objectId']}'. Please grant at least 'Managed Identity Operator' permission "
        "before assigning pod identity.",
    )


def identity_of(entry: Entry) -> dict[str, str]:
    return entry.get("identity") or {}


def key_of(entry: Entry) -> tuple[str, str]:
    return entry["namespace"], entry["name"]


def _stripped(entry: Entry) -> Entry:
    """Return the entry without its read-only members."""
    return {
        name: copy.deepcopy(value)
        for name, value in entry.items()
        if name not in ("provisioningState", "provisioningInfo")
    }
