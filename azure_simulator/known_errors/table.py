# SPDX-License-Identifier: MIT
"""Known errors by name: the service's response, the stages at which it occurs, and the source.

Sources: "recorded" are public recordings of azure-cli's tests; "Learn" are pages of Microsoft Learn (troubleshooting of
AKS and of Resource Manager, limits of role-based access control); "report" are public issues, named if one stands for
them. Messages from reports are shortened to what they have in common. Text in braces is filled in by the caller.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from azure_simulator.errors import Shape

Stage = Literal["read", "write", "operation", "entry", "poll", "grant", "credential", "identity", "feature"]

# The requests that an error of a stage responds to. Operations and entries fail later instead.
REQUESTS: dict[Stage, tuple[str | None, str]] = {
    "read": ("GET", r"/managedClusters/[^/]+$"),
    "write": ("PUT", r"/managedClusters/[^/]+$"),
    "poll": ("GET", r"/operations/[^/]+$"),
    "grant": ("PUT", r"/roleAssignments/[^/]+$"),
    "credential": ("PUT", r"/federatedIdentityCredentials/[^/]+$"),
    "identity": ("GET", r"/userAssignedIdentities/[^/]+$"),
    "feature": (None, r"/Microsoft\.Features/.*/features/[^/]+(/register)?$"),
}

_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
DEFAULTS = {
    "subscription": "00000000-0000-0000-0000-000000000000",
    "group": "rg",
    "cluster": "cluster",
    "operation": "c794ba84-73d1-4901-a484-2d6cebdf7286",
    "principal": "11111111-2222-3333-4444-555555555555",
    "action": "Microsoft.Network/virtualNetworks/subnets/join/action",
    "scope": f"{_GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/subnet",
    "type": "Microsoft.Network/virtualNetworks",
    "resource": "vnet",
    "feature": "Microsoft.ContainerService/EnablePodIdentityPreview",
    "policy": "deny-role-assignments",
    "version": "1.25.6",
    "pool": "nodepool1",
    "seconds": "5",
}


RETRY_AFTER = (("retry-after", "{seconds}"),)


class KnownError(NamedTuple):
    """One error. `body`, if given, is sent instead of code and message; `state` is how an operation ends."""

    name: str
    stages: tuple[Stage, ...]
    status: int
    code: str
    message: str
    source: str
    shape: Shape = "front-door"
    body: Any = None
    state: str = "Failed"
    headers: tuple[tuple[str, str], ...] = ()
