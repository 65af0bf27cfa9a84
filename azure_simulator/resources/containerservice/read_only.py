# SPDX-License-Identifier: MIT
"""Read-only fields: a request may contain them, and they are ignored (public recordings)."""

from __future__ import annotations

import copy
from typing import Any

_READ_ONLY = ("id", "name", "type", "eTag", "systemData")
READ_ONLY_PROPERTIES = (
    "provisioningState",
    "powerState",
    "fqdn",
    "privateFQDN",
    "azurePortalFQDN",
    "currentKubernetesVersion",
    "maxAgentPools",
    "resourceUID",
    "controlPlanePluginProfiles",
)
_READ_ONLY_POOL = ("provisioningState", "currentOrchestratorVersion", "nodeImageVersion", "eTag")


def writable(body: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a request body without read-only fields. Unknown fields are kept."""
    kept = {name: copy.deepcopy(value) for name, value in body.items() if name not in _READ_ONLY}
    properties = _without(kept.get("properties") or {}, READ_ONLY_PROPERTIES)
    properties["agentPoolProfiles"] = [
        _without(pool, _READ_ONLY_POOL) for pool in properties.get("agentPoolProfiles") or []
    ]
    kept["properties"] = properties
    if kept.get("identity"):
        kept["identity"] = _without(kept["identity"], ("principalId", "tenantId"))
    return kept


def _without(value: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: item for name, item in value.items() if name not in names}
