# SPDX-License-Identifier: MIT
"""Client factories for the command table."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.cli.core import AzCli
    from azure.mgmt.containerservice.operations import ManagedClustersOperations


def cf_managed_clusters(cli_ctx: AzCli, *_: object) -> ManagedClustersOperations:
    """Return `ManagedClustersOperations` of the current subscription."""
    from azext_podidentity.arm.clients import managed_clusters_client

    operations: ManagedClustersOperations = managed_clusters_client(cli_ctx)
    return operations
