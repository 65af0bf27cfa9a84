"""Resource ids: compared by segment and without letter case, as ARM does."""

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
    """The parts of a top-level resource's id, in the letter case given."""

    subscription: str
    group: str
    type: str
    name: str


def parse(resource_id: object) -> ResourceId | None:
    """The parts of an id, or None where it is no id of a top-level resource in a resource group."""
    match = _RESOURCE.fullmatch(resource_id.rstrip("/")) if isinstance(resource_id, str) else None
    return ResourceId(**match.groupdict()) if match else None


def key(*parts: str) -> tuple[str, ...]:
    """What names are compared by."""
    return tuple(part.lower() for part in parts)


def segments(scope: str) -> tuple[str, ...]:
    return key(*(part for part in scope.split("/") if part))


def scope_contains(scope: str, resource_id: str) -> bool:
    """Whether `scope` is `resource_id` itself or above it.

    By segment: `/subscriptions/s/resourceGroups/rg1` is not above anything in `rg10`. Every management group
    counts as above every subscription: the simulator has no hierarchy of them.
    """
    above = segments(scope)
    if above[:2] == MANAGEMENT_GROUPS:
        return True
    return segments(resource_id)[: len(above)] == above


def group_id(subscription: str, group: str) -> str:
    """Resource group ids are always written `/resourceGroups/` (public recordings)."""
    return f"/subscriptions/{subscription}/resourceGroups/{group}"


def cluster_id(subscription: str, group: str, name: str) -> str:
    """Cluster ids are always written `/resourcegroups/` (public recordings)."""
    return f"/subscriptions/{subscription}/resourcegroups/{group}/providers/{CLUSTER_TYPE}/{name}"


def identity_id(subscription: str, group: str, name: str) -> str:
    """Managed identity ids are always written `/resourcegroups/` (public recordings)."""
    return f"/subscriptions/{subscription}/resourcegroups/{group}/providers/{IDENTITY_TYPE}/{name}"
