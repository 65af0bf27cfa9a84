# SPDX-License-Identifier: MIT
"""The handlers of commands over many clusters. Each imports its use case when it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from knack.log import get_logger

if TYPE_CHECKING:
    from azure.cli.core.commands import AzCliCommand

    from azext_podidentity.actions.fleet.apply import ApplyOptions
    from azext_podidentity.actions.fleet.inventory import Scope
    from azext_podidentity.manifest.parser import Manifest

logger = get_logger(__name__)


def list_clusters(
    cmd: AzCliCommand,
    subscriptions: list[str] | None = None,
    management_group: str | None = None,
    include_disabled: bool = False,
) -> list[dict[str, Any]]:
    """Return a row for each cluster with the add-on enabled, or for all clusters."""
    from azext_podidentity.actions.fleet.inventory import Scope, fail_if_unreadable, read_inventory
    from azext_podidentity.cli.after_output import warn_after_output

    inventory = read_inventory(cmd.cli_ctx, Scope(tuple(subscriptions or ()), management_group))
    warn_after_output(cmd.cli_ctx, inventory.summary(), last=True)
    fail_if_unreadable(cmd.cli_ctx, inventory)
    return inventory.rows(include_disabled=include_disabled)


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
    from azext_podidentity.actions.fleet.inventory import fail_if_unreadable, read_inventory
    from azext_podidentity.cli.after_output import fail_on_changes, fail_partial, warn_after_output
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
        fail_partial(
            cmd.cli_ctx, f"{summary(results)} To continue, run the same command again.", len(failed) == len(results)
        )
    else:
        warn_after_output(cmd.cli_ctx, summary(results), last=True)
    fail_if_unreadable(cmd.cli_ctx, inventory)
    if options.dry_run and at_terminal(cmd.cli_ctx):
        texts = [each.plan.describe(each.cluster.name) for each in results if each.plan is not None]
        print_text(cmd.cli_ctx, color_difference(cmd.cli_ctx, "\n".join(texts)) + "\n")
        return None
    return [each.to_json() for each in results]
