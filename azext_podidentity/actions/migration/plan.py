# SPDX-License-Identifier: MIT
"""Plan a migration and write the files of its Kubernetes side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azext_podidentity.actions.migration.context import MigrationContext
from azext_podidentity.cli.outcome import Outcome
from azext_podidentity.kubernetes import writer
from azext_podidentity.migration.binding_options import check_options, reads_bindings
from azext_podidentity.migration.inventory import DEFAULT_NAMESPACE, Inventory
from azext_podidentity.migration.output_files import render
from azext_podidentity.migration.plan import needed_identities, plan_migration
from azext_podidentity.migration.report import plan_report

if TYPE_CHECKING:
    from azext_podidentity.actions.workload_source import WorkloadSource
    from azext_podidentity.kubernetes.sources import Loaded
    from azext_podidentity.migration.steps import MigrationPlan, Options
    from azext_podidentity.profile.cluster import Cluster


def check_output_dir(folder: str) -> None:
    """Raise InvalidArgumentValueError if the files of a plan cannot be written to the folder."""
    writer.check_folder(folder)


def show_plan(
    context: MigrationContext, loaded: Loaded, options: Options, source: WorkloadSource, output_dir: str | None
) -> Outcome:
    """Return the plan, and write its files if a folder is given. Nothing is changed in Azure."""
    planned = make_plan(context, context.writer.read().cluster, loaded.inventory, options)
    files, warnings = write(planned, loaded, source, output_dir)
    return Outcome(plan_report(planned, files=files), tuple(warnings))


def make_plan(context: MigrationContext, cluster: Cluster, inventory: Inventory, options: Options) -> MigrationPlan:
    """Return the plan for the current state of the managed identities that the workloads use.

    Raise an azure-cli error if the cluster does not support the options, or something cannot be read.
    """
    check_options(cluster, inventory, options)
    bindings = context.bindings.read() if reads_bindings(inventory, options) else ()
    lookups = context.credentials.read(needed_identities(cluster.profile, inventory))
    return plan_migration(cluster, inventory, lookups, options, bindings)


def write(
    planned: MigrationPlan, loaded: Loaded, source: WorkloadSource, output_dir: str | None
) -> tuple[list[str], list[str]]:
    """Write the files of the plan if a folder is given. Return their paths, and warnings that say how to apply them."""
    if output_dir is None:
        return [], []
    namespace = None if source.namespace == DEFAULT_NAMESPACE else source.namespace
    output = render(planned, loaded.inventory, namespace, source.context)
    files = writer.write_files(output, loaded, output_dir)
    if not files:
        return [], ["Nothing to write: no workload needs a change."]
    command = writer.apply_command(output, output_dir, source.context)
    warnings = [f"Files written. To apply them, run: {command}"]
    if not planned.approved:
        warnings.insert(
            0,
            "Run the command with --approve first: without their credentials or bindings, pods get no tokens.",
        )
    return files, warnings
