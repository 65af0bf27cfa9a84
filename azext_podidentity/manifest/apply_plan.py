# SPDX-License-Identifier: MIT
"""Plan how the entries of a manifest are applied to a cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

from azext_podidentity.manifest.difference import REMOVED, Difference, EntryChange
from azext_podidentity.manifest.parser import Manifest
from azext_podidentity.profile.changes import ProfileChange, failed_warning
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.eligibility import check_can_change
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
from azext_podidentity.profile.rbac import OPERATOR_ROLE

TypedKey = tuple[EntryType, EntryKey]


@dataclass(frozen=True)
class ApplyManifest(ProfileChange):
    """Add or replace the entries of the manifest, and remove those in `pruned`.

    `found`: the current managed identities that could be read, by resource ID in lower case. Entries in state Failed,
    or with outdated IDs of a recreated managed identity, are renewed.
    """

    manifest: Manifest
    found: Mapping[str, ManagedIdentity]
    pruned: frozenset[TypedKey] = frozenset()

    def apply(self, cluster: Cluster) -> Profile:
        check_can_change(cluster)
        profile = cluster.profile
        for entry_type, key in self.pruned:
            profile = entry_type.replaced(profile, entry_type.entries(profile).remove(key))
        existing = Entries(self._renewed(entry) for entry in profile.identities)
        identities = reduce(self._bind, self.manifest.identities, existing)
        exceptions = reduce(_except, self.manifest.exceptions, profile.exceptions)
        for entry_type, count in ((IDENTITY, len(identities)), (EXCEPTION, len(exceptions))):
            if count > len(entry_type.entries(cluster.profile)):
                entry_type.check_limit(cluster, count)
        return replace(profile, identities=identities, exceptions=exceptions)

    def is_done(self, profile: Profile) -> bool:
        bound = {entry.key: entry for entry in profile.identities}
        labels = {entry.key: entry.pod_labels for entry in profile.exceptions}
        return (
            all(self._is_applied(bound.get(entry.key), entry) for entry in self.manifest.identities)
            and all(labels.get(entry.key) == entry.pod_labels for entry in self.manifest.exceptions)
            and not any(entry_type.entries(profile).find(key) for entry_type, key in self.pruned)
        )

    def warnings(self, cluster: Cluster) -> list[str]:
        wanted = {entry.key for entry in self.manifest.identities}
        return [failed_warning(entry) for entry in cluster.profile.identities if entry.failed and entry.key in wanted]

    def existing_entries(self, profile: Profile) -> list[PodIdentity]:
        bound = {entry.key: entry for entry in profile.identities}
        return [bound[entry.key] for entry in self.manifest.identities if self._is_applied(bound.get(entry.key), entry)]

    def failed_entries(self, profile: Profile) -> list[PodIdentity]:
        removed = {key for entry_type, key in self.pruned if entry_type is IDENTITY}
        keys = {*removed, *(entry.key for entry in self.manifest.identities)}
        return [entry for entry in profile.identities if entry.failed and entry.key in keys]

    def _is_applied(self, existing: PodIdentity | None, wanted: PodIdentity) -> bool:
        if existing is None or existing.failed:
            return False
        return existing.binds_as(wanted) and not self._is_stale(existing)

    def _is_stale(self, entry: PodIdentity) -> bool:
        """Return whether the managed identity of the entry was recreated after the entry was added."""
        now = self.found.get(entry.identity.resource_id.lower())
        return now is not None and is_another(entry.identity, now)

    def _renewed(self, entry: PodIdentity) -> PodIdentity:
        """Return the entry, renewed if it is stale or failed. This also applies to entries outside the manifest."""
        retried = entry.failed and self.manifest.identities.find(entry.key) is not None
        if not retried and not self._is_stale(entry):
            return entry
        return self._with_ids(entry.renewed())

    def _bind(self, entries: Entries[PodIdentity], wanted: PodIdentity) -> Entries[PodIdentity]:
        existing = entries.find(wanted.key)
        if existing is None:
            return entries.put(self._with_ids(wanted))
        return entries if existing.binds_as(wanted) else entries.put(self._with_ids(existing.bound_as(wanted)))

    def _with_ids(self, entry: PodIdentity) -> PodIdentity:
        now = self.found.get(entry.identity.resource_id.lower())
        return entry if now is None else replace(entry, identity=replace(now, resource_id=entry.identity.resource_id))


@dataclass(frozen=True)
class ApplyPlan:
    """The changes of a manifest to a cluster: the change, the profiles before and after, and their difference.

    missing_roles: the resource IDs over which the cluster identity would be granted its role; None if the roles were
    not read.
    """

    change: ApplyManifest
    before: Profile
    wanted: Profile
    difference: Difference
    missing_roles: tuple[str, ...] | None = None

    @classmethod
    def create(cls, change: ApplyManifest, cluster: Cluster, missing_roles: tuple[str, ...] | None = None) -> ApplyPlan:
        """Return the plan for the state of the cluster. Raise the errors of `ApplyManifest.apply`."""
        wanted = change.apply(cluster)
        return cls(change, cluster.profile, wanted, Difference.between(cluster.profile, wanted), missing_roles)

    def __bool__(self) -> bool:
        """Return whether anything changes, including roles."""
        return bool(self.difference or self.missing_roles)

    def to_json(self, kept_roles: Sequence[dict[str, Any]] = ()) -> dict[str, list[dict[str, Any]]]:
        """Return the result of the command.

        `roleAssignments` has the missing roles if they were read, and after a change the roles that were kept.
        """
        missing = [{"role": OPERATOR_ROLE, "scope": scope} for scope in self.missing_roles or ()]
        shown = bool(kept_roles) or self.missing_roles is not None
        return {**self.difference.to_json(), **({"roleAssignments": [*missing, *kept_roles]} if shown else {})}

    @property
    def removals(self) -> list[EntryChange]:
        """Return the entries that are removed."""
        return self.difference.of(REMOVED)

    def describe(self, cluster_name: str) -> str:
        """Return the changes as text: a block of lines for each entry, and a line with the counts."""
        if not self:
            return f"No changes: cluster '{cluster_name}' is already up to date."
        roles = "".join(f"+ role {OPERATOR_ROLE}\n    scope: {scope}\n" for scope in self.missing_roles or ())
        return f"Changes to cluster '{cluster_name}':\n{roles}{self.difference}"

    def question(self, cluster_name: str) -> tuple[str, str, str]:
        """Return the text, the question and the recommendation for the confirmation of a removal."""
        count = len(self.removals)
        entries = "1 entry that is" if count == 1 else f"{count} entries that are"
        return (
            self.describe(cluster_name),
            f"--prune removes {entries} not in the manifest. Apply these changes?",
            "Pass --yes to apply the changes, or omit --prune to keep the entries.",
        )


def prunable(profile: Profile, manifest: Manifest) -> frozenset[TypedKey]:
    """Return the entries that are not in the manifest, without the exception that the service manages."""
    wanted = Profile(identities=manifest.identities, exceptions=manifest.exceptions)
    return frozenset(_typed_keys(profile) - _typed_keys(wanted) - {(EXCEPTION, SERVICE_EXCEPTION)})


def _typed_keys(profile: Profile) -> set[TypedKey]:
    return {(each, entry.key) for each in ENTRY_TYPES for entry in each.entries(profile)}


def _except(entries: Entries[PodIdentityException], wanted: PodIdentityException) -> Entries[PodIdentityException]:
    existing = entries.find(wanted.key)
    if existing is None:
        return entries.put(wanted)
    if existing.pod_labels == wanted.pod_labels:
        return entries
    return entries.put(replace(existing, pod_labels=wanted.pod_labels))
