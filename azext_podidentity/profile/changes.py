"""The changes of a profile: cluster in, profile out. What cannot be is refused with the way out.

A change is applied afresh to each reading of the cluster, so that one made meanwhile by somebody else stays.
"""

# What a change may tell of itself: most have nothing to tell, and abstract ones leave it open.
# pylint: disable=unused-argument, abstract-method

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import reduce

from azure.cli.core.azclierror import ValidationError

from azext_podidentity.profile.cluster import Cluster, check_can_change, check_can_enable
from azext_podidentity.profile.commands import add_command
from azext_podidentity.profile.entries import (
    Entries,
    EntryKey,
    ManagedIdentity,
    PodIdentity,
    PodIdentityException,
    Profile,
)
from azext_podidentity.profile.entry_types import (
    ENTRY_TYPES,
    EXCEPTION,
    IDENTITY,
    SERVICE_EXCEPTION,
    EntryType,
    check_not_of_service,
    key_arguments,
    label_arguments,
)


class Change(ABC):
    """One change of a profile."""

    @abstractmethod
    def apply(self, cluster: Cluster) -> Profile:
        """The profile as it should be; equal to the cluster's where nothing is to be done.

        Raises an azure-cli error where the change cannot be.
        """

    @abstractmethod
    def is_done(self, profile: Profile) -> bool:
        """Whether the profile is as this change makes it."""

    def warnings(self, cluster: Cluster) -> list[str]:
        """What people should know though the change goes on, a sentence each."""
        return []

    def failed_entries(self, profile: Profile) -> list[PodIdentity]:
        """The pod identities that the change is about, where the service gave up on them."""
        return []

    def existing_entry(self, profile: Profile) -> PodIdentity | None:
        """The pod identity that the change would add, where it is there already and is not to be replaced."""
        return None

    @property
    def enables_workload_identity(self) -> bool:
        """Whether the change also enables the OIDC issuer and workload identity."""
        return False

    @property
    def removing(self) -> tuple[EntryKey, ...]:
        """The pod identities that the change removes."""
        return ()


@dataclass(frozen=True)
class AddIdentity(Change):
    """Binds a managed identity to a name in a namespace; `force` replaces what is left over there.

    Left over is an entry in state Failed, and one whose managed identity was deleted and created again since.
    """

    entry: PodIdentity
    force: bool = False

    @classmethod
    def of(
        cls, key: EntryKey, resource_id: str, binding_selector: str | None = None, *, force: bool = False
    ) -> AddIdentity:
        """The change for what the user gave; client and object id are looked up when it is written."""
        return cls(PodIdentity(key, ManagedIdentity(resource_id), binding_selector), force)

    @property
    def key(self) -> EntryKey:
        return self.entry.key

    def apply(self, cluster: Cluster) -> Profile:
        check_can_change(cluster)
        profile = cluster.profile
        found = profile.identities.find(self.key)
        if found is None:
            IDENTITY.check_limit(cluster)
            return replace(profile, identities=profile.identities.put(self.entry))
        if not found.binds_as(self.entry):
            return self._replaced(cluster, found)
        # The managed identity's other entries hold the same ids: they are out of date together.
        renewed = profile.bound_to(found.identity.resource_id) if self.force else [found] if found.failed else []
        entries = reduce(Entries.put, (entry.renewed() for entry in renewed), profile.identities)
        return replace(profile, identities=entries)

    def _replaced(self, cluster: Cluster, found: PodIdentity) -> Profile:
        """The profile with the entry in place of another of its name, where that one is left over."""
        if found.failed and self.force:
            return replace(cluster.profile, identities=cluster.profile.identities.put(self.entry))
        state = "in state Failed, " if found.failed else ""
        way_out = (
            f"replace what is left over with:\n{add_command(cluster, self.entry, force=True)}"
            if found.failed
            else f"remove it first with:\n{IDENTITY.delete_command(cluster, self.key)}"
        )
        raise ValidationError(
            f"{IDENTITY.name(self.key)} is there already, {state}for managed identity {found.identity.resource_id} "
            f"with binding selector {found.effective_selector!r}.",
            f"Choose another --name, or {way_out}",
        )

    def warnings(self, cluster: Cluster) -> list[str]:
        found = cluster.profile.identities.find(self.key)
        return [remark_on_failed(found)] if found is not None and found.failed else []

    def is_done(self, profile: Profile) -> bool:
        found = self._standing(profile)
        return found is not None and not found.failed

    def existing_entry(self, profile: Profile) -> PodIdentity | None:
        return None if self.force else self._standing(profile)

    def _standing(self, profile: Profile) -> PodIdentity | None:
        found = profile.identities.find(self.key)
        return found if found is not None and found.binds_as(self.entry) else None

    def failed_entries(self, profile: Profile) -> list[PodIdentity]:
        return _failed(profile, self.key)


@dataclass(frozen=True)
class Delete(Change):
    """Removes entries of one kind in one write; of several those that are there."""

    entry_type: EntryType
    keys: tuple[EntryKey, ...]

    def apply(self, cluster: Cluster) -> Profile:
        if self.entry_type is EXCEPTION:
            for key in self.keys:
                check_not_of_service(key)
        absent = self._absent(cluster.profile)
        if len(absent) == len(self.keys):
            raise self.entry_type.absent(cluster, *absent)
        check_can_change(cluster)
        left = reduce(Entries.remove, self.keys, self.entry_type.entries(cluster.profile))
        return self.entry_type.replaced(cluster.profile, left)

    def warnings(self, cluster: Cluster) -> list[str]:
        absent = self._absent(cluster.profile)
        return [self.entry_type.absent(cluster, *absent).error_msg] if 0 < len(absent) < len(self.keys) else []

    def is_done(self, profile: Profile) -> bool:
        return len(self._absent(profile)) == len(self.keys)

    def failed_entries(self, profile: Profile) -> list[PodIdentity]:
        return _failed(profile, *self.keys) if self.entry_type is IDENTITY else []

    @property
    def removing(self) -> tuple[EntryKey, ...]:
        return self.keys if self.entry_type is IDENTITY else ()

    def _absent(self, profile: Profile) -> list[EntryKey]:
        entries = self.entry_type.entries(profile)
        return [key for key in self.keys if entries.find(key) is None]


@dataclass(frozen=True)
class _ExceptionChange(Change):
    """What makes an exception have the labels of `entry`."""

    entry: PodIdentityException

    @property
    def key(self) -> EntryKey:
        return self.entry.key

    def is_done(self, profile: Profile) -> bool:
        found = profile.exceptions.find(self.key)
        return found is not None and found.pod_labels == self.entry.pod_labels


@dataclass(frozen=True)
class AddException(_ExceptionChange):
    """Lets the pods with any one of the labels bypass the node agent."""

    def apply(self, cluster: Cluster) -> Profile:
        check_not_of_service(self.key)
        check_can_change(cluster)
        profile = cluster.profile
        found = profile.exceptions.find(self.key)
        if found is None:
            EXCEPTION.check_limit(cluster)
            return replace(profile, exceptions=profile.exceptions.put(self.entry))
        if found.pod_labels == self.entry.pod_labels:
            return profile
        raise ValidationError(
            f"{EXCEPTION.name(self.key)} is there already, with the labels "
            f"{' '.join(label_arguments(found.pod_labels)) or '(none)'}.",
            "Choose another --name, or change its labels with:\n"
            + EXCEPTION.command(
                cluster,
                "update",
                *key_arguments(self.key),
                "--pod-labels",
                *label_arguments(self.entry.pod_labels),
            ),
        )


@dataclass(frozen=True)
class UpdateException(_ExceptionChange):
    """Replaces the labels of an exception."""

    def apply(self, cluster: Cluster) -> Profile:
        check_not_of_service(self.key)
        profile = cluster.profile
        found = profile.exceptions.find(self.key)
        if found is None:
            raise EXCEPTION.absent(cluster, self.key)
        check_can_change(cluster)
        if found.pod_labels == self.entry.pod_labels:
            return profile
        updated = replace(found, pod_labels=self.entry.pod_labels)
        return replace(profile, exceptions=profile.exceptions.put(updated))


@dataclass(frozen=True)
class Enable(Change):
    """Enables the add-on and keeps the entries that are there; `consent` allows kubenet from now on."""

    consent: bool = False

    def apply(self, cluster: Cluster) -> Profile:
        check_can_enable(cluster, consent_given=self.consent)
        allowed = True if self.consent else cluster.profile.allow_network_plugin_kubenet
        return replace(cluster.profile, enabled=True, allow_network_plugin_kubenet=allowed)

    def is_done(self, profile: Profile) -> bool:
        return profile.enabled and (not self.consent or bool(profile.allow_network_plugin_kubenet))

    def new_profile(self) -> Profile:
        """The profile of a cluster that is being created."""
        return Profile(enabled=True, allow_network_plugin_kubenet=True if self.consent else None)


@dataclass(frozen=True)
class EnableWorkloadIdentity(Change):
    """Enables the OIDC issuer and workload identity; the profile stays as it is."""

    def apply(self, cluster: Cluster) -> Profile:
        return cluster.profile

    def is_done(self, profile: Profile) -> bool:
        return True

    @property
    def enables_workload_identity(self) -> bool:
        return True


@dataclass(frozen=True)
class Disable(Change):
    """Disables the add-on, which loses its entries; those of `accepted` may be lost, with None any."""

    accepted: frozenset[tuple[EntryType, EntryKey]] | None = frozenset()

    def apply(self, cluster: Cluster) -> Profile:
        if self.accepted is not None and not frozenset(lost_by_disable(cluster.profile)) <= self.accepted:
            raise ValidationError(*describe_loss(cluster))
        return replace(cluster.profile, enabled=False)

    def is_done(self, profile: Profile) -> bool:
        return not profile.enabled


def lost_by_disable(profile: Profile) -> list[tuple[EntryType, EntryKey]]:
    """The entries of either kind that a disable loses; the service's own exception comes and goes with the add-on."""
    entries = [(entry_type, entry.key) for entry_type in ENTRY_TYPES for entry in entry_type.entries(profile)]
    return [each for each in entries if each != (EXCEPTION, SERVICE_EXCEPTION)]


def describe_loss(cluster: Cluster) -> tuple[str, str]:
    """What people should know before they disable an add-on that has entries: what they lose, and the ways out."""
    lost = lost_by_disable(cluster.profile)
    names = "\n".join(f"  {entry_type.noun.lower()} {key}" for entry_type, key in lost)
    by_type = ((entry_type, [key for its_type, key in lost if its_type is entry_type]) for entry_type in ENTRY_TYPES)
    removals = "\n".join(entry_type.delete_command(cluster, *keys) for entry_type, keys in by_type if keys)
    return (
        f"Cluster {cluster.reference.name!r} still has these entries; disabling loses them:\n{names}",
        "Pass --yes to lose them, or keep a copy of them with:\n"
        f"{IDENTITY.command(cluster, 'export')} > pod-identities.yaml\n"
        f"or remove them first with:\n{removals}",
    )


def remark_on_failed(entry: PodIdentity) -> str:
    """What people should know of an entry in state Failed that a change is about."""
    _, reason = entry.reason
    return f"{IDENTITY.name(entry.key)} is there in state Failed ({reason}). It is tried again."


def _failed(profile: Profile, *keys: EntryKey) -> list[PodIdentity]:
    return [entry for entry in profile.identities if entry.key in keys and entry.failed]
