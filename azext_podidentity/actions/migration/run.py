# SPDX-License-Identifier: MIT
"""Run one action of a migration on a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from azext_podidentity.actions.migration.context import MigrationContext
from azext_podidentity.actions.workload_source import WorkloadSource, load
from azext_podidentity.arm.cluster_writer import ClusterWriter
from azext_podidentity.cli.interaction import confirm
from azext_podidentity.migration.steps import Options

if TYPE_CHECKING:
    from azure.cli.core import AzCli
    from azure.mgmt.containerservice.operations import ManagedClustersOperations

    from azext_podidentity.cli.outcome import Outcome
    from azext_podidentity.profile.cluster_reference import ClusterReference

Action = Literal["Plan", "Approve", "Status", "Finish", "Undo"]


@dataclass(frozen=True)
class MigrationRequest:  # pylint: disable=too-many-instance-attributes
    """The action and the options of the command line.

    `issuer`: the only issuer whose credentials an undo removes. `force`: finish although workloads are not ready.
    `yes`: ask no questions. `headers` are sent with every write of the cluster.
    """

    action: Action
    source: WorkloadSource
    options: Options
    output_dir: str | None = None
    issuer: str | None = None
    force: bool = False
    yes: bool = False
    headers: Mapping[str, str] | None = None


def select_action(*, approve: bool, status: bool, finish: bool, undo: bool) -> Action:
    """Return the action of the flags, which exclude each other; without one, it is the plan."""
    if undo:
        return "Undo"
    if status:
        return "Status"
    if finish:
        return "Finish"
    return "Approve" if approve else "Plan"


def migrate_cluster(
    cli_ctx: AzCli, client: ManagedClustersOperations, reference: ClusterReference, request: MigrationRequest
) -> Outcome:
    """Run the action, and return its outcome. Only the modules of this action are imported.

    Raise an azure-cli error if the workloads cannot be read, the user declines or the action fails.
    """

    def ask(message: str) -> None:
        if not request.yes:
            confirm(message, "Continue?", "Pass --yes to continue without confirmation.")

    writer = ClusterWriter(cli_ctx, client, reference)
    context = MigrationContext(cli_ctx, writer, reference, ask, request.headers)
    if request.action == "Undo":
        from azext_podidentity.actions.migration.undo import undo_migration

        return undo_migration(context, request.issuer)
    return _run_on_workloads(context, client, request)


def _run_on_workloads(
    context: MigrationContext, client: ManagedClustersOperations, request: MigrationRequest
) -> Outcome:
    """Check the output folder, read the workloads, and run an action that needs them."""
    from azext_podidentity.actions.migration.plan import check_output_dir, show_plan

    source, options, output_dir = request.source, request.options, request.output_dir
    if output_dir is not None:
        check_output_dir(output_dir)
    verifies = request.action == "Finish" and not request.force
    loaded = load(context.cli_ctx, client, context.writer, source, must_be_cluster=verifies)
    if request.action == "Status":
        from azext_podidentity.actions.migration.status import show_status

        return show_status(context, loaded)
    if request.action == "Finish":
        from azext_podidentity.actions.migration.finish import finish_migration

        return finish_migration(context, loaded, source, force=request.force, asks=not request.yes)
    if request.action == "Approve":
        from azext_podidentity.actions.migration.approve import approve_plan

        return approve_plan(context, loaded, options, source, output_dir)
    return show_plan(context, loaded, options, source, output_dir)
