# SPDX-License-Identifier: MIT
"""Parallel work on many clusters: bounded, ordered and independent."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from threading import Barrier, Event
from types import FrameType, SimpleNamespace
from typing import Any

import pytest
from azure.cli.core.azclierror import AzCLIError, ForbiddenError, ManualInterrupt
from knack.util import CLIError

from azext_podidentity.actions.fleet.parallel import Outcome, context_in, on_each
from azext_podidentity.arm.concurrency import ReadOnce
from azext_podidentity.cli.cluster_progress import ClusterProgress, cluster_progress
from azext_podidentity.cli.progress import progress_bar
from azext_podidentity.fleet.inventory import FleetCluster
from tests.support.fleet import SUBSCRIPTION, fleet_cluster

NAMES = [f"cluster{number}" for number in range(6)]
CLUSTERS = [fleet_cluster(name) for name in NAMES]


def run(do: Callable[[FleetCluster], str], **options: Any) -> list[Outcome[str]]:
    progress = ClusterProgress("Working", len(CLUSTERS), None, shown=True)
    return on_each(CLUSTERS, do, str.upper, progress, **options)


def test_outcomes_keep_order_and_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    assert [each.result for each in run(lambda cluster: cluster.name)] == NAMES
    assert sorted(record.getMessage().partition(": cluster")[2] for record in caplog.records) == [
        f"{number}: CLUSTER{number}" for number in range(6)
    ]
    assert caplog.records[-1].getMessage().startswith("Working: 6 of 6: ")


def test_error_on_cluster_does_not_affect_others() -> None:
    def work(cluster: FleetCluster) -> str:
        if cluster.name == "cluster2":
            raise ForbiddenError("No.")
        if cluster.name == "cluster3":
            raise CLIError("Not so.")
        return "done"

    results = [each.result for each in run(work)]
    assert [each for each in results if each == "done"] == ["done"] * 4
    assert [(type(each).__name__, str(each)) for each in results if isinstance(each, AzCLIError)] == [
        ("ForbiddenError", "No."),
        ("UnclassifiedUserFault", "Not so."),
    ]


def test_parallelism_is_bounded() -> None:
    together, lock = [0, 0], threading.Lock()
    barrier = Barrier(3)

    def work(_: FleetCluster) -> str:
        with lock:
            together[0] += 1
            together[1] = max(together)
        barrier.wait(10)
        with lock:
            together[0] -= 1
        return ""

    run(work, parallel=3)
    assert together == [0, 3]


def test_hanging_cluster_times_out() -> None:
    release = Event()

    def work(cluster: FleetCluster) -> str:
        return "late" if cluster.name == "cluster0" and release.wait(30) else "done"

    results = [each.result for each in run(work, parallel=1, limit=0.1)]
    release.set()
    assert "timed out after 0 seconds" in str(results[0])
    assert results[1:] == ["done"] * 5


def test_interrupt_keeps_finished_results() -> None:
    release = Event()

    class Interrupted(ClusterProgress):
        def update(self, current: Any) -> None:
            if self._done == 2:
                raise KeyboardInterrupt

    def work(cluster: FleetCluster) -> str:
        return "late" if cluster.name == "cluster2" and release.wait(30) else "done"

    outcomes = on_each(CLUSTERS, work, str, Interrupted("Working", 6, None, shown=False), parallel=1)
    release.set()
    assert [each.result for each in outcomes[:2]] == ["done"] * 2
    assert all(isinstance(each.result, ManualInterrupt) for each in outcomes[2:])
    assert [each.started for each in outcomes] == [True] * 3 + [False] * 3


def lines_until_interrupt(count: int) -> Callable[[FrameType, str, Any], Any]:
    """Return a trace function that presses Ctrl-C at the given line that `on_each` runs, counted from 1."""
    left = [count]

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code is not on_each.__code__:
            return None
        if event == "line":
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
        return trace

    return trace


def test_interrupt_at_any_line() -> None:
    tracing = sys.gettrace()
    complete = 0
    for count in range(9, 200):
        sys.settrace(lines_until_interrupt(count))
        try:
            outcomes = run(lambda cluster: cluster.name, parallel=2)
        except KeyboardInterrupt:
            # The line was one of those after the loop: everything is finished, and az itself reports the Ctrl-C.
            break
        finally:
            sys.settrace(tracing)
        assert [each.cluster.name for each in outcomes] == NAMES
        assert all(each.started for each in outcomes if not isinstance(each.result, ManualInterrupt))
        complete += 1
    assert complete > 20


def test_unexpected_error_does_not_affect_others() -> None:
    results = [each.result for each in run(lambda cluster: str(1 // int(cluster.name[-1])))]
    assert str(results[0]).startswith("Unexpected error: ZeroDivisionError: ")
    assert results[1] == "1"


def test_context_has_own_subscription_and_no_progress() -> None:
    az: Any = SimpleNamespace(
        data={"subscription_id": "another", "kept": 1},
        only_show_errors=False,
        config=SimpleNamespace(getboolean=lambda *_: False),
    )
    context = context_in(az, SUBSCRIPTION)
    assert (context.data["subscription_id"], context.data["kept"]) == (SUBSCRIPTION, 1)
    assert az.data["subscription_id"] == "another"
    assert progress_bar(az, "Waiting") is not None
    assert progress_bar(context, "Waiting") is None


def test_only_show_errors_hides_progress(caplog: pytest.LogCaptureFixture) -> None:
    az: Any = SimpleNamespace(data={}, only_show_errors=True)
    with cluster_progress(az, "Working", 1) as progress:
        progress.finish("one", "done")
    assert caplog.records == []


def test_once_reads_value_once_across_threads() -> None:
    read: list[str] = []
    started = Barrier(4)

    def get() -> None:
        started.wait(10)
        values.append(once("Key"))

    once, values = ReadOnce(lambda key: read.append(key) or len(read)), list[int]()  # type: ignore[func-returns-value]
    threads = [threading.Thread(target=get) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (values, once("KEY"), len(read)) == ([1] * 4, 1, 1)
