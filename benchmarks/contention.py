# SPDX-License-Identifier: MIT
"""Run many adds on one cluster within Azure's limits, with real durations on a simulated clock: about 5 minutes.

Operations take 81 s, roles 5 to 35 s until the service knows of them; AKS accepts 20 writes of a cluster at once and
then one a minute, and 60 reads and then one a second. Every command is a real az, forked from one that has imported its
modules. What they wait takes no time, what they compute does: run this on a machine that has nothing else to do.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from azure_simulator import Durations, Simulator
from azure_simulator.clock import PROPAGATION_SEEN
from azure_simulator.shared_clock import SharedClock
from benchmarks.cloud import OPERATION
from benchmarks.command import CLUSTER, GROUP, IDENTITY_GROUP, add_arguments
from benchmarks.figures import Figure
from development.console import note
from development.paths import NEWEST
from development.session import sign_in
from tests.support.azure_cli import Result
from tests.support.forked_az import ForkedAz

SECTION = "Adds against Azure's limits, simulated time"
# What docs/performance.md shows of each case.
SHOWN = ("failed", "cluster writes", "429 answers", "times the operations")
# Seconds of the machine's clock.
_PATIENCE = 1800


@dataclass(frozen=True)
class Case:
    """A number of adds, one after the other or at once, and the bounds of their costs.

    operation: the seconds of each. granted: whether the roles exist. times, writes, throttled: the bounds of the time
    relative to the operations one after the other, of cluster writes and of 429 answers; None if there is none.
    """

    adds: int
    at_once: bool
    etags: bool = True
    operation: float = OPERATION
    granted: bool = False
    times: float | None = None
    writes: int | None = None
    throttled: int | None = None

    def __str__(self) -> str:
        how = "at once" if self.at_once else "in a row"
        roles = "roles exist" if self.granted else "new roles"
        etags = "" if self.etags else ", no ETags"
        return f"{self.adds} {how}, operations of {self.operation:.0f} s, {roles}{etags}"


IN_A_ROW = Case(10, at_once=False, writes=30, throttled=0)
AT_ONCE = Case(20, at_once=True, times=1.10, writes=45)
CASES = (
    IN_A_ROW,
    Case(10, at_once=False, etags=False, writes=30, throttled=0),
    AT_ONCE,
    Case(20, at_once=True, etags=False, times=1.10, writes=45),
    Case(10, at_once=True, operation=6, granted=True, times=1.6, writes=22),
    Case(10, at_once=True, operation=6, granted=True, etags=False, times=1.6, writes=22),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--seed", type=int, default=1, help="the seed of the random durations of roles")
    parser.add_argument("--cases", type=int, nargs="+", default=range(len(CASES)), help="only these, counted from 0")


def measure(options: argparse.Namespace) -> Iterator[Figure]:
    """Yield what each case costs: failures, early requests, writes, 429 answers, requests and time."""
    with (
        tempfile.TemporaryDirectory(prefix="podidentity-") as folder,
        SharedClock() as clock,
        Simulator(clock=clock, random_seed=options.seed) as simulator,
        ForkedAz(NEWEST, sign_in(simulator, Path(folder), NEWEST.extension_directory)) as az,
    ):
        az.clock = clock
        for number in options.cases:
            yield from _measure(CASES[number], simulator, az, clock)


def _measure(case: Case, simulator: Simulator, az: ForkedAz, clock: SharedClock) -> Iterator[Figure]:
    lines = _seed(case, simulator)
    started = clock.now()
    results = az.together(*lines, seconds=_PATIENCE) if case.at_once else [az(line) for line in lines]
    took, statistics = clock.now() - started, simulator.statistics
    failed = _failed(case, results)
    values: tuple[tuple[str, float, str, float | None], ...] = (
        ("failed", failed, "", 0),
        ("requests before their Retry-After was over", statistics.early, "", 0),
        ("cluster writes", statistics.cluster_writes, "", case.writes),
        ("429 answers", statistics.throttled, "", case.throttled),
        ("requests", statistics.requests, "", None),
        ("until the last one ended", took, "s", None),
        ("times the operations", took / (case.adds * case.operation), "", case.times),
    )
    for subject, value, unit, bound in values:
        yield Figure(SECTION, str(case), subject, value, unit, 1, bound)


def _seed(case: Case, simulator: Simulator) -> list[str]:
    """Create the cluster and the managed identities, and return the command lines."""
    simulator.reset()
    simulator.settings.etags = case.etags
    simulator.durations = Durations(
        pod_identity=case.operation, update=case.operation, role_propagation=PROPAGATION_SEEN
    )
    cluster = simulator.seed.cluster(GROUP, CLUSTER, pod_identity=True)
    names = [f"entry-{number}" for number in range(case.adds)]
    ids = [str(simulator.seed.managed_identity(IDENTITY_GROUP, name)["id"]) for name in names]
    for resource_id in ids if case.granted else ():
        simulator.seed.role_assignment(resource_id, cluster["identity"]["principalId"])
    simulator.requests.clear()
    return [" ".join(add_arguments(name, resource_id)) for name, resource_id in zip(names, ids, strict=True)]


def _failed(case: Case, results: list[Result]) -> int:
    failed = [result for result in results if result.exit_code]
    for result in failed:
        note(f"{case}: {result.stderr}")
    return len(failed)
