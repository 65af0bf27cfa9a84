# SPDX-License-Identifier: MIT
"""Do the same on many clusters, several at the same time; what fails on one does not end the others."""

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
# Clusters at the same time, by default.
PARALLEL = 8
# Seconds to read what is needed of one cluster, by default.
TIMEOUT = 120
# Seconds between two turns of the progress.
_TURN = 0.25


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """What came of one cluster: the result, or the error. `begun` is whether work on it had begun."""

    cluster: FleetCluster
    result: Result | AzCLIError
    begun: bool = True


@dataclass
class _Job(Generic[Result]):
    cluster: FleetCluster
    future: Future[Result]
    started: float


def context_in(cli_ctx: AzCli, subscription_id: str) -> AzCli:
    """Return a context of az in that subscription that shows no progress of its own, as az makes one per --ids job."""
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

    One that takes longer than `limit` seconds is given up. After Ctrl-C no more is begun, and those that are not
    finished end with ManualInterrupt. `describe` says in a few words how a cluster ended. Even an error that nobody
    expects is the outcome of its cluster only: the results of the others, which may be changed already, are not lost.
    """
    waiting, running = deque(clusters), list[_Job[Result]]()
    begun = set[str]()
    outcomes: dict[str, Outcome[Result]] = {}

    def finish(cluster: FleetCluster, result: Result | AzCLIError) -> None:
        outcomes[cluster.id] = Outcome(cluster, result, cluster.id in begun)
        failed = isinstance(result, AzCLIError)
        progress.finish(cluster.name, "failed" if failed else describe(result))

    try:
        while waiting or running:
            while waiting and len(running) < parallel:
                cluster = waiting.popleft()
                begun.add(cluster.id)
                running.append(_Job(cluster, begin(do, cluster), time.monotonic()))
            progress.turn([job.cluster.name for job in running])
            wait([job.future for job in running], timeout=_TURN, return_when=FIRST_COMPLETED)
            for job in list(running):
                if job.future.done():
                    running.remove(job)
                    finish(job.cluster, _result(job.future))
                elif time.monotonic() - job.started > limit:
                    running.remove(job)
                    finish(job.cluster, _hangs(job.cluster, limit))
    except KeyboardInterrupt:
        # It may come between any two steps above, so what is unfinished is not read from `waiting` and `running`.
        for cluster in clusters:
            if cluster.id not in outcomes:
                finish(cluster, _interrupted(cluster, begun=cluster.id in begun))
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


def _interrupted(cluster: FleetCluster, *, begun: bool) -> AzCLIError:
    return ManualInterrupt(f"Interrupted. Cluster '{cluster.name}' was not {'finished' if begun else 'started'}.")


def _hangs(cluster: FleetCluster, seconds: float) -> AzCLIError:
    return AzureResponseError(
        f"Cluster '{cluster.name}' was given up after {seconds:.0f} seconds without an answer.",
        "To wait longer, pass a larger value for --timeout.",
    )
