# SPDX-License-Identifier: MIT
"""Check all clusters of a scope in parallel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from azure.cli.core.azclierror import AzCLIError

from azext_podidentity.actions.check import assemble, needs_policies, or_unreadable, running_seconds
from azext_podidentity.actions.fleet.inventory import Scope, fail_if_unreadable, read_inventory
from azext_podidentity.actions.fleet.parallel import PARALLEL, TIMEOUT, context_in, on_each
from azext_podidentity.arm.backoff import WAIT_LIMIT, Deadline
from azext_podidentity.arm.clients import managed_clusters_client
from azext_podidentity.arm.concurrency import ReadOnce, or_error
from azext_podidentity.arm.identity_bindings import IdentityBindings
from azext_podidentity.arm.managed_clusters import ClusterReader
from azext_podidentity.arm.shared_lookups import SharedLookups
from azext_podidentity.checks.finding import at_or_above
from azext_podidentity.checks.registry import run_checks
from azext_podidentity.checks.snapshot import BoundIdentity, Snapshot
from azext_podidentity.cli.after_output import (
    fail_after_output,
    fail_on_error,
    fail_partial,
    print_after_table,
    warn_after_output,
)
from azext_podidentity.cli.cluster_progress import cluster_progress
from azext_podidentity.cli.report_file import write_report
from azext_podidentity.fleet.check_report import check_report
from azext_podidentity.fleet.findings import FleetFinding, counts, suggested_commands, unreadable, worst_first
from azext_podidentity.fleet.inventory import FleetCluster, Inventory
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.text import count_of

if TYPE_CHECKING:
    from azure.cli.core import AzCli


@dataclass(frozen=True)
class FleetCheckOptions:
    """How clusters are checked and reported.

    fail_on: the severity from which findings are an error. timeout: seconds per cluster. report: the path of a file.
    """

    fail_on: str | None = None
    parallel: int | None = None
    timeout: float | None = None
    report: str | None = None


@dataclass(frozen=True)
class FleetCheck:
    """The findings of all clusters, worst first, and the number of clusters that could not be checked."""

    inventory: Inventory
    findings: list[FleetFinding]
    unchecked: int


def report_check(cli_ctx: AzCli, scope: Scope, options: FleetCheckOptions) -> list[FleetFinding]:
    """Return the findings on all clusters, worst first, write the report, and print the suggested commands.

    `fail_on`, unchecked clusters and unreadable subscriptions are errors after the output. Raise an azure-cli error if
    no clusters can be found.
    """
    checked = check_clusters(cli_ctx, scope, parallel=options.parallel or PARALLEL, timeout=options.timeout)
    findings = checked.findings
    if options.report:
        write_report(cli_ctx, options.report, check_report(checked.inventory, findings))
    warn_after_output(cli_ctx, checked.inventory.summary(), last=True)
    print_after_table(cli_ctx, "Suggested commands:", suggested_commands(findings))
    if options.fail_on and (bad := at_or_above([each.finding for each in findings], options.fail_on)):
        fail_after_output(cli_ctx, fail_on_error(options.fail_on, len(bad), len(findings)))
    if checked.unchecked:
        fail_partial(cli_ctx, f"{count_of(checked.unchecked, 'cluster')} could not be checked.")
    fail_if_unreadable(cli_ctx, checked.inventory)
    return findings


def check_clusters(
    cli_ctx: AzCli, scope: Scope, *, parallel: int = PARALLEL, timeout: float | None = None
) -> FleetCheck:
    """Check the clusters of the scope on which the add-on is enabled.

    Each cluster is read once; managed identities, role assignments and registrations are read once per subscription.
    A cluster that cannot be read, or that takes longer than `timeout` seconds, is a finding. Raise an azure-cli error
    if no clusters can be found.
    """
    inventory = read_inventory(cli_ctx, scope)
    read = _SnapshotReader(cli_ctx).read
    clusters = inventory.enabled
    with cluster_progress(cli_ctx, "Checking clusters", len(clusters)) as progress:
        outcomes = on_each(
            clusters, lambda each: run_checks(read(each)), counts, progress, parallel=parallel, limit=timeout or TIMEOUT
        )
    findings: list[FleetFinding] = []
    unchecked = 0
    for each in outcomes:
        if isinstance(each.result, AzCLIError):
            unchecked += 1
            findings.append(unreadable(each.cluster, str(each.result)))
        else:
            findings += [FleetFinding(each.cluster, finding) for finding in each.result]
    return FleetCheck(inventory, worst_first(findings), unchecked)


class _SnapshotReader:  # pylint: disable=too-few-public-methods
    """Read the snapshots of many clusters; safe to use from several threads."""

    def __init__(self, cli_ctx: AzCli) -> None:
        self._cli_ctx = cli_ctx
        self._lookups = SharedLookups(cli_ctx, partial(context_in, cli_ctx))
        self._client_of = ReadOnce(partial(managed_clusters_client, cli_ctx))

    def read(self, each: FleetCluster) -> Snapshot:
        """Return the snapshot of one cluster. Raise an azure-cli error if the cluster itself cannot be read."""
        subscription, lookups = each.subscription_id, self._lookups
        context = context_in(self._cli_ctx, subscription)
        cluster = ClusterReader(context, self._client_of(subscription), each.cluster.reference).read().cluster
        ids = list(cluster.profile.bindings())
        principal = cluster.principal_id
        found = lookups.identities(ids)
        roles = lookups.roles(ids, principal) if principal else {}
        return replace(
            assemble(cluster, lookups.feature(subscription), lookups.provider(subscription), found, roles),
            policies=or_unreadable(or_error(lookups.policies, each.id)) if needs_policies(cluster) else None,
            bindings=or_unreadable(or_error(self._bindings, context, cluster)),
            running_seconds=running_seconds(context, cluster),
        )

    def _bindings(self, context: AzCli, cluster: Cluster) -> tuple[BoundIdentity, ...]:
        """Return the identity bindings; none if workload identity, which they require, is disabled.

        The credentials of a managed identity are read only if its binding failed: they show why.
        """
        if not cluster.features.enabled:
            return ()
        found = IdentityBindings(context, cluster.reference, Deadline(WAIT_LIMIT)).read_if_supported()
        look_up = self._lookups.bound_identity
        return tuple(BoundIdentity(each, look_up(each.resource_id, with_credentials=each.failed)) for each in found)
