"""How long, and in how much memory, a migration of many pod identities and workloads is planned."""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from azure_simulator import Simulator
from benchmarks.check import identity_name, seed
from benchmarks.command import CLUSTER_ARGUMENTS
from benchmarks.report import Figure, report
from benchmarks.workloads import as_kubectl_prints, deployment
from development.console import SetupError
from development.paths import NEWEST
from development.program import run
from development.session import sign_in

_RUNS, _SECONDS, _MEGABYTES = 5, 5.0, 300.0
# Runs a command and prints, after its output, the most memory that it took, in kB (macOS: bytes).
_MEASURED = "import resource,subprocess,sys; code=subprocess.call(sys.argv[1:]); "
_MEASURED += "print('\\nPEAK', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)"


@dataclass(frozen=True)
class _Run:
    seconds: float
    megabytes: float
    planned: int


def main(arguments: list[str]) -> int:
    """Measures and reports; 0, or 1 where a bound is missed."""
    parser = argparse.ArgumentParser("./benchmarks/run migrate", description=__doc__)
    parser.add_argument("--identities", type=int, default=200, help="how many pod identities the cluster has")
    parser.add_argument("--workloads", type=int, default=2000, help="how many workloads use them")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds that every request takes at the least")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="podidentity-") as folder, Simulator(scale=0) as simulator:
        seed(simulator, options.identities)
        environ = sign_in(simulator, Path(folder), NEWEST.extension_directory)
        simulator.settings.azure_cli_latency = options.latency
        objects = [
            deployment(number, identity_name(number % options.identities)) for number in range(options.workloads)
        ]
        of_cluster, manifests = Path(folder) / "cluster.json", Path(folder) / "manifests.yaml"
        of_cluster.write_text(json.dumps(as_kubectl_prints(objects), indent=4))
        manifests.write_text(yaml.safe_dump_all(objects))
        figures = []
        for name, file in (("kubectl's JSON, with pods", of_cluster), ("YAML manifests", manifests)):
            runs = [_plan(environ, file) for _ in range(_RUNS)]
            if {each.planned for each in runs} != {options.workloads}:
                raise SetupError(f"The plan should have {options.workloads} workloads: {runs}")
            seconds = [each.seconds for each in runs]
            size = f"{file.stat().st_size / 1e6:.0f} MB of {name}"
            figures += [
                Figure(f"plan from {size}, median of {_RUNS}", statistics.median(seconds), "s", _SECONDS),
                Figure("  its memory at the most", max(each.megabytes for each in runs), "MB", _MEGABYTES),
            ]
        return report(figures)


def _plan(environ: Mapping[str, str], file: Path) -> _Run:
    command = [str(NEWEST.az), "aks", "pod-identity", "migrate", *CLUSTER_ARGUMENTS, "--workloads", str(file)]
    started = time.perf_counter()
    result = subprocess.run(
        [sys.executable, "-c", _MEASURED, *command],
        env=environ,
        cwd=environ["HOME"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    elapsed = time.perf_counter() - started
    peak = re.search(r"^PEAK (\d+)$", result.stdout, re.MULTILINE)
    if result.returncode or peak is None:
        raise SetupError(f"The plan failed: {result.stderr}")
    unit = 1e6 if sys.platform == "darwin" else 1e3
    planned = json.loads(result.stdout[: peak.start()])["workloads"]
    return _Run(elapsed, int(peak[1]) / unit, len(planned))


if __name__ == "__main__":
    sys.exit(run(lambda: main(sys.argv[1:])))
