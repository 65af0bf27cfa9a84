"""How long az waits after the service is done with a change.

The simulated service sends no Retry-After, so the pace of asking is the client's own.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from azure_simulator import Durations, Simulator
from benchmarks.command import CLUSTER, CLUSTER_ARGUMENTS, GROUP, IDENTITY_GROUP, add_arguments, seconds
from benchmarks.report import Figure, report
from development.paths import NEWEST
from development.program import run
from development.session import sign_in

_ENTRY = (*CLUSTER_ARGUMENTS, "--namespace", "apps", "--name", "entry", "--output", "none")
# Beyond the service's own time: az's start, the requests, and the pause in which the change became done.
_SHORT = (5.0, 3.0, 3.0)
_REAL = (81.0, 60.0, 20.0)


def main(arguments: list[str]) -> int:
    """Measures and reports; 0, or 1 where a bound is missed."""
    parser = argparse.ArgumentParser("./benchmarks/run write", description=__doc__)
    parser.add_argument("--real", action="store_true", help="durations of the real service, about 7 minutes")
    operation, propagation, allowed = _REAL if parser.parse_args(arguments).real else _SHORT
    durations = Durations(pod_identity=operation, update=operation, role_propagation=propagation)
    with (
        tempfile.TemporaryDirectory(prefix="podidentity-") as folder,
        Simulator(scale=1, durations=durations) as simulator,
    ):
        simulator.settings.retry_after = None
        simulator.seed.cluster(GROUP, CLUSTER, pod_identity=True)
        resource_id = simulator.seed.managed_identity(IDENTITY_GROUP, "identity")["id"]
        environ = sign_in(simulator, Path(folder), NEWEST.extension_directory)
        changes = (
            ("add, role missing", add_arguments("entry", resource_id), operation + propagation),
            (
                "exception add",
                ("aks", "pod-identity", "exception", "add", *_ENTRY, "--pod-labels", "a=b"),
                operation,
            ),
            ("delete", ("aks", "pod-identity", "delete", *_ENTRY), operation),
        )
        return report(
            Figure(
                f"{name}; the service takes {least:.0f} s of it",
                seconds(environ, *words),
                "s",
                least + allowed,
            )
            for name, words, least in changes
        )


if __name__ == "__main__":
    sys.exit(run(lambda: main(sys.argv[1:])))
