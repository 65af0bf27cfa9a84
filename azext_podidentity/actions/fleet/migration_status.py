# SPDX-License-Identifier: MIT
"""Read the migration status of all clusters of a scope, from Azure only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from azure.cli.core.azclierror import AzCLIError
from knack.util import CLIError

from azext_podidentity.actions.fleet.inventory import Scope, read_inventory
from azext_podidentity.actions.fleet.parallel import context_in, on_each
from azext_podidentity.arm.backoff import Deadline
from azext_podidentity.arm.concurrency import ReadOnce, or_error
from azext_podidentity.arm.federated_credentials import CredentialService
from azext_podidentity.arm.identity_bindings import IdentityBindings
from azext_podidentity.cli.cluster_progress import cluster_progress
from azext_podidentity.fleet.inventory import FleetCluster, Inventory
from azext_podidentity.fleet.migration_status import ClusterMigration, OverLimit, over_limit
from azext_podidentity.profile.text import count_of

if TYPE_CHECKING:
    from azure.cli.core import AzCli

# The timeout in seconds for the managed identities and identity bindings of one cluster.
_TIMEOUT = 300


def read_migration(
    cli_ctx: AzCli, scope: Scope, parallel: int, contexts: str | None = None
) -> tuple[Inventory, list[ClusterMigration], list[OverLimit]]:
    """Return all clusters, the status of those with the add-on enabled, and the managed identities over the limit.

    The federated identity credentials of each managed identity are read once, even if many clusters bind it. The
    identity bindings of a cluster are listed only if its state depends on them. contexts: a pattern of the kubectl
    contexts by which the workloads are read too. Raise an azure-cli error if no clusters can be found, or no context
    matches.
    """
    inventory = read_inventory(cli_ctx, scope)
    workloads = None
    if contexts is not None:
        from azext_podidentity.actions.fleet.workload_progress import workload_reader

        workloads = workload_reader(cli_ctx, contexts, inventory.clusters)
    credentials = ReadOnce(CredentialService(cli_ctx).read_one)

    def read(cluster: FleetCluster) -> ClusterMigration:
        bound = cluster.cluster.profile.bindings()
        found = ClusterMigration(cluster, {each.lower(): credentials(each) for each in bound})
        found = _with_bindings(cli_ctx, found) if found.depends_on_bindings else found
        return replace(found, workloads=workloads.read(cluster)) if workloads else found

    clusters = inventory.enabled
    with cluster_progress(
        cli_ctx, "Reading workloads" if workloads else "Reading credentials", len(clusters)
    ) as progress:
        outcomes = on_each(clusters, read, _describe, progress, parallel=parallel, limit=_TIMEOUT)
    found = [
        ClusterMigration(each.cluster, error=str(each.result)) if isinstance(each.result, AzCLIError) else each.result
        for each in outcomes
    ]
    limits = over_limit(found)
    over = {each.resource_id.lower(): each.resource_id for each in limits}
    named = [
        replace(each, shared_limit=tuple(over[key] for key in each.missing_namespaces() if key in over))
        for each in found
    ]
    return inventory, named, limits


def _with_bindings(cli_ctx: AzCli, found: ClusterMigration) -> ClusterMigration:
    context = context_in(cli_ctx, found.cluster.subscription_id)
    bindings = or_error(
        IdentityBindings(context, found.cluster.cluster.reference, Deadline(_TIMEOUT)).read_if_supported
    )
    if isinstance(bindings, CLIError):
        return replace(found, error=str(bindings))
    return replace(found, bindings=bindings)


def _describe(found: ClusterMigration) -> str:
    return count_of(len(found.lookups), "managed identity", "managed identities")
