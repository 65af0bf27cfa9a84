# SPDX-License-Identifier: MIT
"""The handler of `az aks pod-identity check`, which imports its use case when it runs."""

# az passes the options of a command by name.
# pylint: disable=too-many-positional-arguments

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.cli.core.commands import AzCliCommand
    from azure.mgmt.containerservice.operations import ManagedClustersOperations

    from azext_podidentity.profile.entries import EntryKey


def check_pod_identities(  # pylint: disable=too-many-locals
    cmd: AzCliCommand,
    client: ManagedClustersOperations,
    resource_group_name: str,
    cluster_name: str,
    fail_on: str | None = None,
    workloads: list[str] | None = None,
    kube_context: str | None = None,
    run_command: bool = False,
    default_namespace: str = "default",
    pod: EntryKey | None = None,
    repair: bool = False,
    dry_run: bool = False,
    yes: bool = False,
    all_clusters: bool = False,
    subscriptions: list[str] | None = None,
    management_group: str | None = None,
    parallel: int | None = None,
    cluster_timeout: int | None = None,
    report: str | None = None,
) -> list[dict[str, str | None]]:
    """Return the findings, most severe first, or the steps of a pod, as JSON objects.

    Their commands are printed below a table.
    """
    if all_clusters:
        from azext_podidentity.actions.fleet.check import FleetCheckOptions, report_check
        from azext_podidentity.actions.fleet.inventory import Scope

        scope = Scope(tuple(subscriptions or ()), management_group)
        fleet_options = FleetCheckOptions(fail_on, parallel, cluster_timeout, report)
        return [each.to_json() for each in report_check(cmd.cli_ctx, scope, fleet_options)]
    from azext_podidentity.actions.check_cluster import CheckOptions, check_cluster
    from azext_podidentity.cli.target import cluster_reference

    source = None
    if workloads or kube_context or run_command or pod:
        from azext_podidentity.actions.workload_source import WorkloadSource

        source = WorkloadSource(tuple(workloads or ()), kube_context, run_command, default_namespace)
    reference = cluster_reference(cmd, resource_group_name, cluster_name)
    options = CheckOptions(fail_on, source, pod, repair, dry_run, yes)
    return [each.to_json() for each in check_cluster(cmd.cli_ctx, client, reference, options)]
