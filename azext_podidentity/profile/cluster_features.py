# SPDX-License-Identifier: MIT
"""The cluster features that workload identity requires, and the one that excludes identity bindings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OIDC_ISSUER = "oidcIssuerProfile"
WORKLOAD_IDENTITY = "securityProfile.workloadIdentity"


@dataclass(frozen=True)
class Features:
    """Whether the OIDC issuer and workload identity are enabled, and the issuer's URL if it is known.

    `vnet_integration`: whether the cluster uses API server VNet integration.
    """

    oidc_issuer: bool = False
    workload_identity: bool = False
    issuer: str | None = None
    vnet_integration: bool = False

    @classmethod
    def from_json(cls, properties: Mapping[str, Any]) -> Features:
        """Read `properties` of a managed cluster."""
        issuer = properties.get("oidcIssuerProfile") or {}
        workload = (properties.get("securityProfile") or {}).get("workloadIdentity") or {}
        access = properties.get("apiServerAccessProfile") or {}
        return cls(
            oidc_issuer=bool(issuer.get("enabled")),
            workload_identity=bool(workload.get("enabled")),
            issuer=issuer.get("issuerURL"),
            vnet_integration=bool(access.get("enableVnetIntegration")),
        )

    @property
    def enabled(self) -> bool:
        """Return whether the OIDC issuer and workload identity are both enabled."""
        return self.oidc_issuer and self.workload_identity
