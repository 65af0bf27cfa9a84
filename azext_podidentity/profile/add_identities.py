# SPDX-License-Identifier: MIT
"""Bind several managed identities in one write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_podidentity.profile.changes import AddIdentity, ProfileChange
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import EntryKey, PodIdentity, Profile
from azext_podidentity.profile.validation import name_from_managed_identity


@dataclass(frozen=True)
class AddIdentities(ProfileChange):
    """Bind managed identities, each to a different name; if one cannot be bound, none is."""

    additions: tuple[AddIdentity, ...]

    @classmethod
    def of(
        cls,
        namespace: str,
        resource_ids: Sequence[str],
        names: Sequence[str] = (),
        binding_selector: str | None = None,
        *,
        force: bool = False,
    ) -> AddIdentities:
        """Return the change for the values that the user passed; names default to those of the managed identities.

        Raise InvalidArgumentValueError if the numbers of names and resource IDs differ, or if a name occurs twice.
        """
        if names and len(names) != len(resource_ids):
            raise InvalidArgumentValueError(
                f"--name has {len(names)} values and --identity-resource-id has {len(resource_ids)}.",
                "Pass one --name for each --identity-resource-id in the same order, or leave out --name to use the "
                "names of the managed identities.",
            )
        names = names or [name_from_managed_identity(each) for each in resource_ids]
        for name in names:
            if names.count(name) > 1:
                raise InvalidArgumentValueError(
                    f"Several managed identities would be added with the name '{name}'.",
                    "Pass another --name for each --identity-resource-id, in the same order.",
                )
        return cls(
            tuple(
                AddIdentity.of(EntryKey(namespace, name), each, binding_selector, force=force)
                for name, each in zip(names, resource_ids, strict=True)
            )
        )

    def apply(self, cluster: Cluster) -> Profile:
        return reduce(_added, self.additions, cluster).profile

    def warnings(self, cluster: Cluster) -> list[str]:
        return [warning for each in self.additions for warning in each.warnings(cluster)]

    def is_done(self, profile: Profile) -> bool:
        return all(each.is_done(profile) for each in self.additions)

    def existing_entries(self, profile: Profile) -> list[PodIdentity]:
        return [entry for each in self.additions for entry in each.existing_entries(profile)]

    def failed_entries(self, profile: Profile) -> list[PodIdentity]:
        return [entry for each in self.additions for entry in each.failed_entries(profile)]


def _added(cluster: Cluster, addition: AddIdentity) -> Cluster:
    return replace(cluster, profile=addition.apply(cluster))
