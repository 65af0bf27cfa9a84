"""What a command costs before it does anything: next to the host's own, and next to az without the extension.

Pairs of runs, one straight after the other and in changing order, so that a slow moment of the machine hits
both. The simulated service answers at once; az's command index and compiled modules are there already.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from azure_simulator import Simulator
from benchmarks.command import CLUSTER, CLUSTER_ARGUMENTS, GROUP, seconds
from benchmarks.report import Figure, report
from development.paths import NEWEST
from development.program import run
from development.session import sign_in

Command = tuple[Mapping[str, str], tuple[str, ...]]

_WARM_UP_RUNS = 3
_LIST_BOUND, _EXTENSION_BOUND = 1.05, 1.03


def main(arguments: list[str]) -> int:
    """Measures and reports; 0, or 1 where a bound is missed."""
    parser = argparse.ArgumentParser("./benchmarks/run start_up", description=__doc__)
    parser.add_argument("--pairs", type=int, default=40, help="how many pairs of runs a comparison takes")
    pairs: int = parser.parse_args(arguments).pairs
    with tempfile.TemporaryDirectory(prefix="podidentity-") as folder, Simulator(scale=0) as simulator:
        simulator.seed.cluster(GROUP, CLUSTER, pod_identity=True)
        extended = sign_in(simulator, Path(folder, "with"), NEWEST.extension_directory)
        plain = sign_in(simulator, Path(folder, "without"), Path(folder, "no-extensions"))
        show = (extended, ("aks", "show", "--resource-group", GROUP, "--name", CLUSTER))
        entries = (extended, ("aks", "pod-identity", "list", *CLUSTER_ARGUMENTS))
        clusters = ("aks", "list")
        return report(
            (
                *_compare("aks pod-identity list", entries, "aks show", show, pairs, _LIST_BOUND),
                *_compare(
                    "aks list, extension installed",
                    (extended, clusters),
                    "aks list, no extension",
                    (plain, clusters),
                    pairs,
                    _EXTENSION_BOUND,
                ),
            )
        )


def _compare(name: str, command: Command, base_name: str, base: Command, pairs: int, bound: float) -> Iterator[Figure]:
    for _ in range(_WARM_UP_RUNS):
        _time(command)
        _time(base)
    times, base_times = zip(*(_time_pair(command, base, swap=bool(turn % 2)) for turn in range(pairs)), strict=True)
    median, base_median = statistics.median(times), statistics.median(base_times)
    yield Figure(f"{name}, median of {pairs}", median, "s")
    yield Figure(f"{base_name}, median of {pairs}", base_median, "s")
    yield Figure("  ratio of the medians", median / base_median, "", bound)
    ratios = [one / other for one, other in zip(times, base_times, strict=True)]
    yield Figure("  median of the pairs' ratios", statistics.median(ratios), "", bound)


def _time_pair(command: Command, base: Command, *, swap: bool) -> tuple[float, float]:
    if swap:
        later = _time(base)
        return _time(command), later
    return _time(command), _time(base)


def _time(command: Command) -> float:
    environ, arguments = command
    return seconds(environ, *arguments)


if __name__ == "__main__":
    sys.exit(run(lambda: main(sys.argv[1:])))
