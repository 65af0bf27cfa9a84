"""Read how far the migration of all clusters of a scope is, from Azure alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from azure.cli.core.azclierror import AzCLIError

from azext_podidentity.actions.fleet.inventory import Scope, read_inventory
from azext_podidentity.actions.fleet.parallel import on_each
from azext_podidentity.arm.concurrency import Once
from azext_podidentity.arm.federated_credentials import CredentialService
from azext_podidentity.cli.cluster_progress import cluster_progress
from azext_podidentity.fleet.inventory import FleetCluster, Inventory
from azext_podidentity.fleet.migration_status import ClusterMigration, OverLimit, over_limit
from azext_podidentity.profile.text import count_of
from azext_podidentity.profile.workload_credentials import IdentityLookup

if TYPE_CHECKING:
    from azure.cli.core import AzCli

# Seconds for the managed identities of one cluster.
_TIMEOUT = 300


def read_migration(
    cli_ctx: AzCli, scope: Scope, parallel: int
) -> tuple[Inventory, list[ClusterMigration], list[OverLimit]]:
    """Return all clusters, how far those with the add-on enabled are, and the managed identities over the limit.

    The federated identity credentials of each managed identity are read once, however many clusters bind it. Raise an
    azure-cli error if no clusters can be found.
    """
    inventory = read_inventory(cli_ctx, scope)
    credentials = Once(CredentialService(cli_ctx).read_one)

    def read(cluster: FleetCluster) -> Mapping[str, IdentityLookup]:
        return {each.lower(): credentials(each) for each in cluster.cluster.profile.bindings()}

    clusters = inventory.enabled
    with cluster_progress(cli_ctx, "Reading credentials", len(clusters)) as progress:
        outcomes = on_each(clusters, read, _describe, progress, parallel=parallel, limit=_TIMEOUT)
    found = [
        ClusterMigration(each.cluster, error=str(each.result))
        if isinstance(each.result, AzCLIError)
        else ClusterMigration(each.cluster, each.result)
        for each in outcomes
    ]
    limits = over_limit(found)
    over = {each.resource_id.lower(): each.resource_id for each in limits}
    named = [
        replace(each, shared_limit=tuple(over[key] for key in each.missing_namespaces() if key in over))
        for each in found
    ]
    return inventory, named, limits


def _describe(lookups: Mapping[str, IdentityLookup]) -> str:
    return count_of(len(lookups), "managed identity", "managed identities")
