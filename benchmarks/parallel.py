# SPDX-License-Identifier: MIT
"""Let many clients add pod identities to one cluster at the same time: all entries must exist at the end.

Times are a hundredth of the real service's (scale 1/100): what is measured is whether entries are lost. az's own
start-up does not scale, so the seconds say nothing about the real service.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from azure_simulator import Durations, Simulator
from benchmarks.cloud import OPERATION, PROPAGATION
from benchmarks.command import CLUSTER, CLUSTER_ARGUMENTS, GROUP, IDENTITY_GROUP, add_arguments, run_az
from benchmarks.figures import Figure, median
from development.paths import NEWEST
from development.session import sign_in

_SECTION = "Many adds to one cluster"
_QUERY = "podIdentityProfile.userAssignedIdentities[].name"
_SCALE = 0.01


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--writers", type=int, nargs="+", default=(1, 5, 20), help="how many at the same time")
    parser.add_argument("--runs", type=int, default=5, help="how often each is run")


def measure(options: argparse.Namespace) -> Iterator[Figure]:
    """Return the number of lost entries in all runs, and the time until the last client is done."""
    with (
        tempfile.TemporaryDirectory(prefix="podidentity-") as folder,
        Simulator(_SCALE, Durations(pod_identity=OPERATION, role_propagation=PROPAGATION)) as simulator,
    ):
        environ = sign_in(simulator, Path(folder), NEWEST.extension_directory)
        for writers in options.writers:
            runs = [_run(simulator, environ, writers) for _ in range(options.runs)]
            lost = float(sum(missing for _, missing in runs))
            case = f"{writers} at the same time"
            yield Figure(_SECTION, case, "entries lost, in all runs", lost, "", options.runs, 0)
            yield median(_SECTION, case, "until the last one is done", [took for took, _ in runs], "s")


def _run(simulator: Simulator, environ: dict[str, str], writers: int) -> tuple[float, int]:
    """Return the seconds until the last client is done, and the number of missing entries."""
    simulator.reset()
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=True)
    names = [f"entry-{number}" for number in range(writers)]
    ids = [simulator.seed.managed_identity(IDENTITY_GROUP, name)["id"] for name in names]
    started = time.perf_counter()
    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(lambda name, id: run_az(environ, *add_arguments(name, id)), names, ids))
    took = time.perf_counter() - started
    listed = json.loads(run_az(environ, "aks", "pod-identity", "list", *CLUSTER_ARGUMENTS, "--query", _QUERY))
    return took, len(set(names) - set(listed))
