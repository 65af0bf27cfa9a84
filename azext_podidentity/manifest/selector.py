# SPDX-License-Identifier: MIT
"""Which clusters a manifest is for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class ClusterSelector:
    """One item of `clusters`: patterns with * and ?, compared without case, and tags; what is given must all match.

    subscription: a pattern of the subscription's name, or of its ID.
    """

    name: str = "*"
    resource_group: str = "*"
    subscription: str = "*"
    tags: Mapping[str, str] = field(default_factory=dict)

    def matches(self, name: str, resource_group: str, subscriptions: Iterable[str], tags: Mapping[str, str]) -> bool:
        """Return whether a cluster is selected. Names of tags compare without case, as Azure has them; values with."""
        own = {key.lower(): value for key, value in tags.items()}
        return (
            _matches(name, self.name)
            and _matches(resource_group, self.resource_group)
            and any(_matches(each, self.subscription) for each in subscriptions)
            and all(own.get(key.lower()) == value for key, value in self.tags.items())
        )


def _matches(value: str, pattern: str) -> bool:
    return fnmatchcase(value.lower(), pattern.lower().replace("[", "[[]"))
