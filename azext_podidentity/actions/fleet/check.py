# SPDX-License-Identifier: MIT
"""Check all clusters of a scope in parallel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from azure.cli.core.azclierror import AzCLIError

from azext_podidentity.actions.check import assemble
from azext_podidentity.actions.fleet.inventory import Scope, read_inventory
from azext_podidentity.actions.fleet.parallel import PARALLEL, TIMEOUT, context_in, on_each
from azext_podidentity.arm.clients import managed_clusters_client
from azext_podidentity.arm.concurrency import ReadOnce
from azext_podidentity.arm.managed_clusters import ClusterReader
from azext_podidentity.arm.shared_lookups import SharedLookups
from azext_podidentity.checks.finding import Finding
from azext_podidentity.checks.registry import run_checks
from azext_podidentity.cli.cluster_progress import cluster_progress
from azext_podidentity.fleet.findings import FleetFinding, counts, unreadable, worst_first
from azext_podidentity.fleet.inventory import FleetCluster, Inventory

if TYPE_CHECKING:
    from azure.cli.core import AzCli


@dataclass(frozen=True)
class FleetCheck:
    """The findings of all clusters, worst first, and how many clusters could not be checked."""

    inventory: Inventory
    findings: list[FleetFinding]
    unchecked: int


def check_clusters(
    cli_ctx: AzCli, scope: Scope, *, parallel: int = PARALLEL, timeout: float | None = None
) -> FleetCheck:
    """Check the clusters of the scope on which the add-on is enabled.

    Each cluster is read once; managed identities, role assignments and registrations are read once per subscription.
    A cluster that cannot be read, or that takes longer than `timeout` seconds, is a finding. Raise an azure-cli error
    if no clusters can be found.
    """
    inventory = read_inventory(cli_ctx, scope)
    lookups = SharedLookups(cli_ctx, partial(context_in, cli_ctx))
    client_of = ReadOnce(partial(managed_clusters_client, cli_ctx))

    def check(each: FleetCluster) -> list[Finding]:
        subscription = each.subscription_id
        context = context_in(cli_ctx, subscription)
        cluster = ClusterReader(context, client_of(subscription), each.cluster.reference).read().cluster
        ids = list(cluster.profile.bindings())
        principal = cluster.principal_id
        found = lookups.identities(ids)
        roles = lookups.roles(ids, principal) if principal else {}
        return run_checks(
            assemble(cluster, lookups.feature(subscription), lookups.provider(subscription), found, roles)
        )

    clusters = inventory.enabled
    with cluster_progress(cli_ctx, "Checking clusters", len(clusters)) as progress:
        outcomes = on_each(clusters, check, counts, progress, parallel=parallel, limit=timeout or TIMEOUT)
    findings: list[FleetFinding] = []
    unchecked = 0
    for each in outcomes:
        if isinstance(each.result, AzCLIError):
            unchecked += 1
            findings.append(unreadable(each.cluster, str(each.result)))
        else:
            findings += [FleetFinding(each.cluster, finding) for finding in each.result]
    return FleetCheck(inventory, worst_first(findings), unchecked)
