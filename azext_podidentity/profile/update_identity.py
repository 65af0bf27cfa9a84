# SPDX-License-Identifier: MIT
"""Update an existing pod identity: its selector, its managed identity, or both in one write."""

# A change overrides only the methods that it needs.
# pylint: disable=abstract-method

from __future__ import annotations

from dataclasses import dataclass, replace

from azext_podidentity.profile.changes import ProfileChange
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.eligibility import check_can_change
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, PodIdentity, Profile
from azext_podidentity.profile.entry_types import IDENTITY


@dataclass(frozen=True)
class UpdateIdentity(ProfileChange):
    """Update the values of a pod identity that are not None; an empty selector resets it to the name of the entry."""

    key: EntryKey
    resource_id: str | None = None
    binding_selector: str | None = None

    def apply(self, cluster: Cluster) -> Profile:
        found = cluster.profile.identities.find(self.key)
        if found is None:
            raise IDENTITY.absent(cluster, self.key)
        check_can_change(cluster)
        wanted = self._updated(found)
        if found.failed or not found.binds_as(wanted):
            identities = cluster.profile.identities.put(found.bound_as(wanted))
            return replace(cluster.profile, identities=identities)
        return cluster.profile

    def is_done(self, profile: Profile) -> bool:
        found = profile.identities.find(self.key)
        return found is not None and not found.failed and found.binds_as(self._updated(found))

    def failed_entries(self, profile: Profile) -> list[PodIdentity]:
        found = profile.identities.find(self.key)
        return [found] if found is not None and found.failed else []

    def existing_entries(self, profile: Profile) -> list[PodIdentity]:
        found = profile.identities.find(self.key)
        return [found] if found is not None and found.binds_as(self._updated(found)) else []

    def _updated(self, found: PodIdentity) -> PodIdentity:
        identity = found.identity if self.resource_id is None else ManagedIdentity(self.resource_id)
        selector = found.binding_selector if self.binding_selector is None else self.binding_selector or None
        return PodIdentity(self.key, identity if not identity.same_as(found.identity) else found.identity, selector)
