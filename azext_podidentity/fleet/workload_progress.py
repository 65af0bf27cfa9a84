# SPDX-License-Identifier: MIT
"""The status of workloads in the migration of many clusters, read with kubectl contexts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from azext_podidentity.fleet.inventory import FleetCluster


@dataclass(frozen=True)
class WorkloadProgress:
    """The number of workloads of a cluster in each state of `migrate --status`.

    context: the kubectl context, None if none matches the cluster. reason: why the workloads were not read, None if
    they were.
    """

    context: str | None = None
    labelled: int = 0
    ready: int = 0
    not_ready: int = 0
    stale_pods: int = 0
    reason: str | None = None

    @property
    def left(self) -> int:
        """Return the number of users of pod identity that are not ready."""
        return self.labelled + self.not_ready + self.stale_pods

    @property
    def ready_to_finish(self) -> bool:
        """Return whether the workloads were read and all of them are ready."""
        return self.reason is None and not self.left

    @property
    def failed(self) -> bool:
        """Return whether the context could not be read."""
        return self.context is not None and self.reason is not None

    def counts(self) -> dict[str, int | None]:
        """Return the counts of the states, None for those of a cluster that was not read."""
        counts = {
            "labelled": self.labelled,
            "ready": self.ready,
            "notReady": self.not_ready,
            "stalePods": self.stale_pods,
        }
        return {key: None if self.reason else count for key, count in counts.items()}

    def to_json(self) -> dict[str, Any]:
        """Return the members of the cluster's row."""
        return {"context": self.context, **self.counts(), "workloadsReason": self.reason}


NOT_REQUESTED: Mapping[str, Any] = dict.fromkeys(WorkloadProgress().to_json())


def match_contexts(servers: Mapping[str, str | None], clusters: Sequence[FleetCluster]) -> dict[str, str]:
    """Return the context of each cluster, by resource ID in lower case. The first of several contexts counts.

    servers: the host name of the API server of each context. It decides which cluster a context is. One with an unknown
    address, for example that of a proxy, is the only cluster with the name of the context, which is what
    `az aks get-credentials` gives it.
    """
    by_address = {server.lower(): each for each in clusters for server in each.cluster.api_servers}
    names = Counter(each.name.lower() for each in clusters)
    by_name = {each.name.lower(): each for each in clusters if names[each.name.lower()] == 1}
    found: dict[str, str] = {}
    for by_server in (True, False):
        for context, server in servers.items():
            at_address = by_address.get((server or "").lower())
            cluster = at_address if by_server else None if at_address else by_name.get(context.lower())
            if cluster is not None:
                found.setdefault(cluster.id.lower(), context)
    return found


def workload_summary(progress: Iterable[WorkloadProgress]) -> str:
    """Return one sentence with the counts of all clusters, and of those whose workloads were not read."""
    every = list(progress)
    read = [each for each in every if each.reason is None]
    return (
        f"Workloads of {len(read)} of {len(every)} clusters were read: {sum(each.labelled for each in read)} Labelled, "
        f"{sum(each.ready for each in read)} Ready, {sum(each.not_ready for each in read)} NotReady, "
        f"{sum(each.stale_pods for each in read)} StalePod."
    )
