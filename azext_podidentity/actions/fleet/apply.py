# SPDX-License-Identifier: MIT
"""Apply one manifest to many clusters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from azure.cli.core.azclierror import AzCLIError, ManualInterrupt, ValidationError
from knack.log import get_logger

from azext_podidentity.actions.apply import ApplyOptions, apply_plan, plan_changes
from azext_podidentity.actions.fleet.parallel import PARALLEL, TIMEOUT, Outcome, context_in, on_each
from azext_podidentity.arm.clients import managed_clusters_client
from azext_podidentity.arm.cluster_writer import ClusterWriter
from azext_podidentity.cli.cluster_progress import cluster_progress
from azext_podidentity.cli.interruption import Note, begin_notes, close_notes
from azext_podidentity.fleet.apply_results import (
    CHANGED,
    FAILED,
    INTERRUPTED,
    NOT_STARTED,
    UP_TO_DATE,
    WOULD_CHANGE,
    ClusterResult,
    select,
    unmatched,
)
from azext_podidentity.fleet.inventory import FleetCluster, Inventory
from azext_podidentity.manifest.apply_plan import ApplyPlan
from azext_podidentity.manifest.parser import Manifest
from azext_podidentity.profile.text import count_of, printable, some_of

if TYPE_CHECKING:
    from azure.cli.core import AzCli

    from azext_podidentity.profile.cluster_reference import ClusterReference

logger = get_logger(__name__)

# The maximum number of cluster names in a question.
_NAMES = 10


def apply_to_clusters(
    cli_ctx: AzCli,
    manifest: Manifest,
    inventory: Inventory,
    options: ApplyOptions,
    ask: Callable[[str, str, str], None],
) -> list[ClusterResult]:
    """Apply the manifest to the clusters that its selectors match, in one write per cluster that differs.

    1. Select the clusters, and plan the changes of all of them. Stop here in a dry run, or after Ctrl-C.
    2. If entries are to be removed, call `ask` once with the message, the question and the options that avoid it; it
       raises if the user declines.
    3. Change the clusters that differ, several at the same time, and grant missing roles on all. What fails on one does
       not end the others.

    Repeating the command continues where it stopped, because clusters that are up to date are not written. A selector
    that matches nothing is a warning. Raise ValidationError if no cluster is selected.
    """
    clusters = select(inventory.clusters, manifest.clusters)
    if not clusters:
        found = count_of(len(inventory.clusters), "cluster")
        raise ValidationError(
            f"None of {found} matches the clusters of the manifest.",
            ["To list the clusters, run:", "az aks pod-identity list-clusters --include-disabled --output table"],
        )
    for selector in unmatched(inventory.clusters, manifest.clusters):
        logger.warning("No cluster matches this item of 'clusters': %s", printable(str(selector)))
    run = _Run(cli_ctx, manifest, options)
    planned = run.plan(clusters)
    if options.dry_run or any(isinstance(each.result, ManualInterrupt) for each in planned):
        return [_planned(each) for each in planned]
    # Roles can be missing even if no entry differs, for example after the cluster identity was replaced.
    plans = {
        each.cluster.id: each.result
        for each in planned
        if isinstance(each.result, ApplyPlan) and (each.result.difference or not options.skip_role_assignment)
    }
    _ask_to_remove(clusters, plans, ask)
    applied = {each.cluster.id: each for each in run.apply([each for each in clusters if each.id in plans], plans)}
    return [applied.get(each.cluster.id) or _planned(each) for each in planned]


class _Run:
    """The work on each cluster, which has its own context and client."""

    def __init__(self, cli_ctx: AzCli, manifest: Manifest, options: ApplyOptions) -> None:
        self._cli_ctx = cli_ctx
        self._manifest = manifest
        self._options = options

    def plan(self, clusters: Sequence[FleetCluster]) -> list[Outcome[ApplyPlan]]:
        """Return the plan of each cluster, or an error if planning takes too long. Nothing is changed."""

        def plan(cluster: FleetCluster) -> ApplyPlan:
            context, writer = self._writer(cluster)
            return plan_changes(
                context,
                writer,
                self._manifest,
                prune=self._options.prune,
                dry_run=True,
                skip_role_assignment=self._options.skip_role_assignment or not self._options.dry_run,
            )

        with cluster_progress(self._cli_ctx, "Planning changes", len(clusters)) as progress:
            return on_each(
                clusters,
                plan,
                lambda each: "differs" if each else "is up to date",
                progress,
                parallel=self._options.parallel or PARALLEL,
                limit=self._options.timeout or TIMEOUT,
            )

    def apply(self, clusters: Sequence[FleetCluster], plans: Mapping[str, ApplyPlan]) -> list[ClusterResult]:
        """Apply the plans, and return the result of each cluster."""

        def apply(cluster: FleetCluster) -> ApplyPlan:
            context, writer = self._writer(cluster)
            apply_plan(
                context,
                writer,
                plans[cluster.id],
                skip_role_assignment=self._options.skip_role_assignment,
                headers=self._options.headers,
                no_wait=self._options.no_wait,
            )
            return plans[cluster.id]

        with cluster_progress(self._cli_ctx, "Changing clusters", len(clusters)) as progress:
            at_once = self._options.parallel or PARALLEL
            outcomes = on_each(clusters, apply, _describe, progress, parallel=at_once)
        interrupted = any(isinstance(each.result, ManualInterrupt) for each in outcomes)
        notes = close_notes(self._cli_ctx) if interrupted else {}
        return [_applied(each, plans[each.cluster.id], notes) for each in outcomes]

    def _writer(self, cluster: FleetCluster) -> tuple[AzCli, ClusterWriter]:
        context = context_in(self._cli_ctx, cluster.subscription_id)
        client = managed_clusters_client(context, cluster.subscription_id)
        reference = cluster.cluster.reference
        begin_notes(context, reference)
        return context, ClusterWriter(context, client, reference, self._options.timeout)


def _applied(outcome: Outcome[ApplyPlan], plan: ApplyPlan, notes: Mapping[ClusterReference, Note]) -> ClusterResult:
    error = outcome.result
    if not isinstance(error, AzCLIError):
        return ClusterResult(outcome.cluster, CHANGED if plan.difference else UP_TO_DATE, plan)
    if not isinstance(error, ManualInterrupt):
        return ClusterResult(outcome.cluster, FAILED, plan, str(error), tuple(error.recommendations))
    if not outcome.started:
        return ClusterResult(outcome.cluster, NOT_STARTED, plan, str(error))
    message, advice = notes.get(outcome.cluster.cluster.reference) or (str(error), None)
    return ClusterResult(outcome.cluster, INTERRUPTED, plan, message, tuple(advice or ()))


def _planned(outcome: Outcome[ApplyPlan]) -> ClusterResult:
    """Return the result of a cluster that was not changed."""
    plan = outcome.result
    if isinstance(plan, ManualInterrupt):
        return ClusterResult(outcome.cluster, NOT_STARTED, error=str(plan))
    if isinstance(plan, AzCLIError):
        return ClusterResult(outcome.cluster, FAILED, error=str(plan), steps=tuple(plan.recommendations))
    return ClusterResult(outcome.cluster, WOULD_CHANGE if plan else UP_TO_DATE, plan)


def _describe(plan: ApplyPlan) -> str:
    """Return the outcome of a plan that was applied, for the progress."""
    return "changed" if plan.difference else "is up to date"


def _ask_to_remove(
    clusters: Iterable[FleetCluster], plans: Mapping[str, ApplyPlan], ask: Callable[[str, str, str], None]
) -> None:
    names = [each.name for each in clusters if each.id in plans and plans[each.id].removals]
    if not names:
        return
    entries = count_of(sum(len(each.removals) for each in plans.values()), "entry", "entries")
    ask(
        f"--prune removes {entries} from {count_of(len(names), 'cluster')}: {some_of(names, _NAMES)}",
        "Apply these changes?",
        "Pass --yes to apply the changes, --dry-run to see them, or omit --prune to keep the entries.",
    )
