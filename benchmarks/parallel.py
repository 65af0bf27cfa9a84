"""Many people adding pod identities to one cluster at the same time: all must be there at the end."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from azure_simulator import Durations, Simulator
from benchmarks.command import CLUSTER, CLUSTER_ARGUMENTS, GROUP, IDENTITY_GROUP, add_arguments, run_az
from benchmarks.report import Figure, report
from development.paths import NEWEST
from development.program import run
from development.session import sign_in

_QUERY = "podIdentityProfile.userAssignedIdentities[].name"
_DURATIONS = Durations(pod_identity=2, role_propagation=1)


def main(arguments: list[str]) -> int:
    """Measures and reports; 0, or 1 where an entry is missing."""
    parser = argparse.ArgumentParser("./benchmarks/run parallel", description=__doc__)
    parser.add_argument("--commands", type=int, default=8, help="how many commands run at the same time")
    count: int = parser.parse_args(arguments).commands
    with (
        tempfile.TemporaryDirectory(prefix="podidentity-") as folder,
        Simulator(scale=1, durations=_DURATIONS) as simulator,
    ):
        simulator.seed.cluster(GROUP, CLUSTER, pod_identity=True)
        names = [f"entry-{number}" for number in range(count)]
        ids = [simulator.seed.managed_identity(IDENTITY_GROUP, name)["id"] for name in names]
        environ = sign_in(simulator, Path(folder), NEWEST.extension_directory)
        started = time.perf_counter()
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(lambda name, id: run_az(environ, *add_arguments(name, id)), names, ids))
        took = time.perf_counter() - started
        listed = json.loads(run_az(environ, "aks", "pod-identity", "list", *CLUSTER_ARGUMENTS, "--query", _QUERY))
        return report(
            (
                Figure(f"{count} parallel adds, until the last one ended", took, "s"),
                Figure("entries lost", len(set(names) - set(listed)), "", 0),
            )
        )


if __name__ == "__main__":
    sys.exit(run(lambda: main(sys.argv[1:])))
