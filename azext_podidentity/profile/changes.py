# SPDX-License-Identifier: MIT
"""The changes of a cluster, as functions from the current cluster to the wanted one.

An impossible change raises an error that says how to fix the problem. A change is applied again each time the cluster
is read, so that the changes of other clients are kept.
"""

# A change overrides only the methods that it needs.
# pylint: disable=unused-argument, abstract-method

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import reduce

from azure.cli.core.azclierror import ValidationError

from azext_podidentity.profile.advice import Advice
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.commands import add_command, update_command
from azext_podidentity.profile.eligibility import check_can_change
from azext_podidentity.profile.entries import (
    Entries,
    EntryKey,
    Keyed,
    ManagedIdentity,
    PodIdentity,
    PodIdentityException,
    Profile,
)
from azext_podidentity.profile.entry_types import (
    EXCEPTION,
    IDENTITY,
    EntryType,
    check_not_of_service,
    key_arguments,
    label_arguments,
)


class Change(ABC):
    """One change of a cluster."""

    @abstractmethod
    def wanted(self, cluster: Cluster) -> Cluster:
        """Return the cluster as it should be. Raise an azure-cli error if the change is impossible."""

    @abstractmethod
    def is_reached(self, cluster: Cluster) -> bool:
        """Return whether the cluster already has this change."""

    def pinned(self, cluster: Cluster) -> Change:
        """Return the change, bound to the entries that the cluster had when it was first read."""
        return self

    def warnings(self, cluster: Cluster) -> list[str]:
        """Return warnings about the change that do not stop it, one sentence each."""
        return []

    def failed_entries(self, profile: Profile) -> list[PodIdentity]:
        """Return the pod identities of this change that the service could not assign or remove."""
        return []

    def existing_entries(self, profile: Profile) -> list[PodIdentity]:
        """Return the pod identities that the change would add but that already exist."""
        return []


class ProfileChange(Change):
    """One change of the pod identity profile, and of nothing else."""

    @abstractmethod
    def apply(self, cluster: Cluster) -> Profile:
        """Return the wanted profile, equal to the cluster's if there is nothing to change.

        Raise an azure-cli error if the change is impossible.
        """

    @abstractmethod
    def is_done(self, profile: Profile) -> bool:
        """Return whether the profile already has this change."""

    def wanted(self, cluster: Cluster) -> Cluster:
        return replace(cluster, profile=self.apply(cluster))

    def is_reached(self, cluster: Cluster) -> bool:
        return self.is_done(cluster.profile)


@dataclass(frozen=True)
class AddIdentity(ProfileChange):
    """Bind a managed identity to a name in a namespace; `force` replaces a leftover entry of that name.

    A leftover is an entry in state Failed, or one whose managed identity was deleted and recreated.
    """

    entry: PodIdentity
    force: bool = False

    @classmethod
    def of(
        cls, key: EntryKey, resource_id: str, binding_selector: str | None = None, *, force: bool = False
    ) -> AddIdentity:
        """Return the change for the values that the user passed; other IDs are looked up before the write."""
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
        # The other entries of the managed identity have the same IDs, so they are outdated too.
        renewed = profile.bound_to(found.identity.resource_id) if self.force else [found] if found.failed else []
        entries = reduce(Entries.put, (entry.renewed() for entry in renewed), profile.identities)
        return replace(profile, identities=entries)

    def _replaced(self, cluster: Cluster, found: PodIdentity) -> Profile:
        """Return the profile with the leftover entry replaced. Raise ValidationError if it is not a leftover."""
        if found.failed and self.force:
            return replace(cluster.profile, identities=cluster.profile.identities.put(self.entry))
        state = "in state Failed " if found.failed else ""
        replace_it, update_it = add_command(cluster, self.entry, force=True), update_command(cluster, found, self.entry)
        raise Advice(
            f"{IDENTITY.name(self.key)} already exists {state}{self._difference(found)}.",
            (f"Choose another --name, or {'replace the leftover entry' if found.failed else 'change the entry'}:",),
            (replace_it if found.failed else update_it,),
        ).error(ValidationError)

    def _difference(self, found: PodIdentity) -> str:
        """Return how the existing entry differs from the one to add."""
        wanted, different = self.entry, []
        if not found.identity.same_as(wanted.identity):
            present, new = found.identity.resource_id, wanted.identity.resource_id
            different.append(f"for managed identity {present!r}, not {new!r}")
        if found.effective_selector != wanted.effective_selector:
            present, new = found.effective_selector, wanted.effective_selector
            different.append(f"with binding selector {present!r}, not {new!r}")
        return " and ".join(different)

    def warnings(self, cluster: Cluster) -> list[str]:
        found = cluster.profile.identities.find(self.key)
        return [failed_warning(found)] if found is not None and found.failed else []

    def is_done(self, profile: Profile) -> bool:
        found = self._existing(profile)
        return found is not None and not found.failed

    def existing_entries(self, profile: Profile) -> list[PodIdentity]:
        found = self._existing(profile)
        return [found] if found is not None and not self.force else []

    def _existing(self, profile: Profile) -> PodIdentity | None:
        found = profile.identities.find(self.key)
        return found if found is not None and found.binds_as(self.entry) else None

    def failed_entries(self, profile: Profile) -> list[PodIdentity]:
        return _failed(profile, self.key)


@dataclass(frozen=True)
class Delete(ProfileChange):
    """Remove the entries of one type that exist, in one write."""

    entry_type: EntryType
    keys: tuple[EntryKey, ...]
    # The resource ID of each entry, in lower case, when the cluster was first read.
    bound: Mapping[EntryKey, str] = field(default_factory=dict)

    def pinned(self, cluster: Cluster) -> Delete:
        entries = cluster.profile.identities if self.entry_type is IDENTITY else ()
        bound = {entry.key: entry.identity.resource_id.lower() for entry in entries if entry.key in self.keys}
        return replace(self, bound=bound)

    def apply(self, cluster: Cluster) -> Profile:
        if self.entry_type is EXCEPTION:
            for key in self.keys:
                check_not_of_service(key)
        absent = self._absent(cluster.profile)
        if len(absent) == len(self.keys):  # as with aks-preview, so that a clean-up can be repeated
            return cluster.profile
        check_can_change(cluster)
        present = [key for key in self.keys if key not in absent]
        left = reduce(Entries.remove, present, self.entry_type.entries(cluster.profile))
        return self.entry_type.replaced(cluster.profile, left)

    def warnings(self, cluster: Cluster) -> list[str]:
        absent = self._absent(cluster.profile)
        return [self.entry_type.absent(cluster, *absent).error_msg] if absent else []

    def is_done(self, profile: Profile) -> bool:
        return len(self._absent(profile)) == len(self.keys)

    def failed_entries(self, profile: Profile) -> list[PodIdentity]:
        present = (key for key in self.keys if key not in self._absent(profile))
        return _failed(profile, *present) if self.entry_type is IDENTITY else []

    def _absent(self, profile: Profile) -> list[EntryKey]:
        entries = self.entry_type.entries(profile)
        return [key for key in self.keys if self._is_absent(entries.find(key), key)]

    def _is_absent(self, entry: Keyed | None, key: EntryKey) -> bool:
        """Return whether the entry does not exist, or was replaced by another one with the same name."""
        if not isinstance(entry, PodIdentity):
            return entry is None
        return self.bound.get(key, entry.identity.resource_id.lower()) != entry.identity.resource_id.lower()


@dataclass(frozen=True)
class _ExceptionChange(ProfileChange):
    """A change after which an exception has the labels of `entry`."""

    entry: PodIdentityException

    @property
    def key(self) -> EntryKey:
        return self.entry.key

    def is_done(self, profile: Profile) -> bool:
        found = profile.exceptions.find(self.key)
        return found is not None and found.pod_labels == self.entry.pod_labels


@dataclass(frozen=True)
class AddException(_ExceptionChange):
    """Let pods that have any of the labels bypass the node agent."""

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
        labels = label_arguments(self.entry.pod_labels)
        raise Advice(
            f"{EXCEPTION.name(self.key)} already exists with the labels "
            f"{' '.join(label_arguments(found.pod_labels)) or '(none)'}.",
            ("Choose another --name, or change its labels:",),
            (EXCEPTION.command(cluster, "update", *key_arguments(self.key), "--pod-labels", *labels),),
        ).error(ValidationError)


@dataclass(frozen=True)
class UpdateException(_ExceptionChange):
    """Replace the labels of an exception."""

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


def failed_warning(entry: PodIdentity) -> str:
    """Return the warning about an entry in state Failed that a change retries."""
    _, reason = entry.reason
    return f"{IDENTITY.name(entry.key)} is in state Failed ({reason}). The command retries it."


def _failed(profile: Profile, *keys: EntryKey) -> list[PodIdentity]:
    return [entry for entry in profile.identities if entry.key in keys and entry.failed]
