# SPDX-License-Identifier: MIT
"""Changes that enable or disable the add-on or workload identity, and the entries that disabling deletes."""

# A change overrides only the methods that it needs.
# pylint: disable=unused-argument, abstract-method

from __future__ import annotations

from dataclasses import dataclass, replace

from azure.cli.core.azclierror import ValidationError

from azext_podidentity.profile.advice import Advice
from azext_podidentity.profile.changes import Change, ProfileChange
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.eligibility import check_can_enable
from azext_podidentity.profile.entries import EntryKey, Profile
from azext_podidentity.profile.entry_types import ENTRY_TYPES, EXCEPTION, IDENTITY, SERVICE_EXCEPTION, EntryType


@dataclass(frozen=True)
class Enable(ProfileChange):
    """Enable the add-on and keep existing entries; `consent` allows the add-on on kubenet."""

    consent: bool = False

    def apply(self, cluster: Cluster) -> Profile:
        check_can_enable(cluster, consent_given=self.consent)
        allowed = True if self.consent else cluster.profile.allow_network_plugin_kubenet
        return replace(cluster.profile, enabled=True, allow_network_plugin_kubenet=allowed)

    def is_done(self, profile: Profile) -> bool:
        return profile.enabled and (not self.consent or bool(profile.allow_network_plugin_kubenet))

    def new_profile(self) -> Profile:
        """Return the profile of a cluster that is being created."""
        return Profile(enabled=True, allow_network_plugin_kubenet=True if self.consent else None)


@dataclass(frozen=True)
class EnableWorkloadIdentity(Change):
    """Enable the OIDC issuer and workload identity, and leave the profile as it is."""

    def wanted(self, cluster: Cluster) -> Cluster:
        return replace(cluster, features=replace(cluster.features, oidc_issuer=True, workload_identity=True))

    def is_reached(self, cluster: Cluster) -> bool:
        return cluster.features.enabled


@dataclass(frozen=True)
class Disable(ProfileChange):
    """Disable the add-on, which deletes its entries. `accepted`: the entries that may be deleted, None for any."""

    accepted: frozenset[tuple[EntryType, EntryKey]] | None = frozenset()

    def apply(self, cluster: Cluster) -> Profile:
        if self.accepted is not None and not frozenset(lost_by_disable(cluster.profile)) <= self.accepted:
            raise loss_advice(cluster).error(ValidationError)
        return replace(cluster.profile, enabled=False)

    def is_done(self, profile: Profile) -> bool:
        return not profile.enabled


def lost_by_disable(profile: Profile) -> list[tuple[EntryType, EntryKey]]:
    """Return the entries that disabling deletes, without the exception that belongs to the add-on itself."""
    entries = [(entry_type, entry.key) for entry_type in ENTRY_TYPES for entry in entry_type.entries(profile)]
    return [each for each in entries if each != (EXCEPTION, SERVICE_EXCEPTION)]


def loss_advice(cluster: Cluster) -> Advice:
    """Return which entries are lost when the add-on is disabled, and how to keep or remove them first."""
    lost = lost_by_disable(cluster.profile)
    names = "\n".join(f"  {entry_type.noun.lower()} {key}" for entry_type, key in lost)
    by_type = ((entry_type, [key for its_type, key in lost if its_type is entry_type]) for entry_type in ENTRY_TYPES)
    return Advice(
        f"Cluster {cluster.reference.name!r} still has these entries, which are lost when the add-on is disabled:\n"
        f"{names}",
        ("Pass --yes to lose them. To keep a copy, run the first command. To remove them first, run the others:",),
        (
            f"{IDENTITY.command(cluster, 'export')} > pod-identities.yaml",
            *(entry_type.delete_command(cluster, *keys) for entry_type, keys in by_type if keys),
        ),
    )
