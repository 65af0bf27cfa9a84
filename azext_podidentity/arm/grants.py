"""What must be true of managed identities before a profile that binds them is written."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from azure.cli.core.azclierror import AzCLIError, ForbiddenError, ResourceNotFoundError, ValidationError
from knack.log import get_logger

from azext_podidentity.arm import identities, roles
from azext_podidentity.arm.pace import Pace
from azext_podidentity.arm.parallel import AT_ONCE
from azext_podidentity.arm.progress import progress
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, Missing, PodIdentity, Profile
from azext_podidentity.profile.mending import create_commands

logger = get_logger(__name__)

# A role that was granted has always reached the provider by then.
PROPAGATION_LIMIT = 300.0
_THEN_ADD = "run your command again with --skip-role-assignment"
_THEN_REMOVE = "run your command again"


class Grants:
    """Reads the managed identities that a change adds and grants the cluster identity its role over them.

    One object serves all the tries of one change, so that nothing is read or granted twice. `took_time` tells whether
    the last `prepare` had requests to make.
    """

    def __init__(self, cli_ctx: Any, *, skip_role_assignment: bool = False) -> None:
        self._cli_ctx = cli_ctx
        self._skip = skip_role_assignment
        self._known: dict[str, ManagedIdentity] = {}
        self._fresh: dict[str, bool] = {}
        self._unknown: dict[str, str] = {}
        self._pace: Pace | None = None
        self.took_time = False

    def prepare(self, cluster: Cluster, wanted: Profile) -> Profile:
        """The profile with client and object ids of the identities that are new in it, each with its role granted.

        Raises an azure-cli error for an identity that does not exist or a role that cannot be granted.
        """
        there = cluster.profile.identities
        added = [entry for entry in wanted.identities if there.find(entry.key) != entry]
        self.took_time = False
        if not added:
            return wanted
        principal_id = self._principal_id(cluster)
        resource_ids = {entry.identity.resource_id.lower(): entry.identity.resource_id for entry in added}
        unknown = [resource_ids[each] for each in sorted(resource_ids.keys() - self._known.keys())]
        self.took_time = bool(unknown)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            futures = [pool.submit(self._prepare_one, each, principal_id, cluster.location) for each in unknown]
        for future in futures:
            future.result()
        entries = wanted.identities
        for entry in added:
            entries = entries.put(self._complete(entry))
        return replace(wanted, identities=entries)

    def wait_for_role(self, identity: ManagedIdentity, cluster: Cluster) -> bool:
        """Waits a while, where the role over that identity may just need time to reach the provider.

        Returns False at once where waiting cannot help: the change does not add the identity, no role was granted
        lately, or it was long enough ago.
        """
        if not self._concerns(identity, cluster):
            return False
        if not self._is_fresh(identity.resource_id, self._principal_id(cluster)):
            return False
        self._pace = self._pace or Pace()
        if self._pace.elapsed > PROPAGATION_LIMIT:
            return False
        with progress(self._cli_ctx, "Waiting for the role to reach the service") as turn:
            self._pace.wait(turn)
        return True

    @property
    def unknown_roles(self) -> dict[str, str]:
        """Why the role assignments over a managed identity could not be read, by its resource id in lower case."""
        return dict(self._unknown)

    def _concerns(self, identity: ManagedIdentity, cluster: Cluster) -> bool:
        """Whether the cluster identity needs its role over that managed identity for this change."""
        return identity.resource_id.lower() in self._known

    def _principal_id(self, cluster: Cluster) -> str:
        """The object id of the cluster identity."""
        if cluster.principal_id is None:
            where = ("--resource-group", cluster.reference.resource_group, "--name", cluster.reference.name)
            wait = ("aks", "wait", "--created", *where)
            raise ValidationError(
                f"Cluster {cluster.reference.name!r} does not tell the object id of its identity yet.",
                f"Wait until it is created, with:\n{cluster.reference.command(*wait)}",
            )
        return cluster.principal_id

    def _prepare_one(self, resource_id: str, principal_id: str, location: str | None) -> None:
        """Reads one identity and, at the same time, the roles over it; grants what is missing."""
        with ThreadPoolExecutor(1) as pool:
            granted = None if self._skip else pool.submit(self._find_roles, resource_id, principal_id)
            identity = identities.find(self._cli_ctx, resource_id)
            if isinstance(identity, Missing):
                create = create_commands(resource_id, location, resource_group_too=identity.resource_group_too)
                raise ResourceNotFoundError(
                    f"Managed identity {resource_id} does not exist.", f"Create it with:\n{create}"
                )
            if granted is not None:
                self._grant_missing(resource_id, principal_id, granted.result(), _THEN_ADD)
        self._known[resource_id.lower()] = identity

    def _find_roles(self, resource_id: str, principal_id: str) -> list[Any] | None:
        """The roles the cluster identity has over the managed identity, None where the caller may not look."""
        try:
            return roles.find(self._cli_ctx, resource_id, principal_id)
        except ForbiddenError as error:
            logger.warning("The role assignments over %s cannot be read: %s", resource_id, error.error_msg)
            self._unknown[resource_id.lower()] = error.error_msg
            return None

    def _grant_missing(self, resource_id: str, principal_id: str, granted: list[Any] | None, then: str) -> None:
        if granted:
            self._fresh[resource_id.lower()] = roles.is_fresh(granted)
        elif granted is not None:
            roles.grant(self._cli_ctx, resource_id, principal_id, then=then)
            self._fresh[resource_id.lower()] = True

    def _is_fresh(self, resource_id: str, principal_id: str) -> bool:
        """Whether a role over the identity was granted lately, by this command or by somebody just before it."""
        key = resource_id.lower()
        if key not in self._fresh:
            try:
                self._fresh[key] = roles.is_fresh(roles.find(self._cli_ctx, resource_id, principal_id))
            except AzCLIError as error:
                logger.debug("Whether a role was granted lately is not known: %s", error)
                self._fresh[key] = False
        return self._fresh[key]

    def _complete(self, entry: PodIdentity) -> PodIdentity:
        known = self._known[entry.identity.resource_id.lower()]
        return replace(entry, identity=replace(known, resource_id=entry.identity.resource_id))


class RemovalGrants(Grants):
    """Grants the role over the managed identity of an entry that is being removed, once the service asks for it.

    The service takes the managed identity from the nodes when the entry goes, and fails where the cluster identity
    lost its role.
    """

    def __init__(self, cli_ctx: Any, removing: Collection[EntryKey]) -> None:
        super().__init__(cli_ctx)
        self._removing = removing
        self.principal_id: str | None = None
        self.removed: dict[str, None] = {}

    def prepare(self, cluster: Cluster, wanted: Profile) -> Profile:
        """The profile as it is; `removed` has the resource ids of the managed identities that lose an entry."""
        self.principal_id = cluster.principal_id
        bound = (entry for entry in cluster.profile.identities if entry.key in self._removing)
        self.removed.update(dict.fromkeys(entry.identity.resource_id for entry in bound))
        return super().prepare(cluster, wanted)

    def _concerns(self, identity: ManagedIdentity, cluster: Cluster) -> bool:
        bound = cluster.profile.bound_to(identity.resource_id)
        if not super()._concerns(identity, cluster) and any(entry.key in self._removing for entry in bound):
            self._prepare_removal(identity.resource_id, cluster)
        return super()._concerns(identity, cluster)

    def _prepare_removal(self, resource_id: str, cluster: Cluster) -> None:
        """Grants the role, unless it is there, or the managed identity is gone or cannot be read."""
        principal_id = self._principal_id(cluster)
        try:
            now = identities.find(self._cli_ctx, resource_id)
        except AzCLIError as error:
            logger.debug("Whether the managed identity is still there is not known: %s", error)
            return
        if isinstance(now, Missing):
            return
        granted = self._find_roles(resource_id, principal_id)
        if granted == []:
            logger.warning("Granting the cluster identity the role over %s, for the removal.", resource_id)
        self._grant_missing(resource_id, principal_id, granted, _THEN_REMOVE)
        self._known[resource_id.lower()] = now
