# SPDX-License-Identifier: MIT
"""Prepare the write of a profile: read the managed identities, and grant the roles over them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from azure.cli.core.azclierror import AzCLIError, ValidationError
from knack.log import get_logger
from knack.util import CLIError

from azext_podidentity.arm import managed_identities, role_assignments
from azext_podidentity.arm.backoff import ROLE_WRITES, now, until_role_write
from azext_podidentity.arm.concurrency import begin
from azext_podidentity.arm.errors import explain_leftover
from azext_podidentity.cli.after_output import warn_after_output
from azext_podidentity.cli.progress import counted
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, NotFound, PodIdentity, Profile
from azext_podidentity.profile.rbac import OPERATOR_ROLE
from azext_podidentity.profile.text import count_of, one_line

if TYPE_CHECKING:
    from azure.cli.core import AzCli

    from azext_podidentity.arm.role_assignments import RolesByIdentity
    from azext_podidentity.profile.cluster import Cluster

logger = get_logger(__name__)

_THEN_ADD = "run your command again with --skip-role-assignment"
_THEN_REMOVE = "run your command again"


@dataclass(frozen=True)
class Preparation:
    """The result of the preparation of a write.

    `profile` is the wanted profile with the client and object IDs of its new managed identities. `wait` is the seconds
    to wait before the write, so that new roles can propagate. `sent_requests` is whether requests were sent, during
    which the cluster may have changed. `unreadable_roles` has the reasons why role assignments could not be read, by
    the resource ID of the managed identity in lower case.
    """

    profile: Profile
    wait: float = 0.0
    sent_requests: bool = False
    unreadable_roles: Mapping[str, str] = field(default_factory=dict)


class RoleGrants:  # pylint: disable=too-many-instance-attributes
    """Read the managed identities that a change binds and grant the cluster identity its role over them.

    One object serves all attempts of a change, so that nothing is read or granted twice. `found` has managed
    identities that were read before or that the user specified with their IDs, by resource ID in lower case.
    """

    def __init__(
        self,
        cli_ctx: AzCli,
        *,
        skip_role_assignment: bool = False,
        found: Mapping[str, ManagedIdentity] = MappingProxyType({}),
    ) -> None:
        self._cli_ctx = cli_ctx
        self._skip = skip_role_assignment
        self._found = found
        self._known: dict[str, ManagedIdentity | None] = {}
        self._unreadable: dict[str, str] = {}
        # The resource IDs in the spelling of the change, by the ID in lower case.
        self._granted: dict[str, str] = {}
        # The resource IDs over which the role was granted for new entries.
        self._new: list[str] = []
        # The time (of `backoff.now`) at which a role was granted, None if it has propagated.
        self._granted_at: dict[str, float | None] = {}

    def prepare(self, cluster: Cluster, wanted: Profile, existing: Iterable[PodIdentity] = ()) -> Preparation:
        """Read the managed identities and grant the roles that new entries and the `existing` ones need.

        Raise an azure-cli error if a managed identity does not exist, if it was recreated since an existing entry was
        added, or if a role cannot be granted.
        """
        existing = list(existing)
        added = [entry for entry in wanted.identities if cluster.profile.identities.find(entry.key) != entry]
        resource_ids = {entry.identity.resource_id.lower(): entry.identity.resource_id for entry in (*added, *existing)}
        unknown = [resource_ids[key] for key in sorted(resource_ids.keys() - self._known.keys())]
        if unknown:
            self._prepare_all(unknown, added, existing, cluster)
        entries = wanted.identities
        for entry in added:
            entries = entries.put(self._complete(entry))
        profile = replace(wanted, identities=entries) if added else wanted
        return Preparation(profile, self._wait(unknown), bool(unknown), dict(self._unreadable))

    @property
    def granted(self) -> tuple[str, ...]:
        """Return the resource IDs over which this object granted the role, in the spelling of the change."""
        return tuple(self._granted.values())

    def show_new(self, cluster_name: str) -> None:
        """Log one line, after the result, with the managed identities over which the role was granted."""
        if self._new:
            first, others = self._new[0].rpartition("/")[2], len(self._new) - 1
            more = f" and {others} more" if others else ""
            warn_after_output(
                self._cli_ctx,
                f"The identity of cluster '{cluster_name}' was granted the {OPERATOR_ROLE} role over '{first}'{more}.",
            )

    def wait_after_refusal(
        self, identity: ManagedIdentity, cluster: Cluster, removing: Collection[EntryKey] = ()
    ) -> float | None:
        """Return the seconds to wait before the next attempt, after a write that lacked the role over the identity.

        The service removes a managed identity from the nodes when its entry is removed, which requires the role: if
        the cluster identity has lost it, grant it for the removal. Return None if waiting does not help: the change
        does not need the role, no role was granted recently, or it has propagated.
        """
        key = identity.resource_id.lower()
        bound = cluster.profile.bound_to(identity.resource_id)
        if key not in self._known and not self._skip and any(entry.key in removing for entry in bound):
            self._prepare_removal(identity.resource_id, cluster)
        if key not in self._known:
            return None
        if not self._skip:
            self._grant_again([identity.resource_id], _principal_id(cluster))
        elif key not in self._granted_at:
            self._granted_at[key] = self._grant_time(identity.resource_id, _principal_id(cluster))
        granted_at = self._granted_at.get(key)
        return None if granted_at is None else until_role_write(now() - granted_at)

    def confirm(self, cluster: Cluster, entries: Iterable[PodIdentity]) -> None:
        """Grant roles again that another command removed while the entries were written, because it saw no entry."""
        keys = {entry.identity.resource_id.lower(): entry.identity.resource_id for entry in entries}
        bound = [resource_id for key, resource_id in keys.items() if key in self._known]
        if not self._skip and bound and cluster.principal_id is not None:
            self._grant_again(bound, cluster.principal_id)

    def _grant_again(self, resource_ids: list[str], principal_id: str) -> None:
        """Check whether the roles still exist, and grant those again that another client removed."""
        roles = role_assignments.find_many(self._cli_ctx, resource_ids, principal_id)
        for resource_id in resource_ids:
            key = resource_id.lower()
            if roles[key] == []:
                created = role_assignments.grant(self._cli_ctx, [resource_id], principal_id, then=_THEN_REMOVE)
                if created:
                    logger.warning(
                        "The role over '%s' was removed by another client. It is granted again.", resource_id
                    )
                    self._granted[key] = resource_id
                    self._granted_at[key] = now()

    def _wait(self, resource_ids: list[str]) -> float:
        """Return the seconds to wait for the roles over these managed identities, which exist."""
        moments = filter(None, (self._granted_at.get(each.lower()) for each in resource_ids))
        newest = max(moments, default=None)
        age = None if newest is None else now() - newest
        return 0.0 if age is None or age > ROLE_WRITES[0] else until_role_write(age) or 0.0

    def _prepare_all(
        self, resource_ids: list[str], added: list[PodIdentity], existing: list[PodIdentity], cluster: Cluster
    ) -> None:
        """Read the managed identities and the roles over them in parallel; grant missing roles."""
        principal_id = _principal_id(cluster)
        unread = [each for each in resource_ids if each.lower() not in self._found]
        with counted(self._cli_ctx, "Reading role assignments", len(resource_ids)) as report:
            reading = begin(managed_identities.find_many, self._cli_ctx, unread)
            roles: RolesByIdentity = {}
            if not self._skip:
                roles = role_assignments.find_many(self._cli_ctx, resource_ids, principal_id, report)
        found = {**self._found, **reading.result()}
        for entry in existing:
            _check_unchanged(entry, found.get(entry.identity.resource_id.lower()), cluster)
        needed = {entry.identity.resource_id.lower() for entry in added}
        known = managed_identities.existing(
            {each: found[each.lower()] for each in resource_ids if each.lower() in needed}, cluster.location
        )
        if not self._skip:
            self._new += self._grant_missing(resource_ids, roles, principal_id, _THEN_ADD)
        self._known.update(dict.fromkeys((each.lower() for each in resource_ids), None))
        self._known.update(known)

    def _grant_missing(
        self, resource_ids: list[str], roles: RolesByIdentity, principal_id: str, then: str
    ) -> list[str]:
        """Grant the role over each managed identity without one, except where the roles could not be read.

        Return the resource IDs over which the role is new.
        """
        missing = []
        for resource_id in resource_ids:
            key = resource_id.lower()
            assignments = roles[key]
            if isinstance(assignments, CLIError) and managed_identities.is_hidden(assignments):
                self._unreadable[key] = one_line(assignments)
            elif isinstance(assignments, CLIError):
                raise assignments
            elif assignments:
                self._granted_at[key] = _time_ago(role_assignments.age(assignments))
            else:
                missing.append(resource_id)
        self._warn_of_unreadable(resource_ids)
        created = role_assignments.grant(self._cli_ctx, missing, principal_id, then=then)
        self._granted.update((each.lower(), each) for each in created)
        self._granted_at.update(dict.fromkeys((each.lower() for each in missing), now()))
        return created

    def _warn_of_unreadable(self, resource_ids: Iterable[str]) -> None:
        unreadable = [each for each in resource_ids if each.lower() in self._unreadable]
        if not unreadable:
            return
        first, *others = unreadable
        more = f" and {count_of(len(others), 'other managed identity', 'other managed identities')}" if others else ""
        logger.warning(
            "The role assignments over '%s'%s cannot be read: %s", first, more, self._unreadable[first.lower()]
        )

    def _grant_time(self, resource_id: str, principal_id: str) -> float | None:
        """Return the time at which the role over the managed identity was granted, None if it has propagated."""
        try:
            return _time_ago(role_assignments.age(role_assignments.find(self._cli_ctx, resource_id, principal_id)))
        except AzCLIError as error:
            logger.debug("The age of the role assignment could not be read: %s", error)
            return None

    def _complete(self, entry: PodIdentity) -> PodIdentity:
        known = self._known[entry.identity.resource_id.lower()]
        return (
            entry if known is None else replace(entry, identity=replace(known, resource_id=entry.identity.resource_id))
        )

    def _prepare_removal(self, resource_id: str, cluster: Cluster) -> None:
        """Grant the role if it is missing, unless the managed identity does not exist or cannot be read."""
        principal_id = _principal_id(cluster)
        try:
            identity = managed_identities.find(self._cli_ctx, resource_id)
        except AzCLIError as error:
            logger.debug("The managed identity could not be read: %s", error)
            return
        if isinstance(identity, NotFound):
            return
        roles = role_assignments.find_many(self._cli_ctx, [resource_id], principal_id)
        if [] in roles.values():
            logger.warning("Granting the cluster identity the role over '%s', for the removal.", resource_id)
        self._grant_missing([resource_id], roles, principal_id, _THEN_REMOVE)
        self._known[resource_id.lower()] = identity


def _time_ago(age: float | None) -> float | None:
    """Return the time (of `backoff.now`) `age` seconds ago, None for None."""
    return None if age is None else now() - age


def _check_unchanged(entry: PodIdentity, found: ManagedIdentity | NotFound | CLIError | None, cluster: Cluster) -> None:
    """Raise the explained error if an existing entry's managed identity was deleted or recreated."""
    if isinstance(found, ManagedIdentity | NotFound) and (error := explain_leftover(entry, found, cluster)):
        raise error


def _principal_id(cluster: Cluster) -> str:
    """Return the object ID of the cluster identity. Raise ValidationError if the cluster has none yet."""
    if cluster.principal_id is None:
        where = ("--resource-group", cluster.reference.resource_group, "--name", cluster.reference.name)
        wait = cluster.reference.command("aks", "wait", "--created", *where)
        raise ValidationError(
            f"Cluster {cluster.reference.name!r} does not show the object ID of its identity yet.",
            ["Wait until it is created, and then run your command again:", wait],
        )
    return cluster.principal_id
