"""The changes of a profile: cluster in, profile out. What cannot be is refused with the way out.

A change is applied afresh to each reading of the cluster, so that one made meanwhile by somebody else stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from azure.cli.core.azclierror import ResourceNotFoundError, ValidationError

from azext_podidentity.profile.cluster import Cluster, check_can_change, check_can_enable
from azext_podidentity.profile.entries import (
    Entries,
    EntryKey,
    Keyed,
    ManagedIdentity,
    PodIdentity,
    PodIdentityException,
    Profile,
)
from azext_podidentity.profile.rules import MAX_EXCEPTIONS, MAX_IDENTITIES

# The service keeps it for its own add-ons when pod identity is enabled.
SERVICE_EXCEPTION = EntryKey("kube-system", "aks-addon-exception")
_LISTED = 20


@dataclass(frozen=True)
class Kind:
    """One of the two lists of a profile, and what people call its entries."""

    field: str
    noun: str
    commands: str
    limit: int

    def entries(self, profile: Profile) -> Entries[Keyed]:
        """The list in that profile."""
        entries: Entries[Keyed] = getattr(profile, self.field)
        return entries

    def replaced(self, profile: Profile, entries: Entries[Keyed]) -> Profile:
        """The profile with another list in place of this one."""
        changes: dict[str, Any] = {self.field: entries}
        return replace(profile, **changes)

    def name(self, key: EntryKey) -> str:
        """An entry as it is called in a message."""
        return f"{self.noun} {key.name!r} in namespace {key.namespace!r}"

    def command(self, cluster: Cluster, verb: str, *arguments: str) -> str:
        """A command line that can be pasted, about this kind of entry on that cluster."""
        return cluster.reference.pod_identity_command(f"{self.commands} {verb}", *arguments)

    def check_room(self, cluster: Cluster) -> None:
        """Raises ValidationError where the list is full."""
        count = len(self.entries(cluster.profile))
        if count >= self.limit:
            raise ValidationError(
                f"Cluster {cluster.reference.name!r} has {count} entries of the kind {self.noun.lower()}; "
                f"{self.limit} are allowed.",
                "Remove one that is not needed any more, or use another cluster. List them with:\n"
                + self.command(cluster, "list", "--output", "table"),
            )

    def absent(self, key: EntryKey, cluster: Cluster) -> ResourceNotFoundError:
        """The error for an entry that is not there: it lists those that are."""
        there = [str(entry.key) for entry in self.entries(cluster.profile)]
        more = f" and {len(there) - _LISTED} more" if len(there) > _LISTED else ""
        have = f"It has (namespace/name): {', '.join(there[:_LISTED])}{more}." if there else "It has none."
        return ResourceNotFoundError(
            f"{self.name(key)} does not exist on cluster {cluster.reference.name!r}. {have}",
            f"List them with:\n{self.command(cluster, 'list', '--output', 'table')}",
        )


IDENTITY = Kind("identities", "Pod identity", "", MAX_IDENTITIES)
EXCEPTION = Kind("exceptions", "Pod identity exception", "exception", MAX_EXCEPTIONS)


class Change(Protocol):
    """One change of a profile."""

    @property
    def kind(self) -> Kind:
        """The list that is changed."""
        ...

    @property
    def key(self) -> EntryKey:
        """The entry that is changed."""
        ...

    def apply(self, cluster: Cluster) -> Profile:
        """The profile as it should be; equal to the cluster's where nothing is to be done.

        Raises an azure-cli error where the change cannot be.
        """
        ...

    def is_done(self, profile: Profile) -> bool:
        """Whether the profile is as this change makes it."""
        ...


def failed_entry(change: Change, profile: Profile) -> PodIdentity | None:
    """The entry that the change is about where the service gave up on it; exceptions have no state."""
    entry = change.kind.entries(profile).find(change.key)
    return entry if isinstance(entry, PodIdentity) and entry.failed else None


@dataclass(frozen=True)
class AddIdentity:
    """Binds a managed identity to a name in a namespace."""

    entry: PodIdentity
    kind = IDENTITY

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
        elif not found.binds_as(self.entry):
            raise ValidationError(
                f"{IDENTITY.name(self.key)} is there already, for managed identity {found.identity.resource_id} "
                f"with binding selector {found.effective_selector!r}.",
                "Choose another --name, or remove it first with:\n"
                + IDENTITY.command(cluster, "delete", *key_arguments(self.key)),
            )
        elif not found.failed:
            return profile
        return replace(profile, identities=profile.identities.put(self.entry))

    def is_done(self, profile: Profile) -> bool:
        found = profile.identities.find(self.key)
        return found is not None and found.binds_as(self.entry)


@dataclass(frozen=True)
class Delete:
    """Removes an entry of either kind."""

    kind: Kind
    key: EntryKey

    def apply(self, cluster: Cluster) -> Profile:
        check_not_of_service(self.key)
        entries = self.kind.entries(cluster.profile)
        if entries.find(self.key) is None:
            raise self.kind.absent(self.key, cluster)
        check_can_change(cluster)
        return self.kind.replaced(cluster.profile, entries.remove(self.key))

    def is_done(self, profile: Profile) -> bool:
        return self.kind.entries(profile).find(self.key) is None


@dataclass(frozen=True)
class AddException:
    """Lets the pods with any one of the labels bypass the node agent."""

    entry: PodIdentityException
    kind = EXCEPTION

    @property
    def key(self) -> EntryKey:
        return self.entry.key

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

    def is_done(self, profile: Profile) -> bool:
        return _has_labels(profile, self.entry)


@dataclass(frozen=True)
class UpdateException:
    """Replaces the labels of an exception."""

    entry: PodIdentityException
    kind = EXCEPTION

    @property
    def key(self) -> EntryKey:
        return self.entry.key

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

    def is_done(self, profile: Profile) -> bool:
        return _has_labels(profile, self.entry)


@dataclass(frozen=True)
class Enable:
    """Enables the add-on and keeps the entries that are there; `consent` allows kubenet from now on."""

    consent: bool = False

    def apply(self, cluster: Cluster) -> Profile:
        """The enabled profile. Raises ValidationError for a cluster that cannot have pod identities."""
        check_can_enable(cluster, consent_given=self.consent)
        allowed = True if self.consent else cluster.profile.allow_network_plugin_kubenet
        return replace(cluster.profile, enabled=True, allow_network_plugin_kubenet=allowed)

    def new_profile(self) -> Profile:
        """The profile of a cluster that is being created."""
        return Profile(enabled=True, allow_network_plugin_kubenet=True if self.consent else None)


@dataclass(frozen=True)
class Disable:
    """Disables the add-on; what it bound is gone."""

    def apply(self, cluster: Cluster) -> Profile:
        """The disabled profile."""
        return replace(cluster.profile, enabled=False)


@dataclass(frozen=True)
class Loss:
    """What a disable takes away, and how to keep it."""

    message: str
    way_out: str


def entries_lost_by_disable(cluster: Cluster) -> Loss | None:
    """What people should know before they disable an add-on that has entries; None where it has none."""
    lost = [(kind, entry.key) for kind in (IDENTITY, EXCEPTION) for entry in kind.entries(cluster.profile)]
    if not lost:
        return None
    names = "\n".join(f"  {kind.noun.lower()} {key}" for kind, key in lost)
    removals = "\n".join(kind.command(cluster, "delete", *key_arguments(key)) for kind, key in lost)
    return Loss(
        message=f"Cluster {cluster.reference.name!r} still has these entries; disabling loses them:\n{names}",
        way_out=f"Pass --yes to lose them, or keep a copy of them with:\n"
        f"{IDENTITY.command(cluster, 'list', '--output', 'yaml')} > pod-identities.yaml\n"
        f"or remove them first with:\n{removals}",
    )


def check_not_of_service(key: EntryKey) -> None:
    """Raises ValidationError for the exception that the service keeps for its own add-ons."""
    if key == SERVICE_EXCEPTION:
        raise ValidationError(
            f"{EXCEPTION.name(key)} belongs to the service: it keeps AKS's own add-ons running and cannot be changed.",
            "Choose another --name or --namespace.",
        )


def key_arguments(key: EntryKey) -> tuple[str, ...]:
    """The options that name an entry on a command line."""
    return "--namespace", key.namespace, "--name", key.name


def label_arguments(labels: Mapping[str, str]) -> list[str]:
    """Labels as `--pod-labels` takes them."""
    return [f"{key}={value}" for key, value in labels.items()]


def _has_labels(profile: Profile, entry: PodIdentityException) -> bool:
    found = profile.exceptions.find(entry.key)
    return found is not None and found.pod_labels == entry.pod_labels
