# SPDX-License-Identifier: MIT
"""Check or repair the cluster of the command line. What only some options need is imported when they are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from knack.log import get_logger

from azext_podidentity.arm.managed_clusters import ClusterReader
from azext_podidentity.checks.finding import Finding, at_or_above, suggested_commands
from azext_podidentity.cli.after_output import fail_after_output, fail_on_error, print_after_table

if TYPE_CHECKING:
    from azure.cli.core import AzCli
    from azure.mgmt.containerservice.operations import ManagedClustersOperations

    from azext_podidentity.actions.workload_source import WorkloadSource
    from azext_podidentity.arm.cluster_writer import ClusterWriter
    from azext_podidentity.pod_checks.step import Step
    from azext_podidentity.profile.cluster_reference import ClusterReference
    from azext_podidentity.profile.entries import EntryKey

logger = get_logger(__name__)


@dataclass(frozen=True)
class CheckOptions:
    """What is checked on a cluster.

    fail_on: the severity from which findings are an error. source: the source of Kubernetes objects, None to check only
    what Azure knows. pod: the pod to follow, which requires a source. repair: repair the cluster first; dry_run: only
    return what would be repaired; yes: repair without a question.
    """

    fail_on: str | None = None
    source: WorkloadSource | None = None
    pod: EntryKey | None = None
    repair: bool = False
    dry_run: bool = False
    yes: bool = False


def check_cluster(
    cli_ctx: AzCli, client: ManagedClustersOperations, reference: ClusterReference, options: CheckOptions
) -> list[Finding] | list[Step]:
    """Return the findings, most severe first, or the steps of a pod. Their commands are printed below a table.

    `fail_on` is an error after the output. Raise an azure-cli error if the cluster or the source cannot be read, the
    user declines the repair or a step of it is refused.
    """
    if options.repair:
        from azext_podidentity.arm.cluster_writer import ClusterWriter

        writer = ClusterWriter(cli_ctx, client, reference)
        planned = _repair(cli_ctx, writer, dry_run=options.dry_run, yes=options.yes)
        if options.dry_run:
            return _report_findings(cli_ctx, planned, None)
    reader = ClusterReader(cli_ctx, client, reference)
    source = options.source
    if options.pod and source:
        from azext_podidentity.actions import pod_chain

        return _report_steps(cli_ctx, pod_chain.follow(cli_ctx, client, reader, source, options.pod), options.fail_on)
    return _report_findings(cli_ctx, _find_problems(cli_ctx, client, reader, source), options.fail_on)


def _repair(cli_ctx: AzCli, writer: ClusterWriter, *, dry_run: bool, yes: bool) -> list[Finding]:
    """Show and carry out the safe repairs, and return the findings that they fix.

    A dry run only returns the findings. Raise an azure-cli error if the user declines.
    """
    from azext_podidentity.actions.check import read_snapshot
    from azext_podidentity.checks.repair_plan import plan_repairs

    snapshot = read_snapshot(cli_ctx, writer)
    plan = plan_repairs(snapshot)
    if not plan.findings:
        logger.warning("None of the findings can be repaired automatically.")
    elif not dry_run:
        from azext_podidentity.actions.repair import run_repairs

        _confirm_repair(writer.reference.name, suggested_commands(plan.findings), yes=yes)
        run_repairs(cli_ctx, writer, plan, snapshot)
    return list(plan.findings)


def _confirm_repair(cluster_name: str, commands: str, *, yes: bool) -> None:
    """Show the commands, and ask the question unless `yes` is set. Raise an azure-cli error if the user declines."""
    from azext_podidentity.cli.interaction import confirm

    shown = (
        f"The repair of cluster '{cluster_name}' does the same as these commands, with at most one update "
        f"of the cluster:\n\n{commands}\n"
    )
    if yes:
        logger.warning(shown)
    else:
        confirm(shown, "Repair the cluster?", "Pass --yes to repair it without confirmation.")


def _find_problems(
    cli_ctx: AzCli, client: ManagedClustersOperations, reader: ClusterReader, source: WorkloadSource | None
) -> list[Finding]:
    if source is None:
        from azext_podidentity.actions import check

        return check.find_problems(cli_ctx, reader)
    from azext_podidentity.actions import pod_check

    return pod_check.find_problems(cli_ctx, client, reader, source)


def _report_findings(cli_ctx: AzCli, findings: list[Finding], fail_on: str | None) -> list[Finding]:
    print_after_table(cli_ctx, "Suggested commands:", suggested_commands(findings))
    if fail_on and (bad := at_or_above(findings, fail_on)):
        fail_after_output(cli_ctx, fail_on_error(fail_on, len(bad), len(findings)))
    return findings


def _report_steps(cli_ctx: AzCli, steps: list[Step], fail_on: str | None) -> list[Step]:
    from azure.cli.core.azclierror import ValidationError

    result = steps[-1]
    print_after_table(cli_ctx, "Suggested commands:", result.command or "")
    if fail_on and result.state in (("Error", "Warning") if fail_on == "warning" else ("Error",)):
        fail_after_output(cli_ctx, ValidationError(result.detail, "Fix the problem and run the check again."))
    return steps
