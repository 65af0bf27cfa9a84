# SPDX-License-Identifier: MIT
"""Remove the roles of a cluster identity that pod identities no longer need, and only those."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from knack.log import get_logger
from knack.util import CLIError

from azext_podidentity.arm import role_assignments
from azext_podidentity.arm.managed_clusters import list_visible_clusters
from azext_podidentity.profile.commands import revoke_command
from azext_podidentity.profile.rbac import OPERATOR_ROLE

if TYPE_CHECKING:
    from azure.cli.core import AzCli
    from azure.mgmt.authorization.models import RoleAssignment

    from azext_podidentity.arm.managed_clusters import ClusterReader
    from azext_podidentity.profile.cluster import Cluster

logger = get_logger(__name__)

# Called with the IDs of role assignments that others created; returns whether to remove them too.
Agree = Callable[[list[str]], bool]


@dataclass(frozen=True)
class RoleOutcome:
    """The outcome for the role over one managed identity: the IDs of removed assignments, or why one was kept."""

    resource_id: str
    removed: tuple[str, ...] = ()
    kept: str = ""
    command: str = ""

    def to_json(self) -> dict[str, object]:
        """Return the JSON object that commands print."""
        return {
            "role": OPERATOR_ROLE,
            "scope": self.resource_id,
            "state": "Removed" if self.removed else "Kept",
            "removedIds": list(self.removed),
            "reason": self.kept,
            "command": self.command,
        }

    def __str__(self) -> str:
        if self.removed:
            return f"Removed the role assignment of the cluster identity: {', '.join(self.removed)}"
        text = f"The role of the cluster identity over '{self.resource_id}' was not removed: {self.kept}"
        return f"{text} Once nothing needs it, remove it with: {self.command}" if self.command else text


class RoleRevocation:  # pylint: disable=too-few-public-methods
    """Remove roles of one cluster identity that nothing needs.

    A role is kept in these cases:

    * A current entry of the cluster needs it, or of another cluster with the same user-assigned identity.
    * The managed identity is the kubelet identity, over which the cluster itself needs the role.
    * The role is so new that another command may just have granted it.
    * Any of that could not be read.

    `granted` has the resource IDs over which this command itself granted the role.
    """

    def __init__(
        self, cli_ctx: AzCli, reader: ClusterReader, principal_id: str, agree: Agree, granted: Iterable[str] = ()
    ) -> None:
        self._cli_ctx = cli_ctx
        self._reader = reader
        self._principal_id = principal_id
        self._agree = agree
        self._granted = frozenset(each.lower() for each in granted)

    def revoke(self, resource_ids: Iterable[str], *, only_ours: bool = False) -> list[RoleOutcome]:
        """Remove the roles over these managed identities that nothing needs, and return the outcome for each.

        1. Read the cluster and the others with its identity, and keep the roles that one of them needs.
        2. Remove the assignments at the managed identity itself; inherited roles are kept.
        3. Read all clusters again, and grant again the roles that entries need which were added meanwhile.

        `only_ours`: remove only roles that this tool granted. Raise an azure-cli error if an assignment cannot be
        removed.
        """
        needs = self._needs()
        outcomes = [self._revoke_one(each, needs, only_ours) for each in dict.fromkeys(resource_ids)]
        revoked = [each.resource_id for each in outcomes if each.removed]
        if not revoked:
            return outcomes
        needs = self._needs()
        again = {each: reason for each in revoked if (reason := needs.reason(each))}
        if again:
            role_assignments.grant(self._cli_ctx, list(again), self._principal_id, then="run your command again")
        return [
            RoleOutcome(each.resource_id, kept=f"{again[each.resource_id]} It was granted again.")
            if each.resource_id in again
            else each
            for each in outcomes
        ]

    def _needs(self) -> _Needs:
        cluster = self._reader.read().cluster
        if cluster.identity_type == "SystemAssigned":
            return _Needs(cluster)
        others, unreadable = list_visible_clusters(self._cli_ctx, cluster)
        return _Needs(cluster, others, unreadable)

    def _revoke_one(self, resource_id: str, needs: _Needs, only_ours: bool) -> RoleOutcome:  # pylint: disable=too-many-return-statements
        command = revoke_command(self._principal_id, resource_id)
        if reason := needs.reason(resource_id):
            return RoleOutcome(resource_id, kept=reason)
        if needs.unreadable:
            return RoleOutcome(resource_id, kept=needs.unreadable, command=command)
        try:
            assignments = role_assignments.find_own(self._cli_ctx, resource_id, self._principal_id)
        except CLIError as error:
            reason = f"Its pod identities were removed, but its role assignments could not be read: {error}"
            return RoleOutcome(resource_id, kept=reason, command=command)
        if not assignments:
            return RoleOutcome(resource_id, kept="The managed identity itself has no role assignment to remove.")
        if role_assignments.age(assignments) is not None and resource_id.lower() not in self._granted:
            reason = "It is less than 10 minutes old, so another command may need it."
            return RoleOutcome(resource_id, kept=reason, command=command)
        others = [each.id or "" for each in assignments if not self._is_ours(each)]
        if others and (only_ours or not self._agree(others)):
            reason = f"It was not created by this command: {', '.join(others)}."
            return RoleOutcome(resource_id, kept=reason, command=command)
        return RoleOutcome(resource_id, tuple(role_assignments.remove(self._cli_ctx, assignments)))

    def _is_ours(self, assignment: RoleAssignment) -> bool:
        return role_assignments.is_created_here(assignment, self._principal_id)


def assignments_of_others(cli_ctx: AzCli, cluster: Cluster) -> list[str]:
    """Return the IDs of the assignments at the cluster's managed identities that this tool did not create.

    Those that cannot be read are left out; a removal reads them again.
    """
    if cluster.principal_id is None:
        return []
    bound = dict.fromkeys(entry.identity.resource_id for entry in cluster.profile.identities)
    found = role_assignments.find_own_many(cli_ctx, bound, cluster.principal_id)
    return [each.id or "" for each in found if not role_assignments.is_created_here(each, cluster.principal_id)]


@dataclass(frozen=True)
class _Needs:
    """The clusters that need roles of a cluster identity: the cluster itself, and visible others with the identity."""

    cluster: Cluster
    others: tuple[Cluster, ...] = ()
    unreadable: str = ""

    def reason(self, resource_id: str) -> str:
        """Return why the role over the managed identity is needed, empty if it is not."""
        return next(self._reasons(resource_id), "")

    def _reasons(self, resource_id: str) -> Iterator[str]:
        for cluster in (self.cluster, *self.others):
            name = f"cluster '{cluster.reference.name}'"
            if bound := cluster.profile.bound_to(resource_id):
                yield f"Pod identity '{bound[0].key}' of {name} needs it."
            if (cluster.kubelet_resource_id or "").lower() == resource_id.lower():
                yield f"It is the kubelet identity of {name}, which needs the role itself."


def show_outcomes(outcomes: Iterable[RoleOutcome]) -> None:
    """Log which roles were removed, and which were kept and why."""
    for outcome in outcomes:
        logger.warning("%s", outcome)
