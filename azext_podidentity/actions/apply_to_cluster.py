# SPDX-License-Identifier: MIT
"""Apply a manifest to the cluster of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from knack.log import get_logger

from azext_podidentity.actions.apply import ApplyOptions, apply_plan, plan_changes
from azext_podidentity.actions.fleet.outcome import ClusterOutcome
from azext_podidentity.arm.cluster_writer import ClusterWriter
from azext_podidentity.cli.after_output import fail_on_changes
from azext_podidentity.cli.interaction import confirm
from azext_podidentity.cli.output_format import at_terminal
from azext_podidentity.cli.standard_output import print_difference
from azext_podidentity.fleet.apply_results import CHANGED, UP_TO_DATE, WOULD_CHANGE

if TYPE_CHECKING:
    from azure.cli.core import AzCli
    from azure.mgmt.containerservice.operations import ManagedClustersOperations

    from azext_podidentity.manifest.apply_plan import ApplyPlan
    from azext_podidentity.manifest.parser import Manifest
    from azext_podidentity.profile.cluster_reference import ClusterReference

logger = get_logger(__name__)
Changes = dict[str, list[dict[str, Any]]]


def apply_to_cluster(
    cli_ctx: AzCli,
    client: ManagedClustersOperations,
    reference: ClusterReference,
    manifest: Manifest,
    options: ApplyOptions,
) -> Changes | None:
    """Plan the changes, apply them unless it is a dry run, and return the entries that they add, change and remove.

    Return None if the plan was printed. Raise the errors of `plan_changes` and `apply_plan`, and an azure-cli error if
    the user declines the removal of entries.
    """
    with ClusterOutcome(cli_ctx, reference, options.report) as outcome:
        writer = ClusterWriter(cli_ctx, client, reference, options.timeout)
        skips_roles = options.skip_role_assignment
        plan = plan_changes(
            cli_ctx, writer, manifest, prune=options.prune, dry_run=options.dry_run, skip_role_assignment=skips_roles
        )
        outcome.planned(plan)
        if options.fail_on_change and plan:
            fail_on_changes(cli_ctx, reference)
        # Roles can be missing even if no entry differs, for example after the cluster identity was replaced.
        if options.dry_run or (skips_roles and not plan.difference):
            outcome.ended(WOULD_CHANGE if options.dry_run and plan else UP_TO_DATE)
            return _show_plan(cli_ctx, plan, reference.name, dry_run=options.dry_run)
        if plan.removals and not options.yes:
            confirm(*plan.question(reference.name))
        roles = apply_plan(
            cli_ctx,
            writer,
            plan,
            skip_role_assignment=skips_roles,
            headers=options.headers,
            no_wait=options.no_wait,
        )
        outcome.ended(CHANGED if plan.difference else UP_TO_DATE)
    return plan.to_json([each.to_json() for each in roles])


def _show_plan(cli_ctx: AzCli, plan: ApplyPlan, cluster_name: str, *, dry_run: bool) -> Changes | None:
    """Print the plan of a dry run at a terminal, else log it and return it."""
    text = plan.describe(cluster_name)
    if dry_run and at_terminal(cli_ctx):
        print_difference(cli_ctx, text)
        return None
    logger.warning(text)
    return plan.to_json()
