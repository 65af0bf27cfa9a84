# SPDX-License-Identifier: MIT
"""Apply a manifest to the clusters that it selects, and report the results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from knack.log import get_logger

from azext_podidentity.actions.fleet.apply import apply_to_clusters
from azext_podidentity.actions.fleet.inventory import Scope, fail_if_unreadable, read_inventory
from azext_podidentity.cli.after_output import fail_on_changes, fail_partial, warn_after_output
from azext_podidentity.cli.interaction import confirm
from azext_podidentity.cli.output_format import at_terminal
from azext_podidentity.cli.report_file import write_report
from azext_podidentity.cli.standard_output import print_difference
from azext_podidentity.fleet.apply_results import ClusterResult, apply_report, summary
from azext_podidentity.profile.cluster_reference import resolve_cluster

if TYPE_CHECKING:
    from azure.cli.core import AzCli

    from azext_podidentity.actions.apply import ApplyOptions
    from azext_podidentity.manifest.parser import Manifest

logger = get_logger(__name__)


def apply_to_selected(
    cli_ctx: AzCli, manifest: Manifest, scope: Scope, options: ApplyOptions
) -> list[dict[str, Any]] | None:
    """Apply the manifest to the clusters of the scope that it selects, and return a row for each of them.

    Return None if the plans were printed. Clusters on which that failed are an error after the output. Raise an
    azure-cli error if the manifest selects no cluster or the user declines the removal of entries.
    """
    if not manifest.clusters:
        resolve_cluster(None, None, None)  # raises, because neither the command line nor the files name clusters

    def ask(message: str, question: str, recommendation: str) -> None:
        if not options.yes:
            confirm(message, question, recommendation)

    inventory = read_inventory(cli_ctx, scope)
    results = apply_to_clusters(cli_ctx, manifest, inventory, options, ask)
    if options.report:
        write_report(cli_ctx, options.report, apply_report(results))
    changing = [each for each in results if each.plan]
    if options.fail_on_change and changing:
        fail_on_changes(cli_ctx, *(each.cluster.cluster.reference for each in changing))
    _summarize(cli_ctx, results)
    fail_if_unreadable(cli_ctx, inventory)
    if options.dry_run and at_terminal(cli_ctx):
        texts = [each.plan.describe(each.cluster.name) for each in results if each.plan is not None]
        print_difference(cli_ctx, "\n".join(texts))
        return None
    return [each.to_json() for each in results]


def _summarize(cli_ctx: AzCli, results: Sequence[ClusterResult]) -> None:
    """Log the error of each cluster, and the summary after the output, as an error if clusters are incomplete."""
    failed = [each for each in results if each.incomplete]
    for each in failed:
        logger.warning("%s", "\n".join([f"Cluster '{each.cluster.name}': {each.error}", *each.steps]))
    if failed:
        message = f"{summary(results)} To continue, run the same command again."
        fail_partial(cli_ctx, message, len(failed) == len(results))
    else:
        warn_after_output(cli_ctx, summary(results), last=True)
