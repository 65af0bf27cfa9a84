"""The two features of a cluster that workload identity needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OIDC_ISSUER = "oidcIssuerProfile"
WORKLOAD_IDENTITY = "securityProfile.workloadIdentity"


@dataclass(frozen=True)
class Features:
    """Return whether the OIDC issuer and workload identity are enabled, and the issuer's URL once it has one."""

    oidc_issuer: bool = False
    workload_identity: bool = False
    issuer: str | None = None

    @classmethod
    def from_json(cls, properties: Mapping[str, Any]) -> Features:
        """Read `properties` of a managed cluster."""
        issuer = properties.get("oidcIssuerProfile") or {}
        workload = (properties.get("securityProfile") or {}).get("workloadIdentity") or {}
        return cls(bool(issuer.get("enabled")), bool(workload.get("enabled")), issuer.get("issuerURL"))

    @property
    def enabled(self) -> bool:
        """Return whether both are."""
        return self.oidc_issuer and self.workload_identity
