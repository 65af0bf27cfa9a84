# SPDX-License-Identifier: MIT
"""Select the clusters of a manifest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class ClusterSelector:
    """One item of `clusters`: patterns with * and ?, compared without case, and tags. All that are set must match.

    subscription: a pattern for the name or the ID of the subscription.
    """

    name: str = "*"
    resource_group: str = "*"
    subscription: str = "*"
    tags: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the members that are set, as in the manifest."""
        patterns = {"name": self.name, "resourceGroup": self.resource_group, "subscription": self.subscription}
        tags = {f"tag {key}": value for key, value in self.tags.items()}
        members = {key: value for key, value in patterns.items() if value != "*"} | tags
        return ", ".join(f"{key}: {value}" for key, value in members.items()) or "name: *"

    def matches(self, name: str, resource_group: str, subscriptions: Iterable[str], tags: Mapping[str, str]) -> bool:
        """Return whether a cluster is selected. As in Azure, tag names are compared without case, tag values with."""
        own = {key.lower(): value for key, value in tags.items()}
        return (
            _matches(name, self.name)
            and _matches(resource_group, self.resource_group)
            and any(_matches(each, self.subscription) for each in subscriptions)
            and all(own.get(key.lower()) == value for key, value in self.tags.items())
        )


def _matches(value: str, pattern: str) -> bool:
    return fnmatchcase(value.lower(), pattern.lower().replace("[", "[[]"))
