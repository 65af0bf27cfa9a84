# SPDX-License-Identifier: MIT
"""The results of a manifest on many clusters, and their report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from azext_podidentity.fleet.inventory import FleetCluster
from azext_podidentity.fleet.markdown import cell, code_block, table
from azext_podidentity.manifest.apply_plan import ApplyPlan
from azext_podidentity.manifest.patch import patch
from azext_podidentity.manifest.selector import ClusterSelector
from azext_podidentity.profile.text import count_of

# The states of a cluster in the order of the summary. A dry run has WouldChange instead of Changed.
CHANGED, WOULD_CHANGE, UP_TO_DATE = "Changed", "WouldChange", "UpToDate"
FAILED, INTERRUPTED, NOT_STARTED = "Failed", "Interrupted", "NotStarted"
_WORDS = {
    CHANGED: "changed",
    WOULD_CHANGE: "would change",
    UP_TO_DATE: "already up to date",
    FAILED: "failed",
    INTERRUPTED: "interrupted",
    NOT_STARTED: "not started",
}


@dataclass(frozen=True)
class ClusterResult:
    """The result of one cluster. The plan is None if the cluster could not be read; the error is None on success.

    steps: the recommendations for the error.
    """

    cluster: FleetCluster
    state: str
    plan: ApplyPlan | None = None
    error: str | None = None
    steps: tuple[str, ...] = ()

    @property
    def incomplete(self) -> bool:
        """Return whether the cluster differs from the manifest, or may differ."""
        return self.state in (FAILED, INTERRUPTED, NOT_STARTED)

    def to_json(self) -> dict[str, Any]:
        """Return the row of the command's result; without a plan, its lists are empty."""
        lists: dict[str, Any] = {"added": [], "changed": [], "removed": [], "unchanged": []}
        return {
            "cluster": self.cluster.name,
            "clusterId": self.cluster.id,
            "state": self.state,
            "error": self.error,
            "recommendation": "\n".join(self.steps) or None,
            **(self.plan.to_json() if self.plan else lists),
        }


def select(clusters: Iterable[FleetCluster], selectors: Sequence[ClusterSelector]) -> list[FleetCluster]:
    """Return the clusters that any of the selectors matches."""
    return [each for each in clusters if any(_selects(selector, each) for selector in selectors)]


def unmatched(clusters: Sequence[FleetCluster], selectors: Iterable[ClusterSelector]) -> list[ClusterSelector]:
    """Return the selectors that match no cluster, for example because of a wrong name."""
    return [selector for selector in selectors if not any(_selects(selector, each) for each in clusters)]


def _selects(selector: ClusterSelector, cluster: FleetCluster) -> bool:
    subscriptions = (cluster.subscription_name, cluster.subscription_id)
    return selector.matches(cluster.name, cluster.cluster.reference.resource_group, subscriptions, cluster.tags)


def summary(results: Sequence[ClusterResult]) -> str:
    """Return one sentence with the number of clusters in each state."""
    return summary_of([each.state for each in results])


def summary_of(states: Sequence[str]) -> str:
    """Return the sentence for clusters with these states."""
    counts = ", ".join(f"{states.count(state)} {word}" for state, word in _WORDS.items() if state in states)
    return f"{count_of(len(states), 'cluster')}: {counts}."


def patch_of(result: ClusterResult) -> str:
    """Return the changes as a patch, empty if there are none."""
    return patch(result.plan.before, result.plan.wanted, result.cluster.name) if result.plan else ""


def apply_report(results: Sequence[ClusterResult]) -> str:
    """Return the Markdown report: counts, a row per cluster, and the patches. It has no date.

    Clusters whose patches differ only in the name share one block.
    """
    rows = [(each.cluster.name, each.cluster.subscription_name, each.state, *_counts(each)) for each in results]
    header = ("Cluster", "Subscription", "State", "Added", "Changed", "Removed", "Unchanged", "Error")
    parts = ["# Changes of pod identities\n", f"{summary(results)}\n", table(header, rows)]
    by_patch: dict[str, list[ClusterResult]] = defaultdict(list)
    for each in results:
        if text := patch_of(each):
            by_patch[text.split("\n", 2)[2]].append(each)
    for same in by_patch.values():
        names = ", ".join(f"`{each.cluster.name}`" for each in same)
        parts += [f"## {names}\n", code_block(patch_of(same[0]), "diff")]
    return "\n".join(parts)


def patch_report(plan: ApplyPlan, cluster_name: str) -> str:
    """Return the Markdown report of one cluster: the description of the changes, and the patch."""
    text = patch(plan.before, plan.wanted, cluster_name)
    parts = [f"# Changes of pod identities on cluster {cell(cluster_name)}\n", code_block(plan.describe(cluster_name))]
    return "\n".join([*parts, *([code_block(text, "diff")] if text else [])])


def _counts(result: ClusterResult) -> tuple[object, ...]:
    row = result.to_json()
    return (*(len(row[change]) for change in ("added", "changed", "removed", "unchanged")), result.error or "")
