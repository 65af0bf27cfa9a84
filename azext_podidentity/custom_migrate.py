# SPDX-License-Identifier: MIT
"""The handler of `az aks pod-identity migrate`. It imports the use case of each action when it runs."""

# az passes the options of a command by name.
# pylint: disable=too-many-positional-arguments

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.cli.core.commands import AzCliCommand
    from azure.mgmt.containerservice.operations import ManagedClustersOperations

    from azext_podidentity.migration.steps import Target


def migrate_workloads(  # pylint: disable=too-many-locals
    cmd: AzCliCommand,
    client: ManagedClustersOperations,
    resource_group_name: str,
    cluster_name: str,
    workloads: list[str] | None = None,
    kube_context: str | None = None,
    run_command: bool = False,
    default_namespace: str = "default",
    approve: bool = False,
    status: bool = False,
    finish: bool = False,
    undo: bool = False,
    issuer: str | None = None,
    remove_labels: bool = False,
    one_step: bool = False,
    output_dir: str | None = None,
    proxy_sidecar: list[str] | None = None,
    new_service_accounts: bool = False,
    target: Target = "workload-identity",
    identities: list[str] | None = None,
    aks_custom_headers: dict[str, str] | None = None,
    force: bool = False,
    yes: bool = False,
    all_clusters: bool = False,
    subscriptions: list[str] | None = None,
    management_group: str | None = None,
    parallel: int | None = None,
    report: str | None = None,
) -> Any:
    """Return the plan of a migration, its status or the removed objects; with `all_clusters`, the status of each."""
    if all_clusters:
        from azext_podidentity.actions.fleet.inventory import Scope
        from azext_podidentity.actions.fleet.migration_status import FleetMigrationOptions, report_migration

        scope = Scope(tuple(subscriptions or ()), management_group)
        clusters = report_migration(cmd.cli_ctx, scope, FleetMigrationOptions(kube_context, parallel, report))
        return [each.to_json() for each in clusters]
    from azext_podidentity.actions.migration.run import MigrationRequest, migrate_cluster, select_action
    from azext_podidentity.actions.workload_source import WorkloadSource
    from azext_podidentity.cli.outcome import show_outcome
    from azext_podidentity.cli.target import cluster_reference
    from azext_podidentity.migration.steps import Options, stage_of

    source = WorkloadSource(tuple(workloads or ()), kube_context, run_command, default_namespace)
    stage = stage_of(remove_labels=remove_labels, one_step=one_step)
    sidecar = None if proxy_sidecar is None else tuple(proxy_sidecar)
    options = Options(stage, sidecar, new_service_accounts, target, tuple(identities or ()), source.arguments)
    action = select_action(approve=approve, status=status, finish=finish, undo=undo)
    request = MigrationRequest(action, source, options, output_dir, issuer, force, yes, aks_custom_headers)
    reference = cluster_reference(cmd, resource_group_name, cluster_name)
    return show_outcome(cmd.cli_ctx, migrate_cluster(cmd.cli_ctx, client, reference, request))
