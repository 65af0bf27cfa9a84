# SPDX-License-Identifier: MIT
"""The handlers of commands over many clusters. Each imports its use case when it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from knack.log import get_logger

if TYPE_CHECKING:
    from azure.cli.core.commands import AzCliCommand

    from azext_podidentity.actions.fleet.apply import ApplyOptions
    from azext_podidentity.actions.fleet.inventory import Scope
    from azext_podidentity.fleet.inventory import Inventory
    from azext_podidentity.manifest.parser import Manifest

logger = get_logger(__name__)


def list_clusters(
    cmd: AzCliCommand,
    subscriptions: list[str] | None = None,
    management_group: str | None = None,
    include_disabled: bool = False,
) -> list[dict[str, Any]]:
    """Return a row for each cluster with the add-on enabled, or for all clusters."""
    from azext_podidentity.actions.fleet.inventory import Scope, read_inventory
    from azext_podidentity.cli.after_output import warn_after_output

    inventory = read_inventory(cmd.cli_ctx, Scope(tuple(subscriptions or ()), management_group))
    warn_after_output(cmd.cli_ctx, inventory.summary(), last=True)
    _fail_if_unreadable(cmd, inventory)
    return inventory.rows(include_disabled=include_disabled)


def check_all_clusters(
    cmd: AzCliCommand,
    subscriptions: list[str] | None,
    management_group: str | None,
    fail_on: str | None,
    *,
    parallel: int | None,
    timeout: int | None,
    report: str | None,
) -> list[dict[str, str | None]]:
    """Return the findings on all clusters as JSON objects, most severe first, and write the report."""
    from azext_podidentity.actions.fleet.check import check_clusters
    from azext_podidentity.actions.fleet.inventory import Scope
    from azext_podidentity.actions.fleet.parallel import PARALLEL
    from azext_podidentity.checks.finding import at_or_above
    from azext_podidentity.cli.after_output import (
        fail_after_output,
        fail_on_error,
        print_after_table,
        warn_after_output,
    )
    from azext_podidentity.cli.report_file import write_report
    from azext_podidentity.fleet.check_report import check_report
    from azext_podidentity.fleet.findings import suggested_commands
    from azext_podidentity.profile.text import count_of

    scope = Scope(tuple(subscriptions or ()), management_group)
    checked = check_clusters(cmd.cli_ctx, scope, parallel=parallel or PARALLEL, timeout=timeout)
    if report:
        write_report(cmd.cli_ctx, report, check_report(checked.inventory, checked.findings))
    warn_after_output(cmd.cli_ctx, checked.inventory.summary(), last=True)
    print_after_table(cmd.cli_ctx, "Suggested commands:", suggested_commands(checked.findings))
    if fail_on and (bad := at_or_above([each.finding for each in checked.findings], fail_on)):
        fail_after_output(cmd.cli_ctx, fail_on_error(fail_on, len(bad), len(checked.findings)))
    if checked.unchecked:
        _fail_partial(cmd, f"{count_of(checked.unchecked, 'cluster')} could not be checked.")
    _fail_if_unreadable(cmd, checked.inventory)
    return [each.to_json() for each in checked.findings]


def migration_of_all_clusters(
    cmd: AzCliCommand,
    subscriptions: list[str] | None,
    management_group: str | None,
    parallel: int | None,
    report: str | None,
    *,
    contexts: str | None,
) -> list[dict[str, Any]]:
    """Return a row with the state of the migration of each cluster, and write the report."""
    from azext_podidentity.actions.fleet.inventory import Scope
    from azext_podidentity.actions.fleet.migration_status import read_migration
    from azext_podidentity.actions.fleet.parallel import PARALLEL
    from azext_podidentity.cli.after_output import warn_after_output
    from azext_podidentity.cli.report_file import write_report
    from azext_podidentity.fleet.migration_status import UNKNOWN, migration_report, summary
    from azext_podidentity.fleet.workload_progress import workload_summary
    from azext_podidentity.profile.text import count_of

    scope = Scope(tuple(subscriptions or ()), management_group)
    inventory, clusters, limits = read_migration(cmd.cli_ctx, scope, parallel or PARALLEL, contexts)
    total = len(inventory.clusters)
    if report:
        write_report(cmd.cli_ctx, report, migration_report(clusters, total, limits))
    warn_after_output(cmd.cli_ctx, summary(clusters, total))
    for limit in limits:
        warn_after_output(cmd.cli_ctx, str(limit))
    progress = [each.workloads for each in clusters if each.workloads]
    if progress:
        warn_after_output(cmd.cli_ctx, workload_summary(progress), last=True)
    if failed := sum(each.failed for each in progress):
        _fail_partial(cmd, f"The workloads of {count_of(failed, 'cluster')} could not be read.")
    if unknown := sum(each.state == UNKNOWN for each in clusters):
        _fail_partial(cmd, f"{count_of(unknown, 'cluster')} could not be read completely.", unknown == len(clusters))
    _fail_if_unreadable(cmd, inventory)
    return [each.to_json() for each in clusters]


def apply_to_selected(
    cmd: AzCliCommand,
    manifest: Manifest,
    scope: Scope,
    options: ApplyOptions,
    *,
    yes: bool,
    fail_on_change: bool,
    report: str | None,
) -> list[dict[str, Any]] | None:
    """Apply the manifest to the clusters that it selects, and return a row for each of them."""
    from azext_podidentity.actions.fleet.apply import apply_to_clusters
    from azext_podidentity.actions.fleet.inventory import read_inventory
    from azext_podidentity.cli.after_output import fail_on_changes, warn_after_output
    from azext_podidentity.cli.interaction import confirm
    from azext_podidentity.cli.output_format import at_terminal, color_difference
    from azext_podidentity.cli.report_file import write_report
    from azext_podidentity.cli.standard_output import print_text
    from azext_podidentity.fleet.apply_results import apply_report, summary
    from azext_podidentity.profile.cluster_reference import resolve_cluster

    if not manifest.clusters:
        resolve_cluster(None, None, None)  # raises, because neither the command line nor the files name clusters

    def ask(message: str, question: str, recommendation: str) -> None:
        if not yes:
            confirm(message, question, recommendation)

    inventory = read_inventory(cmd.cli_ctx, scope)
    results = apply_to_clusters(cmd.cli_ctx, manifest, inventory, options, ask)
    if report:
        write_report(cmd.cli_ctx, report, apply_report(results))
    changing = [each for each in results if each.plan]
    if fail_on_change and changing:
        fail_on_changes(cmd.cli_ctx, *(each.cluster.cluster.reference for each in changing))
    failed = [each for each in results if each.incomplete]
    for each in failed:
        logger.warning("%s", "\n".join([f"Cluster '{each.cluster.name}': {each.error}", *each.steps]))
    if failed:
        _fail_partial(cmd, f"{summary(results)} To continue, run the same command again.", len(failed) == len(results))
    else:
        warn_after_output(cmd.cli_ctx, summary(results), last=True)
    _fail_if_unreadable(cmd, inventory)
    if options.dry_run and at_terminal(cmd.cli_ctx):
        texts = [each.plan.describe(each.cluster.name) for each in results if each.plan is not None]
        print_text(cmd.cli_ctx, color_difference(cmd.cli_ctx, "\n".join(texts)) + "\n")
        return None
    return [each.to_json() for each in results]


def _fail_if_unreadable(cmd: AzCliCommand, inventory: Inventory) -> None:
    """Make az end with the exit code of a partial result if subscriptions could not be read."""
    from azext_podidentity.profile.text import count_of

    if inventory.unreadable:
        _fail_partial(cmd, f"{count_of(len(inventory.unreadable), 'subscription')} cannot be read.")


def _fail_partial(cmd: AzCliCommand, message: str, nothing: bool = False) -> None:
    """Make az report a partial result and end with its exit code, or with 1 if there is no result at all."""
    from azure.cli.core.azclierror import AzureResponseError

    from azext_podidentity.cli.after_output import ERROR, PARTIAL, fail_after_output

    prefix = "" if nothing else "Partial result: "
    fail_after_output(cmd.cli_ctx, AzureResponseError(f"{prefix}{message}"), ERROR if nothing else PARTIAL)
