"""The changes of a profile: cluster in, profile out. What cannot be is refused with the way out.

A change is applied afresh to each reading of the cluster, so that one made meanwhile by somebody else stays.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

from azure.cli.core.azclierror import ValidationError

from azext_podidentity.profile.cluster import Cluster, check_can_change, check_can_enable
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, PodIdentity, PodIdentityException, Profile
from azext_podidentity.profile.kinds import (
    EXCEPTION,
    IDENTITY,
    SERVICE_EXCEPTION,
    Kind,
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

    def failed_entry(self, profile: Profile) -> PodIdentity | None:
        """The pod identity that the change is about, where the service gave up on it."""
        return None

    def standing_entry(self, profile: Profile) -> PodIdentity | None:
        """The pod identity that the change would add, where it is there already."""
        return None


@dataclass(frozen=True)
class AddIdentity(Change):
    """Binds a managed identity to a name in a namespace."""

    entry: PodIdentity

    @classmethod
    def of(cls, key: EntryKey, resource_id: str, binding_selector: str | None = None) -> AddIdentity:
        """The change for what the user gave; client and object id are looked up when it is written."""
        return cls(PodIdentity(key, ManagedIdentity(resource_id), binding_selector))

    @property
    def key(self) -> EntryKey:
        return self.entry.key

    def apply(self, cluster: Cluster) -> Profile:
        check_can_change(cluster)
        profile = cluster.profile
        found = profile.identities.find(self.key)
        if found is None:
            IDENTITY.check_room(cluster)
            return replace(profile, identities=profile.identities.put(self.entry))
        if not found.binds_as(self.entry):
            raise ValidationError(
                f"{IDENTITY.name(self.key)} is there already, for managed identity {found.identity.resource_id} "
                f"with binding selector {found.effective_selector!r}.",
                "Choose another --name, or remove it first with:\n" + IDENTITY.delete_command(cluster, self.key),
            )
        if not found.failed:
            return profile
        return replace(profile, identities=profile.identities.put(found.renewed()))

    def is_done(self, profile: Profile) -> bool:
        return self.standing_entry(profile) is not None

    def standing_entry(self, profile: Profile) -> PodIdentity | None:
        found = profile.identities.find(self.key)
        return found if found is not None and found.binds_as(self.entry) and not found.failed else None

    def failed_entry(self, profile: Profile) -> PodIdentity | None:
        return _failed(profile, self.key)


@dataclass(frozen=True)
class Delete(Change):
    """Removes an entry of either kind."""

    kind: Kind
    key: EntryKey

    def apply(self, cluster: Cluster) -> Profile:
        if self.kind is EXCEPTION:
            check_not_of_service(self.key)
        entries = self.kind.entries(cluster.profile)
        if entries.find(self.key) is None:
            raise self.kind.absent(self.key, cluster)
        check_can_change(cluster)
        return self.kind.replaced(cluster.profile, entries.remove(self.key))

    def is_done(self, profile: Profile) -> bool:
        return self.kind.entries(profile).find(self.key) is None

    def failed_entry(self, profile: Profile) -> PodIdentity | None:
        return _failed(profile, self.key) if self.kind is IDENTITY else None


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
            EXCEPTION.check_room(cluster)
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
            raise EXCEPTION.absent(self.key, cluster)
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
class Disable(Change):
    """Disables the add-on, which loses its entries; those of `accepted` may be lost, with None any."""

    accepted: frozenset[tuple[Kind, EntryKey]] | None = frozenset()

    def apply(self, cluster: Cluster) -> Profile:
        if self.accepted is not None and not frozenset(lost_by_disable(cluster.profile)) <= self.accepted:
            raise ValidationError(*describe_loss(cluster))
        return replace(cluster.profile, enabled=False)

    def is_done(self, profile: Profile) -> bool:
        return not profile.enabled


def lost_by_disable(profile: Profile) -> list[tuple[Kind, EntryKey]]:
    """The entries of either kind that a disable loses; the service's own exception comes and goes with the add-on."""
    entries = [(kind, entry.key) for kind in (IDENTITY, EXCEPTION) for entry in kind.entries(profile)]
    return [each for each in entries if each != (EXCEPTION, SERVICE_EXCEPTION)]


def describe_loss(cluster: Cluster) -> tuple[str, str]:
    """What people should know before they disable an add-on that has entries: what they lose, and the ways out."""
    lost = lost_by_disable(cluster.profile)
    names = "\n".join(f"  {kind.noun.lower()} {key}" for kind, key in lost)
    removals = "\n".join(kind.delete_command(cluster, key) for kind, key in lost)
    return (
        f"Cluster {cluster.reference.name!r} still has these entries; disabling loses them:\n{names}",
        "Pass --yes to lose them, or keep a copy of them with:\n"
        f"{IDENTITY.command(cluster, 'list', '--output', 'yaml')} > pod-identities.yaml\n"
        f"or remove them first with:\n{removals}",
    )


def _failed(profile: Profile, key: EntryKey) -> PodIdentity | None:
    entry = profile.identities.find(key)
    return entry if entry is not None and entry.failed else None
