# SPDX-License-Identifier: MIT
"""The handler of `az aks pod-identity migrate`. It imports the use case of each action when it runs."""

# az passes the options of a command by name.
# pylint: disable=too-many-positional-arguments

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from knack.log import get_logger

if TYPE_CHECKING:
    from azure.cli.core.commands import AzCliCommand
    from azure.mgmt.containerservice.operations import ManagedClustersOperations

    from azext_podidentity.actions.migration.context import Outcome
    from azext_podidentity.migration.steps import Target

logger = get_logger(__name__)


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
        from azext_podidentity.custom_fleet import migration_of_all_clusters

        return migration_of_all_clusters(cmd, subscriptions, management_group, parallel, report, contexts=kube_context)
    from azext_podidentity.actions.migration.context import MigrationContext
    from azext_podidentity.actions.workload_source import WorkloadSource, load
    from azext_podidentity.arm.cluster_writer import ClusterWriter
    from azext_podidentity.cli.interaction import confirm
    from azext_podidentity.cli.target import cluster_reference
    from azext_podidentity.migration.steps import ONE_STEP, PREPARE, REMOVE_LABELS, Options

    def ask(message: str) -> None:
        if not yes:
            confirm(message, "Continue?", "Pass --yes to continue without confirmation.")

    reference = cluster_reference(cmd, resource_group_name, cluster_name)
    writer = ClusterWriter(cmd.cli_ctx, client, reference)
    context = MigrationContext(cmd.cli_ctx, writer, reference, ask, aks_custom_headers)
    if undo:
        from azext_podidentity.actions.migration.undo import undo_migration

        return _shown(cmd, undo_migration(context, issuer))
    from azext_podidentity.actions.migration.plan import check_output_dir, show_plan

    if output_dir is not None:
        check_output_dir(output_dir)
    source = WorkloadSource(tuple(workloads or ()), kube_context, run_command, default_namespace)
    loaded = load(cmd.cli_ctx, client, writer, source, must_be_cluster=finish and not force)
    if status:
        from azext_podidentity.actions.migration.status import show_status

        return _shown(cmd, show_status(context, loaded))
    if finish:
        from azext_podidentity.actions.migration.finish import finish_migration

        return _shown(cmd, finish_migration(context, loaded, source, force=force, asks=not yes))
    stage = REMOVE_LABELS if remove_labels else ONE_STEP if one_step else PREPARE
    options = Options(
        stage,
        None if proxy_sidecar is None else tuple(proxy_sidecar),
        new_service_accounts,
        target=target,
        identities=tuple(identities or ()),
        arguments=source.arguments,
    )
    if approve:
        from azext_podidentity.actions.migration.approve import approve_plan

        return _shown(cmd, approve_plan(context, loaded, options, source, output_dir))
    return _shown(cmd, show_plan(context, loaded, options, source, output_dir))


def _shown(cmd: AzCliCommand, outcome: Outcome) -> Any:
    """Return the result of an action, log its warnings, and report its error after the output."""
    from azext_podidentity.cli.after_output import fail_after_output
    from azext_podidentity.profile.text import printable

    for warning in outcome.warnings:
        logger.warning("%s", printable(warning))
    if outcome.error:
        fail_after_output(cmd.cli_ctx, outcome.error)
    return outcome.result
