# SPDX-License-Identifier: MIT
"""Remove pod identities, and then the roles that only they needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azure.cli.core.azclierror import ForbiddenError
from knack.log import get_logger

from azext_podidentity.actions.change import ChangeResult, change_cluster
from azext_podidentity.actions.role_grants import RoleGrants
from azext_podidentity.actions.role_revocation import Agree, RoleOutcome, RoleRevocation, show_outcomes
from azext_podidentity.arm import role_assignments
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.commands import revoke_command
from azext_podidentity.profile.rbac import OPERATOR_ROLE

if TYPE_CHECKING:
    from azure.cli.core import AzCli
    from azure.mgmt.containerservice.models import ManagedCluster

    from azext_podidentity.arm.cluster_writer import ClusterWriter
    from azext_podidentity.profile.changes import Delete

logger = get_logger(__name__)

_NO_PRINCIPAL = "The cluster does not show the object ID of its identity."
_KEPT = "It is not removed together with the pod identity."


@dataclass(frozen=True)
class DeleteResult:
    """The cluster's SDK model after the removal, None with `no_wait`, and the outcome for each role."""

    model: ManagedCluster | None
    roles: tuple[RoleOutcome, ...] = ()


def delete_identities(
    cli_ctx: AzCli,
    writer: ClusterWriter,
    change: Delete,
    *,
    delete_role_assignment: bool = False,
    agree: Agree = lambda _: False,
    headers: Mapping[str, str] | None = None,
    no_wait: bool = False,
) -> DeleteResult:
    """Remove pod identities in one write, and return the cluster and the outcome for each role.

    With `delete_role_assignment`, also remove the role assignments that nothing else needs; for those that another
    client created, ask `agree` first. Without it, show the commands that remove them. Entries that do not exist cause
    a warning, so that an interrupted command can be repeated; it then also removes roles that the first run left.
    Raise an azure-cli error if the entries cannot be removed.
    """
    result = change_cluster(cli_ctx, writer, change, RoleGrants(cli_ctx), headers=headers, no_wait=no_wait)
    if delete_role_assignment and not result.removed and result.model is not None:
        cluster = writer.state_of(result.model).cluster
        leftover = _revoke_leftover(cli_ctx, writer, cluster)
        logger.warning(_leftover_advice(cluster))
        return DeleteResult(result.model, leftover or ())
    if not delete_role_assignment or result.principal_id is None or result.model is None:
        after = writer.state_of(result.model).cluster if result.model else None
        return DeleteResult(result.model, show_kept_roles(result, after, asked=delete_role_assignment))
    revocation = RoleRevocation(cli_ctx, writer, result.principal_id, agree, result.granted)
    outcomes = revocation.revoke(_removed_identities(result))
    show_outcomes(outcomes)
    return DeleteResult(result.model, tuple(outcomes))


def show_kept_roles(result: ChangeResult, after: Cluster | None, *, asked: bool = False) -> tuple[RoleOutcome, ...]:
    """Return the roles that the change leaves in place, and log how to remove them.

    after: the cluster after the change, None if the command did not wait. asked: whether the user requested their
    removal. The log level is warning if nothing else can need the roles, and info for a user-assigned cluster
    identity, which other clusters can use too.
    """
    kept = [each for each in _removed_identities(result) if after is None or not after.profile.bound_to(each)]
    alone = after is not None and after.identity_type == "SystemAssigned" and result.principal_id is not None
    log = logger.warning if asked or (alone and len(kept) == 1) else logger.info
    outcomes = []
    for resource_id in kept:
        if result.principal_id is None:
            outcomes.append(RoleOutcome(resource_id, kept=_NO_PRINCIPAL))
            log("The role over '%s' is kept: the cluster does not show the object ID of its identity.", resource_id)
        else:
            command = revoke_command(result.principal_id, resource_id)
            outcomes.append(RoleOutcome(resource_id, kept=_KEPT, command=command))
            log("The cluster identity keeps its role over '%s'. To remove it, run: %s", resource_id, command)
    if alone and len(kept) > 1:
        logger.warning(
            "The cluster identity keeps its roles over %d managed identities. To show how to remove them, run with "
            "--verbose. 'delete --delete-role-assignment' removes them together with the pod identities.",
            len(kept),
        )
    return tuple(outcomes)


def revoke_leftover_roles(cli_ctx: AzCli, writer: ClusterWriter, cluster: Cluster) -> tuple[RoleOutcome, ...]:
    """Remove the roles that remain if an earlier run was interrupted after it removed the entries.

    Return the outcome for each role. Without their entries, only roles that this tool granted can be recognized; log
    how to find others.
    """
    if cluster.principal_id is None:
        return ()
    outcomes = _revoke_leftover(cli_ctx, writer, cluster)
    if outcomes is None or cluster.profile.enabled:
        logger.warning(_leftover_advice(cluster))
    return outcomes or ()


def _removed_identities(result: ChangeResult) -> list[str]:
    """Return the resource IDs of the managed identities whose entries were removed, each once."""
    found: dict[str, str] = {}
    for entry in result.removed:
        found.setdefault(entry.identity.resource_id.lower(), entry.identity.resource_id)
    return list(found.values())


def _revoke_leftover(cli_ctx: AzCli, writer: ClusterWriter, cluster: Cluster) -> tuple[RoleOutcome, ...] | None:
    """Remove the roles that this tool granted and nothing needs. Return None if the caller may not list them."""
    from azure.cli.core.commands.client_factory import get_subscription_id

    if cluster.principal_id is None:
        return None
    try:
        scopes = role_assignments.find_created(cli_ctx, get_subscription_id(cli_ctx), cluster.principal_id)
    except ForbiddenError as error:
        logger.warning(error.error_msg)
        return None
    unbound = [each for each in scopes if not cluster.profile.bound_to(each)]
    revocation = RoleRevocation(cli_ctx, writer, cluster.principal_id, lambda _: False)
    outcomes = revocation.revoke(unbound, only_ours=True)
    show_outcomes(outcomes)
    return tuple(outcomes)


def _leftover_advice(cluster: Cluster) -> str:
    """Return a sentence with the command that finds a role assignment which an interrupted run left."""
    find = cluster.reference.command(
        *("role", "assignment", "list", "--all", "--assignee", cluster.principal_id or "CLUSTER_IDENTITY"),
        *("--role", OPERATOR_ROLE, "--output", "table"),
    )
    return f"If an earlier run was interrupted, the cluster identity may still have the role. To check, run: {find}"
