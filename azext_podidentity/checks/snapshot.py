"""All that the checks look at, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.identity_problems import Found, Unreadable

REGISTERED = "Registered"


@dataclass(frozen=True)
class RoleAssignment:
    """A role of the cluster identity that lets it assign a managed identity.

    role: the role's name. scope: where it was granted. principal_id: whom to, a group of the cluster identity where it
    is not the cluster identity itself.
    """

    role: str
    scope: str
    principal_id: str


Roles = tuple[RoleAssignment, ...] | Unreadable


@dataclass(frozen=True)
class Snapshot:
    """One reading of a cluster and of what its pod identities depend on.

    identities, roles: what a managed identity's resource id names today, and the roles of the cluster identity over it,
    inherited ones included; by resource id in lower case. feature, provider: how far the preview feature and the
    resource provider are registered, in the service's words.
    """

    cluster: Cluster
    feature: str | Unreadable
    provider: str | Unreadable
    identities: Mapping[str, Found] = field(default_factory=dict)
    roles: Mapping[str, Roles] = field(default_factory=dict)

    def identity(self, resource_id: str) -> Found | None:
        """What that resource id names today, None where nobody looked."""
        return self.identities.get(resource_id.lower())

    def roles_over(self, resource_id: str) -> Roles | None:
        """The roles over that managed identity, None where nobody looked."""
        return self.roles.get(resource_id.lower())
