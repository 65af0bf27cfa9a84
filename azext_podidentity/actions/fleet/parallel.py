# SPDX-License-Identifier: MIT
"""Run a function on many clusters in parallel; an error on one cluster does not end the others."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from copy import copy
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Generic, TypeVar

from azure.cli.core.azclierror import (
    AzCLIError,
    AzureResponseError,
    CLIInternalError,
    ManualInterrupt,
    UnclassifiedUserFault,
)
from knack.log import get_logger
from knack.util import CLIError

from azext_podidentity.arm.concurrency import begin
from azext_podidentity.cli.cluster_progress import ClusterProgress
from azext_podidentity.cli.progress import QUIET
from azext_podidentity.fleet.inventory import FleetCluster

if TYPE_CHECKING:
    from azure.cli.core import AzCli

logger = get_logger(__name__)
Result = TypeVar("Result")
# The default of --parallel: the number of clusters to work on at the same time.
PARALLEL = 8
# The default timeout in seconds to read one cluster.
TIMEOUT = 120
# Seconds between two updates of the progress.
_UPDATE_INTERVAL = 0.25


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """The result of one cluster, or its error. `started` is whether work on it had started."""

    cluster: FleetCluster
    result: Result | AzCLIError
    started: bool = True


@dataclass
class _Job(Generic[Result]):
    cluster: FleetCluster
    future: Future[Result]
    started: float


def context_in(cli_ctx: AzCli, subscription_id: str) -> AzCli:
    """Return an az context for the subscription that shows no progress, like the one az creates per job of --ids."""
    context = copy(cli_ctx)
    context.data = {**cli_ctx.data, "subscription_id": subscription_id, QUIET: True}
    return context


def on_each(
    clusters: Sequence[FleetCluster],
    do: Callable[[FleetCluster], Result],
    describe: Callable[[Result], str],
    progress: ClusterProgress,
    *,
    parallel: int = PARALLEL,
    limit: float = inf,
) -> list[Outcome[Result]]:
    """Return the outcome of each cluster in their order; at most `parallel` are worked on at the same time.

    A cluster that takes longer than `limit` seconds is abandoned. After Ctrl-C, no more work is started, and unfinished
    clusters get a ManualInterrupt error. `describe` returns a short text about a result for the progress. An
    unexpected error also affects its cluster only, because the results of the others must not be lost.
    """
    waiting, running = deque(clusters), list[_Job[Result]]()
    started = set[str]()
    outcomes: dict[str, Outcome[Result]] = {}

    def finish(cluster: FleetCluster, result: Result | AzCLIError) -> None:
        outcomes[cluster.id] = Outcome(cluster, result, cluster.id in started)
        failed = isinstance(result, AzCLIError)
        progress.finish(cluster.name, "failed" if failed else describe(result))

    try:
        while waiting or running:
            while waiting and len(running) < parallel:
                cluster = waiting.popleft()
                started.add(cluster.id)
                running.append(_Job(cluster, begin(do, cluster), time.monotonic()))
            progress.update([job.cluster.name for job in running])
            wait([job.future for job in running], timeout=_UPDATE_INTERVAL, return_when=FIRST_COMPLETED)
            for job in list(running):
                if job.future.done():
                    running.remove(job)
                    finish(job.cluster, _result(job.future))
                elif time.monotonic() - job.started > limit:
                    running.remove(job)
                    finish(job.cluster, _hangs(job.cluster, limit))
    except KeyboardInterrupt:
        # It can occur between any two steps above, so `waiting` and `running` may be inconsistent.
        for cluster in clusters:
            if cluster.id not in outcomes:
                finish(cluster, _interrupted(cluster, started=cluster.id in started))
    return [outcomes[each.id] for each in clusters]


def _result(future: Future[Result]) -> Result | AzCLIError:
    try:
        return future.result()
    except AzCLIError as error:
        return error
    except CLIError as error:
        return UnclassifiedUserFault(str(error))
    except Exception as error:  # pylint: disable=broad-exception-caught
        logger.debug("An unexpected error on one cluster", exc_info=True)
        return CLIInternalError(f"Unexpected error: {type(error).__name__}: {error}")


def _interrupted(cluster: FleetCluster, *, started: bool) -> AzCLIError:
    return ManualInterrupt(f"Interrupted. Cluster '{cluster.name}' was not {'finished' if started else 'started'}.")


def _hangs(cluster: FleetCluster, seconds: float) -> AzCLIError:
    return AzureResponseError(
        f"Cluster '{cluster.name}' timed out after {seconds:.0f} seconds.",
        "To wait longer, pass a larger value for --timeout.",
    )
