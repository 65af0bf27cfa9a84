# SPDX-License-Identifier: MIT
"""The handler of `az aks pod-identity check`, which imports its use case when it runs."""

# az passes the options of a command by name.
# pylint: disable=too-many-positional-arguments

from __future__ import annotations

from typing import TYPE_CHECKING

from knack.log import get_logger

if TYPE_CHECKING:
    from azure.cli.core.commands import AzCliCommand
    from azure.mgmt.containerservice.operations import ManagedClustersOperations

    from azext_podidentity.actions.workload_source import WorkloadSource
    from azext_podidentity.arm.cluster_writer import ClusterWriter
    from azext_podidentity.arm.managed_clusters import ClusterReader
    from azext_podidentity.checks.finding import Finding
    from azext_podidentity.profile.entries import EntryKey

logger = get_logger(__name__)

Printed = list[dict[str, str | None]]


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
) -> Printed:
    """Return the findings, most severe first, or the steps of a pod, as JSON objects.

    Their commands are printed below a table.
    """
    if all_clusters:
        from azext_podidentity.actions.fleet.check import FleetCheckOptions, report_check
        from azext_podidentity.actions.fleet.inventory import Scope

        scope = Scope(tuple(subscriptions or ()), management_group)
        options = FleetCheckOptions(fail_on, parallel, cluster_timeout, report)
        return [each.to_json() for each in report_check(cmd.cli_ctx, scope, options)]
    from azext_podidentity.arm.managed_clusters import ClusterReader
    from azext_podidentity.cli.target import cluster_reference

    if repair:
        from azext_podidentity.arm.cluster_writer import ClusterWriter

        writer = ClusterWriter(cmd.cli_ctx, client, cluster_reference(cmd, resource_group_name, cluster_name))
        planned = _repair(cmd, writer, dry_run=dry_run, yes=yes)
        if dry_run:
            return _report_findings(cmd, planned, None)
    reader = ClusterReader(cmd.cli_ctx, client, cluster_reference(cmd, resource_group_name, cluster_name))
    source = None
    if workloads or kube_context or run_command or pod:
        from azext_podidentity.actions.workload_source import WorkloadSource

        source = WorkloadSource(tuple(workloads or ()), kube_context, run_command, default_namespace)
    if pod and source:
        return _follow_pod(cmd, client, reader, source, pod, fail_on)
    return _report_findings(cmd, _find_problems(cmd, client, reader, source), fail_on)


def _repair(cmd: AzCliCommand, writer: ClusterWriter, *, dry_run: bool, yes: bool) -> list[Finding]:
    """Show and carry out the safe repairs, and return the findings that they fix.

    A dry run only returns the findings. Raise an azure-cli error if the user declines.
    """
    from azext_podidentity.actions.check import read_snapshot
    from azext_podidentity.checks.repair_plan import plan_repairs

    snapshot = read_snapshot(cmd.cli_ctx, writer)
    plan = plan_repairs(snapshot)
    if not plan.findings:
        logger.warning("None of the findings can be repaired automatically.")
    elif not dry_run:
        from azext_podidentity.actions.repair import run_repairs
        from azext_podidentity.checks.finding import suggested_commands
        from azext_podidentity.cli.interaction import confirm

        shown = (
            f"The repair of cluster '{writer.reference.name}' does the same as these commands, with at most one update "
            f"of the cluster:\n\n{suggested_commands(plan.findings)}\n"
        )
        if yes:
            logger.warning(shown)
        else:
            confirm(shown, "Repair the cluster?", "Pass --yes to repair it without confirmation.")
        run_repairs(cmd.cli_ctx, writer, plan, snapshot)
    return list(plan.findings)


def _find_problems(
    cmd: AzCliCommand, client: ManagedClustersOperations, reader: ClusterReader, source: WorkloadSource | None
) -> list[Finding]:
    if source is None:
        from azext_podidentity.actions import check

        return check.find_problems(cmd.cli_ctx, reader)
    from azext_podidentity.actions import pod_check

    return pod_check.find_problems(cmd.cli_ctx, client, reader, source)


def _report_findings(cmd: AzCliCommand, findings: list[Finding], fail_on: str | None) -> Printed:
    from azext_podidentity.checks.finding import at_or_above, suggested_commands
    from azext_podidentity.cli.after_output import fail_after_output, fail_on_error, print_after_table

    print_after_table(cmd.cli_ctx, "Suggested commands:", suggested_commands(findings))
    if fail_on and (bad := at_or_above(findings, fail_on)):
        fail_after_output(cmd.cli_ctx, fail_on_error(fail_on, len(bad), len(findings)))
    return [finding.to_json() for finding in findings]


def _follow_pod(
    cmd: AzCliCommand,
    client: ManagedClustersOperations,
    reader: ClusterReader,
    source: WorkloadSource,
    pod: EntryKey,
    fail_on: str | None,
) -> Printed:
    from azure.cli.core.azclierror import ValidationError

    from azext_podidentity.actions import pod_chain
    from azext_podidentity.cli.after_output import fail_after_output, print_after_table

    steps = pod_chain.follow(cmd.cli_ctx, client, reader, source, pod)
    result = steps[-1]
    print_after_table(cmd.cli_ctx, "Suggested commands:", result.command or "")
    if fail_on and result.state in (("Error", "Warning") if fail_on == "warning" else ("Error",)):
        fail_after_output(cmd.cli_ctx, ValidationError(result.detail, "Fix the problem and run the check again."))
    return [step.to_json() for step in steps]
