# SPDX-License-Identifier: MIT
"""Update a pod identity, and show the role that its former managed identity may no longer need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from azext_podidentity.actions.change import change_cluster
from azext_podidentity.actions.delete import show_kept_roles
from azext_podidentity.actions.role_grants import RoleGrants

if TYPE_CHECKING:
    from azure.cli.core import AzCli
    from azure.mgmt.containerservice.models import ManagedCluster

    from azext_podidentity.arm.cluster_writer import ClusterWriter
    from azext_podidentity.profile.entries import ManagedIdentity
    from azext_podidentity.profile.update_identity import UpdateIdentity


def update_identity(
    cli_ctx: AzCli,
    writer: ClusterWriter,
    change: UpdateIdentity,
    *,
    known: ManagedIdentity | None = None,
    skip_role_assignment: bool = False,
    headers: Mapping[str, str] | None = None,
    no_wait: bool = False,
) -> ManagedCluster | None:
    """Change the pod identity in one write and return the cluster's SDK model, None with `no_wait`.

    Grant the role over its managed identity if it is missing. `known` is the new managed identity if it is not to be
    read. Raise an azure-cli error if the entry does not exist or
    cannot be changed.
    """
    found = {known.resource_id.lower(): known} if known else {}
    grants = RoleGrants(cli_ctx, skip_role_assignment=skip_role_assignment, found=found)
    result = change_cluster(cli_ctx, writer, change, grants, headers=headers, no_wait=no_wait)
    if result.model is not None:
        show_kept_roles(result, writer.state_of(result.model).cluster)
    return result.model
