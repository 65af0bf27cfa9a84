# SPDX-License-Identifier: MIT
"""The input of the checks, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import Found, Unreadable
from azext_podidentity.profile.entry_types import SERVICE_EXCEPTION
from azext_podidentity.profile.identity_bindings import IdentityBinding
from azext_podidentity.profile.net_raw_policy import CapabilityPolicy
from azext_podidentity.profile.workload_credentials import IdentityLookup

REGISTERED = "Registered"
REGISTERING = "Registering"


@dataclass(frozen=True)
class RoleAssignment:
    """A role assignment that allows the cluster identity to assign a managed identity.

    role: the name of the role. scope: the resource ID at which it is granted. principal_id: the object ID of the
    principal: the cluster identity or a group.
    """

    role: str
    scope: str
    principal_id: str


Roles = tuple[RoleAssignment, ...] | Unreadable


class BoundIdentity(NamedTuple):
    """An identity binding, and the current state of its managed identity with the federated identity credentials."""

    binding: IdentityBinding
    identity: IdentityLookup


@dataclass(frozen=True)
class Snapshot:  # pylint: disable=too-many-instance-attributes
    """The state of a cluster and of everything that its pod identities depend on.

    feature, provider: the registration states of the preview feature and of the resource provider, as the service names
    them. identities, roles: by resource ID in lower case, the managed identity that currently has the ID, and the roles
    of the cluster identity over it, including inherited ones. policies: the policies that restrict the capabilities of
    containers on a kubenet cluster; None if they were not read. bindings: the identity bindings of the cluster.
    running_seconds: the age of the operation that runs on the cluster, None if it is not known.
    """

    cluster: Cluster
    feature: str | Unreadable
    provider: str | Unreadable
    identities: Mapping[str, Found] = field(default_factory=dict)
    roles: Mapping[str, Roles] = field(default_factory=dict)
    policies: tuple[CapabilityPolicy, ...] | Unreadable | None = None
    bindings: tuple[BoundIdentity, ...] | Unreadable = ()
    running_seconds: float | None = None

    def find_identity(self, resource_id: str) -> Found | None:
        """Return the managed identity that currently has the resource ID, None if it was not looked up."""
        return self.identities.get(resource_id.lower())

    def roles_over(self, resource_id: str) -> Roles | None:
        """Return the roles over the managed identity, None if they were not looked up."""
        return self.roles.get(resource_id.lower())

    @property
    def is_unused(self) -> bool:
        """Return whether the add-on is disabled and the cluster has no entries, as after a finished migration."""
        profile = self.cluster.profile
        left = {*(each.key for each in profile.identities), *(each.key for each in profile.exceptions)}
        return not profile.enabled and left <= {SERVICE_EXCEPTION}
