# SPDX-License-Identifier: MIT
"""Find and restore entries of other clients that a write overwrote, if the service has no ETags."""

from __future__ import annotations

from azext_podidentity.profile.entries import EntryKey, Keyed, ManagedIdentity, PodIdentity, Profile
from azext_podidentity.profile.entry_types import ENTRY_TYPES, EntryType

LostUpdates = dict[tuple[EntryType, EntryKey], Keyed]


def lost_of(before: Profile, wanted: Profile, now: Profile) -> LostUpdates:
    """Return the entries that existed before a write, were part of it, and do not exist after it.

    Return none if the add-on was disabled in the write or is disabled now, because that deletes entries on purpose.
    """
    if not (wanted.enabled and now.enabled):
        return {}
    return {
        (entry_type, entry.key): entry
        for entry_type in ENTRY_TYPES
        for entry in entry_type.entries(before)
        if entry_type.entries(wanted).find(entry.key) is not None and entry_type.entries(now).find(entry.key) is None
    }


def restore(profile: Profile, lost: LostUpdates) -> Profile:
    """Return the profile with each of the lost entries that it does not have."""
    for (entry_type, key), entry in lost.items():
        entries = entry_type.entries(profile)
        if profile.enabled and entries.find(key) is None:
            profile = entry_type.replaced(profile, entries.put(entry))
    return profile


def all_restored(profile: Profile, lost: LostUpdates) -> bool:
    """Return whether none of the lost entries is missing."""
    return restore(profile, lost) is profile


def without(lost: LostUpdates, identity: ManagedIdentity) -> LostUpdates:
    """Return the lost entries except those that bind the managed identity."""
    return {
        key: entry
        for key, entry in lost.items()
        if not (isinstance(entry, PodIdentity) and entry.identity.same_as(identity))
    }
