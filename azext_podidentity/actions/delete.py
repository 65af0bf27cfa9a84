"""Removes pod identities, and then the roles that the cluster identity had for their sake."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from azure.cli.core.azclierror import ForbiddenError, ResourceNotFoundError
from knack.log import get_logger

from azext_podidentity.actions.change import ChangeResult, change_cluster
from azext_podidentity.actions.role_grants import RoleGrants
from azext_podidentity.arm import role_assignments
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.commands import revoke_command
from azext_podidentity.profile.entries import Profile
from azext_podidentity.profile.rbac import OPERATOR_ROLE

if TYPE_CHECKING:
    from azure.cli.core import AzCli
    from azure.mgmt.containerservice.models import ManagedCluster

    from azext_podidentity.arm.cluster_writer import ClusterWriter
    from azext_podidentity.profile.changes import Delete

logger = get_logger(__name__)


def delete_identities(
    cli_ctx: AzCli,
    writer: ClusterWriter,
    change: Delete,
    *,
    delete_role_assignment: bool = False,
    headers: Mapping[str, str] | None = None,
    no_wait: bool = False,
) -> ManagedCluster | None:
    """Remove pod identities in one write and return the cluster's SDK model, None with `no_wait`.

    With `delete_role_assignment`, also remove the role assignments that no other entry needs; without, show how to.
    Raise an azure-cli error if the entries cannot be removed.
    """
    try:
        result = change_cluster(cli_ctx, writer, change, RoleGrants(cli_ctx), headers=headers, no_wait=no_wait)
    except ResourceNotFoundError as error:
        if delete_role_assignment:
            cluster = writer.read().cluster
            # Another cluster may run as a user-assigned identity too, and need its role assignments.
            if cluster.identity_type == "SystemAssigned":
                _remove_known(cli_ctx, cluster)
            error.set_recommendation(_advise_left_role(cluster))
        raise
    left = Profile() if result.model is None else writer.state_of(result.model).cluster.profile
    settle_roles(cli_ctx, result, left, revoke=delete_role_assignment)
    return result.model


def settle_roles(cli_ctx: AzCli, result: ChangeResult, left: Profile, *, revoke: bool) -> None:
    """Revoke the roles that no entry of the profile `left` needs any more, or show how to."""
    for resource_id in dict.fromkeys(entry.identity.resource_id for entry in result.removed):
        if left.bound_to(resource_id):
            if revoke:
                logger.warning("The role assignment stays: another pod identity is bound to %s.", resource_id)
        elif result.principal_id is None:
            logger.warning(
                "The role over %s stays: the cluster does not show the object ID of its identity.", resource_id
            )
        elif revoke:
            _revoke(cli_ctx, result.principal_id, resource_id)
        else:
            logger.warning(
                "The cluster identity keeps its role over %s. Once nothing needs it, remove it with: %s",
                *(resource_id, revoke_command(result.principal_id, resource_id)),
            )


def remove_left_roles(cli_ctx: AzCli, cluster: Cluster) -> None:
    """Removes the roles that a run left which was cut short after it had removed the entries.

    Only roles that this tool granted are known without their entries; how to look for others, people are told.
    """
    if cluster.principal_id is None:
        return
    if not _remove_known(cli_ctx, cluster) or cluster.profile.enabled:
        logger.warning(_advise_left_role(cluster))


def _remove_known(cli_ctx: AzCli, cluster: Cluster) -> bool:
    """Removes the roles that this tool granted and no entry needs; False where the caller may not look for them."""
    from azure.cli.core.commands.client_factory import get_subscription_id

    if cluster.principal_id is None:
        return False
    subscription_id, bound_to = get_subscription_id(cli_ctx), cluster.profile.bound_to
    try:
        revoked = role_assignments.revoke_left(cli_ctx, subscription_id, cluster.principal_id, is_needed=bound_to)
    except ForbiddenError as error:
        logger.warning(error.error_msg)
        return False
    for assignment_id in revoked:
        logger.warning("Removed the role assignment of the cluster identity: %s", assignment_id)
    return True


def _revoke(cli_ctx: AzCli, principal_id: str, resource_id: str) -> None:
    revoked = role_assignments.revoke(cli_ctx, resource_id, principal_id)
    for assignment_id in revoked:
        logger.warning("Removed the role assignment of the cluster identity at %s: %s", resource_id, assignment_id)
    if not revoked:
        logger.warning("There was no role assignment of the cluster identity at %s to remove.", resource_id)


def _advise_left_role(cluster: Cluster) -> str:
    """How to find the role assignment that a run left which was cut short after it had removed the entry."""
    find = cluster.reference.command(
        *("role", "assignment", "list", "--all", "--assignee", cluster.principal_id or "CLUSTER_IDENTITY"),
        *("--role", OPERATOR_ROLE, "--output", "table"),
    )
    return f"Where an earlier run was cut short, the cluster identity may still have the role. Look with:\n{find}"
