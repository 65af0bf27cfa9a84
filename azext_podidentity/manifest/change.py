"""The change that makes a cluster have the entries of files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce

from azext_podidentity.manifest.difference import REMOVED, Difference, Step
from azext_podidentity.manifest.reading import Manifest
from azext_podidentity.profile.changes import Change, remark_on_failed
from azext_podidentity.profile.cluster import Cluster, check_can_change
from azext_podidentity.profile.entries import (
    Entries,
    EntryKey,
    ManagedIdentity,
    PodIdentity,
    PodIdentityException,
    Profile,
)
from azext_podidentity.profile.entry_types import ENTRY_TYPES, EXCEPTION, IDENTITY, SERVICE_EXCEPTION, EntryType
from azext_podidentity.profile.identity_problems import is_another

Named = tuple[EntryType, EntryKey]


@dataclass(frozen=True)
class Apply(Change):
    """Binds what the files bind, in place of what is bound under the same names, and removes what is `pruned`.

    `found` has the managed identities as they are today, by resource id in lower case, as far as that is known: an
    entry that holds the ids of one that was deleted and created again since is renewed, and so is one in state Failed.
    """

    manifest: Manifest
    found: Mapping[str, ManagedIdentity]
    pruned: frozenset[Named] = frozenset()

    def apply(self, cluster: Cluster) -> Profile:
        check_can_change(cluster)
        profile = cluster.profile
        for entry_type, key in self.pruned:
            profile = entry_type.replaced(profile, entry_type.entries(profile).remove(key))
        standing = Entries(self._renewed(entry) for entry in profile.identities)
        identities = reduce(self._bind, self.manifest.identities, standing)
        exceptions = reduce(_except, self.manifest.exceptions, profile.exceptions)
        for entry_type, count in ((IDENTITY, len(identities)), (EXCEPTION, len(exceptions))):
            if count > len(entry_type.entries(cluster.profile)):
                entry_type.check_limit(cluster, count)
        return replace(profile, identities=identities, exceptions=exceptions)

    def is_done(self, profile: Profile) -> bool:
        bound = {entry.key: entry for entry in profile.identities}
        labels = {entry.key: entry.pod_labels for entry in profile.exceptions}
        return (
            all(self._stands(bound.get(entry.key), entry) for entry in self.manifest.identities)
            and all(labels.get(entry.key) == entry.pod_labels for entry in self.manifest.exceptions)
            and not any(entry_type.entries(profile).find(key) for entry_type, key in self.pruned)
        )

    def warnings(self, cluster: Cluster) -> list[str]:
        wanted = {entry.key for entry in self.manifest.identities}
        return [remark_on_failed(entry) for entry in cluster.profile.identities if entry.failed and entry.key in wanted]

    def failed_entries(self, profile: Profile) -> list[PodIdentity]:
        keys = {*self.removing, *(entry.key for entry in self.manifest.identities)}
        return [entry for entry in profile.identities if entry.failed and entry.key in keys]

    @property
    def removing(self) -> tuple[EntryKey, ...]:
        return tuple(sorted(key for entry_type, key in self.pruned if entry_type is IDENTITY))

    def _stands(self, there: PodIdentity | None, wanted: PodIdentity) -> bool:
        return there is not None and there.binds_as(wanted) and not there.failed and not self._is_stale(there)

    def _is_stale(self, entry: PodIdentity) -> bool:
        """Whether the entry was made for another managed identity than the one of its resource id today."""
        now = self.found.get(entry.identity.resource_id.lower())
        return now is not None and is_another(entry.identity, now)

    def _renewed(self, entry: PodIdentity) -> PodIdentity:
        """The entry as it stands, or as it is tried again; entries that are not in the files may be stale too."""
        tried_again = entry.failed and self.manifest.identities.find(entry.key) is not None
        if not tried_again and not self._is_stale(entry):
            return entry
        return self._with_ids(entry.renewed())

    def _bind(self, entries: Entries[PodIdentity], wanted: PodIdentity) -> Entries[PodIdentity]:
        there = entries.find(wanted.key)
        if there is None:
            return entries.put(self._with_ids(wanted))
        return entries if there.binds_as(wanted) else entries.put(self._with_ids(there.bound_as(wanted)))

    def _with_ids(self, entry: PodIdentity) -> PodIdentity:
        now = self.found.get(entry.identity.resource_id.lower())
        return entry if now is None else replace(entry, identity=replace(now, resource_id=entry.identity.resource_id))


@dataclass(frozen=True)
class Plan:
    """What the files ask of one reading of a cluster: the change, the profile it makes, and how that differs."""

    change: Apply
    wanted: Profile
    difference: Difference

    @classmethod
    def of(cls, change: Apply, cluster: Cluster) -> Plan:
        """The plan for that reading; raises as `Apply.apply` does."""
        wanted = change.apply(cluster)
        return cls(change, wanted, Difference.between(cluster.profile, wanted))

    @property
    def removes(self) -> list[Step]:
        """The entries that go."""
        return self.difference.of(REMOVED)

    def describe(self, cluster_name: str) -> str:
        """What would change, for people."""
        if not self.difference:
            return f"Nothing to change: cluster {cluster_name} has it already."
        return f"What would change on cluster {cluster_name}:\n{self.difference}"

    def question(self, cluster_name: str) -> tuple[str, str, str]:
        """What people should know before entries go, the question, and the way out where nobody can be asked."""
        names = "\n".join(map(str, self.removes))
        return (
            f"The files do not have these entries of cluster {cluster_name!r}; --prune removes them:\n{names}",
            "Remove them?",
            "Pass --yes to remove them, or leave --prune out to keep them.",
        )


def prunable(profile: Profile, manifest: Manifest) -> frozenset[Named]:
    """What the cluster has and the files do not; the service's own exception is not for people to remove."""
    wanted = Profile(identities=manifest.identities, exceptions=manifest.exceptions)
    return frozenset(_named(profile) - _named(wanted) - {(EXCEPTION, SERVICE_EXCEPTION)})


def _named(profile: Profile) -> set[Named]:
    return {(entry_type, entry.key) for entry_type in ENTRY_TYPES for entry in entry_type.entries(profile)}


def _except(entries: Entries[PodIdentityException], wanted: PodIdentityException) -> Entries[PodIdentityException]:
    there = entries.find(wanted.key)
    if there is None:
        return entries.put(wanted)
    if there.pod_labels == wanted.pod_labels:
        return entries
    return entries.put(replace(there, pod_labels=wanted.pod_labels))
