# SPDX-License-Identifier: MIT
"""Note how `apply` ends on the cluster of the command line, which is one of several with `--ids`."""

from __future__ import annotations

from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING

from azure.cli.core.azclierror import AzCLIError
from knack.util import CLIError

from azext_podidentity.arm.subscriptions import known_subscriptions
from azext_podidentity.cli.after_output import count_after_output
from azext_podidentity.cli.report_file import write_report
from azext_podidentity.fleet.apply_results import (
    FAILED,
    INTERRUPTED,
    ClusterResult,
    apply_report,
    patch_report,
    summary_of,
)
from azext_podidentity.fleet.inventory import FleetCluster
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import Profile

if TYPE_CHECKING:
    from azure.cli.core import AzCli

    from azext_podidentity.manifest.apply_plan import ApplyPlan
    from azext_podidentity.profile.cluster_reference import ClusterReference

_KEY = "pod_identity_apply_report"
_LOCK = Lock()


class ClusterOutcome:
    """Count the outcome for the summary, and keep the report of all clusters up to date.

    Enter it before the cluster is read, and call `planned` and `ended`. An error or Ctrl-C in the block is an outcome
    too. report: the path of `--report`, None without it.
    """

    def __init__(self, cli_ctx: AzCli, reference: ClusterReference, report: str | None) -> None:
        self._cli_ctx = cli_ctx
        self._reference = reference
        self._report = report
        self._plan: ApplyPlan | None = None

    def __enter__(self) -> ClusterOutcome:
        """Count the cluster as failed until `ended` is called."""
        count_after_output(self._cli_ctx, self._reference, FAILED, summary_of)
        return self

    def planned(self, plan: ApplyPlan) -> None:
        """Note the plan. If nothing follows, the change was interrupted."""
        self._plan = plan
        self._note(INTERRUPTED)

    def ended(self, state: str) -> None:
        """Note the state in which the cluster ended."""
        count_after_output(self._cli_ctx, self._reference, state, summary_of)
        self._note(state)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Note the error of the block."""
        if isinstance(error, CLIError):
            steps = tuple(error.recommendations) if isinstance(error, AzCLIError) else ()
            self._note(FAILED, str(error), steps)
        elif error is not None:
            self._note(INTERRUPTED if isinstance(error, KeyboardInterrupt) else FAILED, str(error) or None)

    def _note(self, state: str, error: str | None = None, steps: tuple[str, ...] = ()) -> None:
        """Write the report again, with this result of the cluster."""
        if self._report is None:
            return
        result = ClusterResult(self._cluster(), state, self._plan, error, steps)
        with _LOCK:
            noted: dict[ClusterReference, ClusterResult] = self._cli_ctx.invocation.data.setdefault(_KEY, {})
            noted[self._reference] = result
            results = sorted(noted.values(), key=lambda each: (each.cluster.subscription_name, each.cluster.name))
            plan = result.plan if len(results) == 1 and error is None else None
            text = patch_report(plan, self._reference.name) if plan else apply_report(results)
            write_report(self._cli_ctx, self._report, text)

    def _cluster(self) -> FleetCluster:
        """Return the cluster with the name of its subscription, the current one if the command line has none."""
        known = known_subscriptions(self._cli_ctx)
        named = self._reference.subscription or known[0].id
        subscription = next((each.name for each in known if each.id.lower() == named.lower()), named)
        return FleetCluster(Cluster(self._reference, Profile()), subscription)
