# SPDX-License-Identifier: MIT
"""Measure adding one pod identity, and lists of them, with the durations of the real service: about 4 minutes.

The clock is the real one. Operations take 71 to 91 s (median 81 s) and roles propagate in 5 to 35 s (median 20 s), both
evenly spaced over the runs. A request takes 60 ms, and the service sends no Retry-After. All runs are parallel, each
with a separate simulated Azure, and az is started at intervals, so that starts do not slow each other down. The service
minimum is measured with a client that sends only the required requests and knows when the service is done. The client
with fixed 30-second waits sends the same requests, waits 30 s after a grant, and polls the operation every 30 s. The
times of both clients do not include the start-up of az.

It is unknown whether AKS adds 200 managed identities in one request: a scale set accepts 150. Therefore, the longest
list is also applied to a service that accepts 150 in one request, which takes two operations.

The rates of Azure hold, and every case counts its writes of the cluster and its 429 answers. `./benchmarks/run
contention` measures 10 adds in a row and 20 at once.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

from azure_simulator.settings import SCALE_SET_LIMIT
from azure_simulator.statistics import Statistics
from benchmarks.clients import FIXED, Client, knowing
from benchmarks.cloud import LATENCY, Cloud, Times, cloud, spread
from benchmarks.command import CLUSTER, add_arguments, apply_arguments, run_az
from benchmarks.figures import Figure, median
from development.paths import NEWEST
from development.session import sign_in

ONE, MANY = "One add", "A list"
FLOOR, FIXED_WAITS, ADD, APPLY, ADDS = (
    "service minimum",
    "client with fixed 30-second waits",
    "az … add",
    "az … apply",
    "one add per pod identity (calculated)",
)
TIMES = "times the service minimum"
SENT = ("writes of the cluster", "429 answers, most", "requests")
_SIZES = (1, 10, 40, 200)
# By whether the roles exist.
_ADD_BOUNDS, _APPLY_BOUNDS, _WRITES_BOUNDS = {True: 1.04, False: 1.07}, {True: 1.05, False: 1.12}, {True: 1, False: 3}
_READS_BOUND = 12
# Seconds between two starts of az: more than one start takes on one core.
_INTERVAL = 2.5

Work = Callable[[], object]


@dataclass(frozen=True)
class Case:
    """Return what is to be measured, ready to be called."""

    subject: str
    identities: int
    granted: bool
    limit: int | None = None

    @property
    def role(self) -> str:
        """Whether the roles exist, as text."""
        return "role exists" if self.granted else "role missing"

    @property
    def name(self) -> str:
        """The case as text, without the subject."""
        noun = "identity" if self.identities == 1 else "identities"
        limit = f"{self.limit} in one request, " if self.limit else ""
        return f"{self.identities} {noun}, {limit}{self.role}"

    @property
    def portions(self) -> int:
        """The minimum number of writes to add the list."""
        return -(-self.identities // self.limit) if self.limit else 1


@dataclass(frozen=True)
class Sample:
    """The result of one run: seconds, requests before the first write, refused writes, and all counts."""

    seconds: float
    reads: int
    refused: int
    sent: Statistics


Samples = dict[Case, list[Sample]]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--runs", type=int, default=5, help="of how many runs the medians are")
    parser.add_argument("--sizes", type=int, nargs="+", default=_SIZES, help="how long the lists are")


def measure(options: argparse.Namespace) -> list[Figure]:
    """Measure one add and lists."""
    one = [Case(subject, 1, granted) for granted in (True, False) for subject in (FLOOR, FIXED_WAITS, ADD)]
    lists = [Case(APPLY, size, granted) for granted in (True, False) for size in options.sizes]
    if max(options.sizes) > SCALE_SET_LIMIT:
        lists.append(Case(APPLY, max(options.sizes), granted=True, limit=SCALE_SET_LIMIT))
    samples = _run_all([*one, *lists], spread(options.runs))
    return [*_one_add(samples), *(figure for case in lists for figure in _list(case, samples))]


def _run_all(cases: list[Case], times: list[Times]) -> Samples:
    """Run every case once with each of the times, all at the same time."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="podidentity-")))
        runs = [
            (case, stack.enter_context(cloud(each, case.identities, granted=case.granted, limit=case.limit)))
            for each in times
            for case in cases
        ]
        with ThreadPoolExecutor(2) as pool:
            folders = (folder / str(number) for number in range(len(runs)))
            works = list(pool.map(_work, *zip(*runs, strict=True), folders))
        with ThreadPoolExecutor(len(runs)) as pool:
            delays = accumulate(0.0 if case.subject in (FLOOR, FIXED_WAITS) else _INTERVAL for case, _ in runs)
            taken = pool.map(lambda run, work, delay: _sample(run[1], work, delay), runs, works, delays)
            samples: Samples = {case: [] for case in cases}
            for (case, _), sample in zip(runs, taken, strict=True):
                samples[case].append(sample)
    return samples


def _work(case: Case, cloud: Cloud, folder: Path) -> Work:
    """Return what is to be measured, ready to be called."""
    if case.subject in (FLOOR, FIXED_WAITS):
        client = Client(cloud)
        waits = FIXED if case.subject == FIXED_WAITS else knowing(cloud)
        return lambda: client.add(waits)
    environ = sign_in(cloud.simulator, folder, NEWEST.extension_directory)
    if case.subject == ADD:
        return lambda: run_az(environ, *add_arguments("entry", cloud.resource_ids[0]))
    file = _write_list(folder / "list.json", cloud.resource_ids)
    return lambda: run_az(environ, *apply_arguments(file))


def _write_list(file: Path, resource_ids: tuple[str, ...]) -> Path:
    """Write a file for `apply`; JSON is YAML."""
    entries = [
        {"namespace": "apps", "name": each.rpartition("/")[2], "identity": {"resourceId": each}}
        for each in resource_ids
    ]
    file.write_text(json.dumps({"version": 1, "podIdentities": entries}), "utf-8")
    return file


def _sample(cloud: Cloud, work: Work, delay: float) -> Sample:
    time.sleep(delay)
    simulator = cloud.simulator
    simulator.requests.clear()
    simulator.settings.azure_cli_latency = LATENCY
    started = time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    requests = simulator.requests.all()
    writes = [each.method == "PUT" and each.path.endswith(f"/managedClusters/{CLUSTER}") for each in requests]
    statuses = [each.status for each, write in zip(requests, writes, strict=True) if write]
    refused = sum(status is None or status >= 400 for status in statuses)
    return Sample(seconds, writes.index(True), refused, simulator.statistics)


def _one_add(samples: Samples) -> Iterator[Figure]:
    for granted in (True, False):
        floor = _floor(samples, granted=granted)
        for subject in (FLOOR, FIXED_WAITS, ADD):
            case = Case(subject, 1, granted)
            taken, bounded = samples[case], subject == ADD
            yield median(ONE, case.role, subject, [each.seconds for each in taken], "s")
            if subject != FLOOR:
                bound = _ADD_BOUNDS[granted] if bounded else None
                yield median(ONE, case.role, f"{subject}, {TIMES}", _ratios(taken, floor), bound=bound)
            for figure in _sent(ONE, case.role, taken, _WRITES_BOUNDS[granted] if bounded else None):
                yield replace(figure, subject=f"{subject}, {figure.subject}")


def _list(case: Case, samples: Samples) -> Iterator[Figure]:
    taken, granted, size = samples[case], case.granted, case.identities
    floor = [case.portions * each for each in _floor(samples, granted=granted)]
    add = [each.seconds for each in samples[Case(ADD, 1, granted)]]
    yield median(MANY, case.name, APPLY, [each.seconds for each in taken], "s")
    yield median(MANY, case.name, f"{APPLY}, {TIMES}", _ratios(taken, floor), bound=_APPLY_BOUNDS[granted])
    if case.limit is None:
        yield median(MANY, case.name, ADDS, [size * each for each in add], "s")
    reads_bound = _READS_BOUND + (0 if granted else size)
    yield median(MANY, case.name, "requests before the first write", [each.reads for each in taken], bound=reads_bound)
    # The service says what it accepts in one request by refusing a write.
    yield from _sent(MANY, case.name, taken, case.portions + 1 if case.limit else _WRITES_BOUNDS[granted])
    yield median(MANY, case.name, "writes refused", [each.refused for each in taken])


def _sent(section: str, case: str, taken: list[Sample], writes_bound: int | None) -> Iterator[Figure]:
    """Yield what a run sent, as medians; of the 429 answers, the most."""
    sent = [each.sent for each in taken]
    writes, throttled, requests = SENT
    yield median(section, case, writes, [each.cluster_writes for each in sent], bound=writes_bound)
    yield Figure(section, case, throttled, max(each.throttled for each in sent), "", len(sent), 0)
    yield median(section, case, requests, [each.requests for each in sent])


def _floor(samples: Samples, *, granted: bool) -> list[float]:
    return [each.seconds for each in samples[Case(FLOOR, 1, granted)]]


def _ratios(samples: list[Sample], floor: list[float]) -> list[float]:
    """Return the duration of each run relative to the service minimum with the same times."""
    return [each.seconds / least for each, least in zip(samples, floor, strict=True)]
