# SPDX-License-Identifier: MIT
"""The identity a cluster acts as: system-assigned, user-assigned, or none with a service principal."""

from __future__ import annotations

from azure_simulator.resources.containerservice.bodies import Body

from ...context import Context, new_id
from ...entra import Directory
from ...errors import ServiceError, front_door
from ...resource_ids import IDENTITY_TYPE
from ..managedidentity import ManagedIdentities


class ClusterIdentities:
    """The `identity` member of clusters."""

    def __init__(self, context: Context, directory: Directory, identities: ManagedIdentities) -> None:
        self._context = context
        self._directory = directory
        self._identities = identities

    def assign(self, body: Body, existing: Body | None) -> None:
        """Assign the identity. A system-assigned one keeps its principal. Raise if a user-assigned one is missing."""
        identity = body.get("identity")
        if not identity:
            return
        if identity.get("type") == "SystemAssigned":
            known = ((existing or {}).get("identity") or {}).get("principalId")
            identity.update(principalId=known or new_id(), tenantId=self._context.tenant_id)
            return
        assigned = identity.get("userAssignedIdentities") or {}
        for resource_id in assigned:
            if self._identities.find(resource_id) is None:
                raise _not_found(body["id"], resource_id)
            assigned[resource_id] = {}

    def resolve(self, body: Body) -> None:
        """Add the IDs of user-assigned identities, under the keys as they were sent (public recordings)."""
        assigned = (body.get("identity") or {}).get("userAssignedIdentities") or {}
        for resource_id in assigned:
            managed_identity = self._identities.find(resource_id)
            if managed_identity:
                properties = managed_identity["properties"]
                assigned[resource_id] = {name: properties[name] for name in ("clientId", "principalId")}

    def principal(self, body: Body) -> str | None:
        """Return the object ID of the cluster identity; None with a service principal or a deleted identity."""
        identity = body.get("identity") or {}
        for resource_id in identity.get("userAssignedIdentities") or {}:
            managed_identity = self._identities.find(resource_id)
            return managed_identity["properties"]["principalId"] if managed_identity else None
        return identity.get("principalId")

    def register(self, body: Body, replicated: bool = False) -> None:
        """Add a system-assigned identity to the directory."""
        principal = (body.get("identity") or {}).get("principalId")
        if principal and not self._directory.find(principal):
            self._directory.add(principal, new_id(), body["name"], replicated)

    def unregister(self, body: Body) -> None:
        principal = (body.get("identity") or {}).get("principalId")
        if principal:
            self._directory.remove(principal)


def _not_found(cluster: str, identity: str) -> ServiceError:
    """Return the error in the form of public recordings of the same failure with another cause."""
    inner = f"The Resource '{IDENTITY_TYPE}/{identity.rpartition('/')[2]}' was not found."
    return front_door(
        400,
        "FailedIdentityOperation",
        f"Identity operation for resource '{cluster}' failed with error 'Failed to perform resource identity "
        f"operation. Status: 'NotFound'. Response: '{inner}'.'.",
    )
