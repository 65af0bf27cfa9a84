# SPDX-License-Identifier: MIT
"""Identity bindings: one managed identity for all service accounts of a cluster that a ClusterRole allows.

https://learn.microsoft.com/azure/aks/identity-bindings-concepts
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from azext_podidentity.profile.cluster_reference import ClusterReference

# The federated identity credential that AKS creates with the first binding of a managed identity and never removes.
AKS_CREDENTIAL = "aks-identity-binding"
# The first azure-cli whose SDK has the operations (azure-mgmt-containerservice 41.3).
MINIMUM_AZURE_CLI = "2.88.0"
SUCCEEDED = "Succeeded"
FAILED = frozenset({"Failed", "Canceled"})
# Letters, digits and '-', at most 63 characters: valid for bindings and for Kubernetes objects.
_PREFIX = "podidentity"
_READABLE = 36


@dataclass(frozen=True)
class IdentityBinding:
    """An identity binding of a cluster.

    `tenant_id`: that of the managed identity, None until AKS has set it. `etag`: None if the service returns none.
    """

    name: str
    resource_id: str
    client_id: str | None = None
    tenant_id: str | None = None
    state: str = SUCCEEDED
    etag: str | None = None

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> IdentityBinding:
        """Read the JSON object of a `Microsoft.ContainerService/managedClusters/identityBindings` resource."""
        properties = raw.get("properties") or {}
        identity = properties.get("managedIdentity") or {}
        return cls(
            name=str(raw.get("name") or ""),
            resource_id=str(identity.get("resourceId") or ""),
            client_id=identity.get("clientId"),
            tenant_id=identity.get("tenantId"),
            state=str(properties.get("provisioningState") or SUCCEEDED),
            etag=raw.get("eTag"),
        )

    @property
    def created_by_us(self) -> bool:
        """Whether this command created it, which shows in its name, derived from the managed identity."""
        return self.name == binding_name(self.resource_id)

    @property
    def failed(self) -> bool:
        """Whether its last operation failed."""
        return self.state in FAILED

    def binds(self, resource_id: str) -> bool:
        """Return whether it binds that managed identity, ignoring case."""
        return self.resource_id.lower() == resource_id.lower()


def binding_name(resource_id: str) -> str:
    """Return the name of the binding that this command creates for a managed identity."""
    return own_name(resource_id.rpartition("/")[2], resource_id.lower())


def own_name(readable: str, *identifying: str) -> str:
    """Return a name that starts with `readable` and ends with a hash of the identifying texts.

    Only this command creates objects with such names, so it can recognize them.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", readable.lower())[:_READABLE].strip("-")
    digest = sha256(" ".join(identifying).encode()).hexdigest()[:12]
    return "-".join(filter(None, (_PREFIX, slug, digest)))


def create_command(reference: ClusterReference, name: str, resource_id: str) -> str:
    """Return the command that creates an identity binding of the cluster."""
    return _command(reference, "create", name, "--managed-identity-resource-id", resource_id)


def delete_command(reference: ClusterReference, name: str) -> str:
    """Return the command that removes an identity binding of the cluster."""
    return _command(reference, "delete", name, "--yes")


def _command(reference: ClusterReference, verb: str, name: str, *options: str) -> str:
    cluster = ("--resource-group", reference.resource_group, "--cluster-name", reference.name)
    return reference.command("aks", "identity-binding", verb, *cluster, "--name", name, *options)
