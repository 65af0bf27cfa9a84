# SPDX-License-Identifier: MIT
"""Read and report the migration status of all clusters of a scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from azure.cli.core.azclierror import AzCLIError
from knack.util import CLIError

from azext_podidentity.actions.fleet.inventory import Scope, fail_if_unreadable, read_inventory
from azext_podidentity.actions.fleet.parallel import PARALLEL, context_in, on_each
from azext_podidentity.arm.backoff import Deadline
from azext_podidentity.arm.concurrency import ReadOnce, or_error
from azext_podidentity.arm.federated_credentials import CredentialService
from azext_podidentity.arm.identity_bindings import IdentityBindings
from azext_podidentity.cli.after_output import fail_partial, warn_after_output
from azext_podidentity.cli.cluster_progress import cluster_progress
from azext_podidentity.cli.report_file import write_report
from azext_podidentity.fleet.inventory import FleetCluster, Inventory
from azext_podidentity.fleet.migration_status import (
    UNKNOWN,
    ClusterMigration,
    OverLimit,
    migration_report,
    over_limit,
    summary,
)
from azext_podidentity.fleet.workload_progress import workload_summary
from azext_podidentity.profile.text import count_of

if TYPE_CHECKING:
    from azure.cli.core import AzCli

# The timeout in seconds for the managed identities and identity bindings of one cluster.
_TIMEOUT = 300


@dataclass(frozen=True)
class FleetMigrationOptions:
    """How the status is read and reported.

    contexts: a pattern of kubectl contexts by which the workloads are read too. report: the path of a file.
    """

    contexts: str | None = None
    parallel: int | None = None
    report: str | None = None


def report_migration(cli_ctx: AzCli, scope: Scope, options: FleetMigrationOptions) -> list[ClusterMigration]:
    """Return the status of each cluster with the add-on enabled, write the report, and warn after the output.

    What could not be read is an error after the output. Raise the errors of `read_migration`.
    """
    parallel = options.parallel or PARALLEL
    inventory, clusters, limits = read_migration(cli_ctx, scope, parallel, options.contexts)
    total = len(inventory.clusters)
    if options.report:
        write_report(cli_ctx, options.report, migration_report(clusters, total, limits))
    warn_after_output(cli_ctx, summary(clusters, total))
    for limit in limits:
        warn_after_output(cli_ctx, str(limit))
    _report_workloads(cli_ctx, clusters)
    if unknown := sum(each.state == UNKNOWN for each in clusters):
        message = f"{count_of(unknown, 'cluster')} could not be read completely."
        fail_partial(cli_ctx, message, unknown == len(clusters))
    fail_if_unreadable(cli_ctx, inventory)
    return clusters


def _report_workloads(cli_ctx: AzCli, clusters: Sequence[ClusterMigration]) -> None:
    progress = [each.workloads for each in clusters if each.workloads]
    if progress:
        warn_after_output(cli_ctx, workload_summary(progress), last=True)
    if failed := sum(each.failed for each in progress):
        fail_partial(cli_ctx, f"The workloads of {count_of(failed, 'cluster')} could not be read.")


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
