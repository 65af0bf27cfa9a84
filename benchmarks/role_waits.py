# SPDX-License-Identifier: MIT
"""Simulate the schedule of writes after `add` has granted a role, without processes or requests.

A write before the role has propagated is refused and costs one of the cluster's tokens: AKS allows 20 at once and then
one per minute. A role propagates in 20 ± 15 s and, according to the documentation, in at most 10 minutes.
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Iterator, Sequence

from azext_podidentity.arm.backoff import OPERATION_SHARE, pause, until_role_write
from benchmarks.figures import Figure

SECTION = "Waiting for a role, simulated"
_OPERATION = 81.0
_TOKENS, _PER_SECOND = 20.0, 1 / 60


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this simulation."""
    parser.add_argument("--runs", type=int, default=10_000, help="the number of simulated adds")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the random durations of roles")


def measure(options: argparse.Namespace) -> Iterator[Figure]:
    """Yield the number of writes of an add, and its duration."""
    random.seed(options.seed)
    usual = [_add(random.uniform(5, 35)) for _ in range(options.runs)]
    writes, ratios = [each[0] for each in usual], [each[1] for each in usual]
    case, runs = "role propagates in 20 ± 15 s", options.runs
    yield Figure(SECTION, case, "writes, median", statistics.median(writes), "", runs, 3)
    yield Figure(SECTION, case, "writes, 95th percentile", _percentile(writes), "", runs, 5)
    yield Figure(SECTION, case, "times the service minimum, median", statistics.median(ratios), "", runs, 1.07)
    yield Figure(SECTION, case, "times the service minimum, 95th percentile", _percentile(ratios), "", runs)
    slow = [_add(random.uniform(35, 600))[0] for _ in range(options.runs)]
    yield Figure(SECTION, "role propagates in up to 10 minutes", "writes, most", max(slow), "", runs, 12)
    refused = [_refused_in_a_row(10) for _ in range(options.runs // 10)]
    yield Figure(SECTION, "10 adds in a row, new roles", "writes without a token", max(refused), "", len(refused), 0)


def _add(role: float) -> tuple[int, float]:
    """Return the writes of an add whose role takes so many seconds, and its duration relative to the minimum."""
    age, writes = 0.0, 0
    while True:
        wait = until_role_write(age)
        if wait is None:
            return writes, float("inf")
        age, writes = age + wait, writes + 1
        if age >= role:
            return writes, (age + _seen(_OPERATION)) / (role + _OPERATION)


def _refused_in_a_row(adds: int) -> int:
    """Return the number of writes that are throttled if adds run one after the other."""
    tokens, refused = _TOKENS, 0
    for _ in range(adds):
        role, age = random.uniform(5, 35), 0.0
        while age < role:
            wait = until_role_write(age) or 0.0
            age, tokens = age + wait, min(_TOKENS, tokens + wait * _PER_SECOND)
            refused, tokens = refused + (tokens < 1), max(0.0, tokens - 1)
        tokens = min(_TOKENS, tokens + _OPERATION * _PER_SECOND)
    return refused


def _seen(operation: float) -> float:
    """Return when a client with growing pauses sees the end of an operation."""
    elapsed = 0.0
    while elapsed < operation:
        elapsed += pause(elapsed, OPERATION_SHARE)
    return elapsed


def _percentile(values: Sequence[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]
