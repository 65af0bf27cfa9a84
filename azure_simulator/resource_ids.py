# SPDX-License-Identifier: MIT
"""Resource IDs, compared by segment and ignoring case, as ARM does."""

from __future__ import annotations

import re
from typing import NamedTuple

CLUSTER_TYPE = "Microsoft.ContainerService/managedClusters"
IDENTITY_TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities"
MANAGEMENT_GROUPS = ("providers", "microsoft.management")

_RESOURCE = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourcegroups/(?P<group>[^/]+)"
    r"/providers/(?P<type>[^/]+/[^/]+)/(?P<name>[^/]+)",
    re.IGNORECASE,
)


class ResourceId(NamedTuple):
    """The parts of a top-level resource's ID, in their original letter case."""

    subscription: str
    group: str
    type: str
    name: str


def parse(resource_id: object) -> ResourceId | None:
    """Return the parts of an ID, or None unless it names a top-level resource in a resource group."""
    match = _RESOURCE.fullmatch(resource_id.rstrip("/")) if isinstance(resource_id, str) else None
    return ResourceId(**match.groupdict()) if match else None


def key(*parts: str) -> tuple[str, ...]:
    """Return the key by which names are compared."""
    return tuple(part.lower() for part in parts)


def segments(scope: str) -> tuple[str, ...]:
    return key(*(part for part in scope.split("/") if part))


def scope_contains(scope: str, resource_id: str) -> bool:
    """Return whether `scope` is `resource_id` itself or above it.

    By segment: `/subscriptions/s/resourceGroups/rg1` is not above anything in `rg10`. Every management group
    counts as above every subscription: the simulator has no hierarchy of them.
    """
    above = segments(scope)
    if above[:2] == MANAGEMENT_GROUPS:
        return True
    return segments(resource_id)[: len(above)] == above


def group_id(subscription: str, group: str) -> str:
    """Return a resource group's ID, always with `/resourceGroups/` (public recordings)."""
    return f"/subscriptions/{subscription}/resourceGroups/{group}"


def cluster_id(subscription: str, group: str, name: str) -> str:
    """Return a cluster's ID, always with `/resourcegroups/` (public recordings)."""
    return f"/subscriptions/{subscription}/resourcegroups/{group}/providers/{CLUSTER_TYPE}/{name}"


def identity_id(subscription: str, group: str, name: str) -> str:
    """Return a managed identity's ID, always with `/resourcegroups/` (public recordings)."""
    return f"/subscriptions/{subscription}/resourcegroups/{group}/providers/{IDENTITY_TYPE}/{name}"
