# SPDX-License-Identifier: MIT
"""The change that repairs entries in one write: rebind recreated managed identities, replace null labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import reduce

from azext_podidentity.profile.changes import ProfileChange
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.eligibility import check_can_change
from azext_podidentity.profile.entries import Entries, EntryKey, ManagedIdentity, PodIdentity, Profile


@dataclass(frozen=True)
class Repair(ProfileChange):
    """Repair the entries that have not changed since the check, and leave the others.

    `stale`: the entries with outdated IDs, each with the current managed identity. `null_labels`: the exceptions with
    `podLabels: null`. `without_role`: the entries over whose managed identity a role is missing.
    """

    stale: Mapping[EntryKey, ManagedIdentity] = field(default_factory=dict)
    null_labels: frozenset[EntryKey] = frozenset()
    without_role: frozenset[EntryKey] = frozenset()

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to repair."""
        return bool(self.stale or self.null_labels or self.without_role)

    def apply(self, cluster: Cluster) -> Profile:
        """Return the profile with the entries repaired. Raise an azure-cli error if it cannot be changed."""
        check_can_change(cluster)
        profile = cluster.profile
        renewed = [entry.renewed() for entry in profile.identities if self._is_stale(entry)]
        labelled = [
            replace(entry, raw={**entry.raw, "podLabels": {}})
            for entry in profile.exceptions
            if entry.key in self.null_labels and entry.has_null_labels
        ]
        return replace(
            profile,
            identities=reduce(Entries.put, renewed, profile.identities),
            exceptions=reduce(Entries.put, labelled, profile.exceptions),
        )

    def is_done(self, profile: Profile) -> bool:
        """Return whether no entry is left to repair."""
        null = any(entry.has_null_labels for entry in profile.exceptions if entry.key in self.null_labels)
        return not null and not any(map(self._is_stale, profile.identities))

    def failed_entries(self, profile: Profile) -> list[PodIdentity]:
        """Return the entries that were rebound and that the service could not assign."""
        return [entry for entry in profile.identities if entry.key in self.stale and entry.failed]

    def existing_entries(self, profile: Profile) -> list[PodIdentity]:
        """Return the entries that only lack a role."""
        return [entry for entry in profile.identities if entry.key in self.without_role]

    def _is_stale(self, entry: PodIdentity) -> bool:
        """Return whether the entry has outdated IDs, or is in state Failed because of them."""
        wanted = self.stale.get(entry.key)
        if wanted is None or not entry.identity.same_as(wanted):
            return False
        held = (entry.identity.client_id, entry.identity.object_id)
        return entry.failed or any(
            _differ(one, other) for one, other in zip(held, (wanted.client_id, wanted.object_id), strict=True)
        )


def _differ(one: str | None, other: str | None) -> bool:
    return bool(one and other and one.lower() != other.lower())
