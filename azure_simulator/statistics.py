# SPDX-License-Identifier: MIT
"""Counts of the requests in a log."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from azure_simulator.request_log import LoggedRequest
from azure_simulator.resource_ids import CLUSTER_TYPE

_CLUSTER_PATH = re.compile(rf"/providers/{CLUSTER_TYPE}/[^/]+$", re.IGNORECASE)


@dataclass(frozen=True)
class Statistics:
    """Counts of requests: all, reads and writes of clusters, refusals with 429, and those sent too early.

    `early`: requests that a command sent before the end of the Retry-After of a 429 that it had received.
    """

    requests: int
    cluster_reads: int
    cluster_writes: int
    throttled: int
    early: int

    @classmethod
    def of(cls, requests: Iterable[LoggedRequest]) -> Statistics:
        """Return the counts of these requests."""
        logged = list(requests)
        of_clusters = [each.method for each in logged if _CLUSTER_PATH.search(each.path)]
        return cls(
            requests=len(logged),
            cluster_reads=of_clusters.count("GET"),
            cluster_writes=of_clusters.count("PUT"),
            throttled=sum(each.status == 429 for each in logged),
            early=sum(each.early for each in logged),
        )


class RetryAfterWatch:
    """A detector of requests that a client sends before the end of a Retry-After.

    A client is one command: `az` sends the same `x-ms-client-request-id` with all requests of a command. Requests that
    were on their way when the 429 was sent are not early.
    """

    def __init__(self) -> None:
        self._waits: dict[tuple[str, str, str], tuple[float, float]] = {}

    def is_early(self, client: str, method: str, path: str, sent: float) -> bool:
        """Return whether a request that arrived at the clock reading `sent` ignores a Retry-After."""
        refused, until = self._waits.get((client, method, path.lower()), (sent, sent))
        return refused < sent < until

    def add(self, client: str, method: str, path: str, now: float, seconds: float) -> None:
        """Remember a 429 that asked the client to wait."""
        self._waits[client, method, path.lower()] = now, now + seconds
