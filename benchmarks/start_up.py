# SPDX-License-Identifier: MIT
"""Compare the start-up time of a command with other commands of az, and with az without the extension.

The runs of a pair directly follow each other in alternating order, so that a slow phase of the machine affects both.
The simulated service responds at once; az's command index and compiled modules already exist.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from azure_simulator import Simulator
from benchmarks.command import CLUSTER, CLUSTER_ARGUMENTS, GROUP, cost
from benchmarks.figures import Figure, median
from development.paths import NEWEST
from development.session import sign_in

_SECTION = "Start-up"
_WARM_UP_RUNS = 2
_LIST_BOUND, _EXTENSION_BOUND = 1.03, 1.02
_LIST = ("aks", "pod-identity", "list")
_SHOW = ("aks", "show", "--resource-group", GROUP, "--name", CLUSTER)
_GROUPS = ("group", "list")
Cost = tuple[float, float]


@dataclass(frozen=True)
class Command:
    """One of the two commands of a pair."""

    name: str
    environ: Mapping[str, str]
    arguments: tuple[str, ...]

    def cost(self) -> Cost:
        """Return seconds and megabytes of one run."""
        return cost(self.environ, *self.arguments)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--pairs", type=int, default=40, help="how many pairs of runs a comparison takes")


def measure(options: argparse.Namespace) -> Iterator[Figure]:
    """Return time and memory of each pair."""
    # One command after the other reads more often than a cluster may be read: with a scale of 0, limits refill at once.
    with tempfile.TemporaryDirectory(prefix="podidentity-") as folder, Simulator(scale=0) as simulator:
        simulator.seed.cluster(GROUP, CLUSTER, pod_identity=True)
        extended = sign_in(simulator, Path(folder, "with"), NEWEST.extension_directory)
        plain = sign_in(simulator, Path(folder, "without"), Path(folder, "no-extensions"))
        show = Command("aks show", extended, _SHOW)
        pairs = (
            (Command("aks pod-identity list", extended, (*_LIST, *CLUSTER_ARGUMENTS)), show, _LIST_BOUND),
            (
                Command("aks pod-identity list -h", extended, (*_LIST, "-h")),
                Command("aks show -h", extended, ("aks", "show", "-h")),
                None,
            ),
            (show, Command("aks show, no extension", plain, _SHOW), _EXTENSION_BOUND),
            (
                Command("group list", extended, _GROUPS),
                Command("group list, no extension", plain, _GROUPS),
                _EXTENSION_BOUND,
            ),
        )
        for command, base, bound in pairs:
            yield from _compare(command, base, options.pairs, bound)


def _compare(command: Command, base: Command, pairs: int, bound: float | None) -> Iterator[Figure]:
    for _ in range(_WARM_UP_RUNS):
        _pair(command, base, swap=False)
    costs, base_costs = zip(*(_pair(command, base, swap=bool(turn % 2)) for turn in range(pairs)), strict=True)
    case = f"{command.name}, against {base.name}"
    for each, taken in ((command, costs), (base, base_costs)):
        yield median(_SECTION, case, each.name, [seconds for seconds, _ in taken], "s")
        yield median(_SECTION, case, f"{each.name}, memory", [memory for _, memory in taken], "MB")
    ratios = [one[0] / other[0] for one, other in zip(costs, base_costs, strict=True)]
    yield median(_SECTION, case, "ratio within a pair", ratios, bound=bound)


def _pair(command: Command, base: Command, *, swap: bool) -> tuple[Cost, Cost]:
    if swap:
        later = base.cost()
        return command.cost(), later
    return command.cost(), base.cost()
