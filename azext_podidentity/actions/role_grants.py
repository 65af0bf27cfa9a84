"""What must be true of managed identities before a profile that binds them is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from azure.cli.core.azclierror import AzCLIError, ForbiddenError, ValidationError
from knack.log import get_logger
from knack.util import CLIError

from azext_podidentity.arm import managed_identities, role_assignments
from azext_podidentity.arm.backoff import Backoff, FewTries
from azext_podidentity.arm.concurrency import begin
from azext_podidentity.cli.progress import counted, progress
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, NotFound, PodIdentity, Profile

logger = get_logger(__name__)

# A role that was granted has always reached the provider by then.
PROPAGATION_LIMIT = 300.0
# From so many roles on, it is not found out by writes when they have reached the provider.
_MANY = 5
_THEN_ADD = "run your command again with --skip-role-assignment"
_THEN_REMOVE = "run your command again"


class Grants:  # pylint: disable=too-many-instance-attributes
    """Reads the managed identities that a change adds and grants the cluster identity its role over them.

    One object serves all the tries of one change, so that nothing is read or granted twice. `took_time` tells whether
    the last `prepare` had requests to make, `took_long` whether it waited for roles besides.

    `found` has managed identities that were read before, by resource id in lower case. The role over them is seen to
    though their entries are there already: the service checks them too.
    """

    def __init__(
        self,
        cli_ctx: Any,
        *,
        skip_role_assignment: bool = False,
        found: Mapping[str, ManagedIdentity] = MappingProxyType({}),
    ) -> None:
        self._cli_ctx = cli_ctx
        self._skip = skip_role_assignment
        self._found = found
        self._known: dict[str, ManagedIdentity] = {}
        self._fresh: dict[str, bool] = {}
        self._unknown: dict[str, str] = {}
        self._pace: Backoff | None = None
        self.took_time = False
        self.took_long = False

    def prepare(self, cluster: Cluster, wanted: Profile) -> Profile:
        """The profile with client and object ids of the identities that are new in it, each with its role granted.

        Where many roles were granted, waits until they are likely to have reached the service: the write that would
        find it out is a large one then. Raises an azure-cli error for an identity that does not exist or a role that
        cannot be granted.
        """
        there = cluster.profile.identities
        added = [entry for entry in wanted.identities if there.find(entry.key) != entry]
        used = (*added, *(entry for entry in wanted.identities if entry.identity.resource_id.lower() in self._found))
        self.took_time = self.took_long = False
        if not used:
            return wanted
        principal_id = self._principal_id(cluster)
        resource_ids = {entry.identity.resource_id.lower(): entry.identity.resource_id for entry in used}
        unknown = [resource_ids[each] for each in sorted(resource_ids.keys() - self._known.keys())]
        self.took_time = bool(unknown)
        if unknown:
            self._known.update(self._prepare_all(unknown, principal_id, cluster.location))
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
        self._pace = self._pace or Backoff()
        if self._pace.elapsed > PROPAGATION_LIMIT:
            return False
        self._wait(self._pace)
        return True

    def _wait(self, pace: Backoff) -> None:
        with progress(self._cli_ctx, "Waiting for the role to reach the service") as turn:
            pace.wait(turn)

    @property
    def unknown_roles(self) -> dict[str, str]:
        """Why the role assignments over a managed identity could not be read, by its resource id in lower case."""
        return dict(self._unknown)

    def _concerns(self, identity: ManagedIdentity, cluster: Cluster) -> bool:  # pylint: disable=unused-argument
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

    def _prepare_all(
        self, resource_ids: list[str], principal_id: str, location: str | None
    ) -> dict[str, ManagedIdentity]:
        """Reads the identities and, at the same time, the roles over them; grants what is missing.

        Returns the identities by resource id in lower case.
        """
        unread = [each for each in resource_ids if each.lower() not in self._found]
        with counted(self._cli_ctx, "Reading role assignments", len(resource_ids)) as tell:
            read = begin(managed_identities.find_many, self._cli_ctx, unread)
            granted = {} if self._skip else role_assignments.find_many(self._cli_ctx, resource_ids, principal_id, tell)
        found = {**self._found, **read.result()}
        known = managed_identities.existing({each: found[each.lower()] for each in resource_ids}, location)
        if not self._skip and self._grant_missing(resource_ids, granted, principal_id, _THEN_ADD) >= _MANY:
            self._pace = FewTries()
            self._wait(self._pace)
            self.took_long = True
        return known

    def _grant_missing(
        self, resource_ids: list[str], granted: Mapping[str, list[Any] | CLIError], principal_id: str, then: str
    ) -> int:
        """Grants the role over each managed identity for which none was found; not where the caller may not look.

        Returns how many it granted.
        """
        unknown, missing = [], []
        for resource_id in resource_ids:
            key = resource_id.lower()
            there = granted[key]
            if isinstance(there, ForbiddenError):
                unknown.append(resource_id)
                self._unknown[key] = there.error_msg
            elif isinstance(there, CLIError):
                raise there
            elif there:
                self._fresh[key] = role_assignments.is_fresh(there)
            else:
                missing.append(resource_id)
        if unknown:
            more = f" and {len(unknown) - 1} more managed identities" if len(unknown) > 1 else ""
            reason = self._unknown[unknown[0].lower()]
            logger.warning("The role assignments over %s%s cannot be read: %s", unknown[0], more, reason)
        role_assignments.grant(self._cli_ctx, missing, principal_id, then=then)
        self._fresh.update(dict.fromkeys((each.lower() for each in missing), True))
        return len(missing)

    def _is_fresh(self, resource_id: str, principal_id: str) -> bool:
        """Whether a role over the identity was granted lately, by this command or by somebody just before it."""
        key = resource_id.lower()
        if key not in self._fresh:
            try:
                self._fresh[key] = role_assignments.is_fresh(
                    role_assignments.find(self._cli_ctx, resource_id, principal_id)
                )
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

    def __init__(self, cli_ctx: Any, removing: Collection[EntryKey], **options: Any) -> None:
        super().__init__(cli_ctx, **options)
        self._removing = removing
        self.principal_id: str | None = None
        self.removed: dict[str, None] = {}

    def prepare(self, cluster: Cluster, wanted: Profile) -> Profile:
        """The profile as it is; `removed` has the resource ids of the managed identities that lose an entry."""
        self.principal_id = cluster.principal_id
        kept = {(entry.key, entry.identity.resource_id.lower()) for entry in wanted.identities}
        self.removed.update(
            (entry.identity.resource_id, None)
            for entry in cluster.profile.identities
            if (entry.key, entry.identity.resource_id.lower()) not in kept
        )
        return super().prepare(cluster, wanted)

    def _concerns(self, identity: ManagedIdentity, cluster: Cluster) -> bool:
        known = super()._concerns(identity, cluster)
        bound = cluster.profile.bound_to(identity.resource_id)
        if not known and not self._skip and any(entry.key in self._removing for entry in bound):
            self._prepare_removal(identity.resource_id, cluster)
        return super()._concerns(identity, cluster)

    def _prepare_removal(self, resource_id: str, cluster: Cluster) -> None:
        """Grants the role, unless it is there, or the managed identity is gone or cannot be read."""
        principal_id = self._principal_id(cluster)
        try:
            now = managed_identities.find(self._cli_ctx, resource_id)
        except AzCLIError as error:
            logger.debug("Whether the managed identity is still there is not known: %s", error)
            return
        if isinstance(now, NotFound):
            return
        granted = role_assignments.find_many(self._cli_ctx, [resource_id], principal_id)
        if [] in granted.values():
            logger.warning("Granting the cluster identity the role over %s, for the removal.", resource_id)
        self._grant_missing([resource_id], granted, principal_id, _THEN_REMOVE)
        self._known[resource_id.lower()] = now
