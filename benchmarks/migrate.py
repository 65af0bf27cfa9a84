# SPDX-License-Identifier: MIT
"""Measure time and memory of the plan of a migration with many pod identities and workloads."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import yaml

from azure_simulator import NO_LIMITS, Simulator
from benchmarks.check import identity_name, seed
from benchmarks.cloud import LATENCY
from benchmarks.command import CLUSTER_ARGUMENTS, cost, run_az
from benchmarks.figures import Figure, median
from benchmarks.workloads import as_kubectl_prints, deployment
from development.console import SetupError
from development.paths import NEWEST
from development.session import sign_in

_RUNS, _SECONDS, _MEGABYTES = 5, 5.0, 300.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--identities", type=int, default=200, help="how many pod identities the cluster has")
    parser.add_argument("--workloads", type=int, default=2000, help="how many workloads use them")


def measure(options: argparse.Namespace) -> list[Figure]:
    """Return time and memory of a plan for each kind of file.

    The bound is for the plan itself. The limits of Azure, which are off, delay the reads of 200 managed identities and
    of their credentials by about 5 seconds more.
    """
    with tempfile.TemporaryDirectory(prefix="podidentity-") as folder, Simulator(limits=NO_LIMITS) as simulator:
        seed(simulator, options.identities)
        environ = sign_in(simulator, Path(folder), NEWEST.extension_directory)
        simulator.settings.azure_cli_latency = LATENCY
        objects = [
            deployment(number, identity_name(number % options.identities)) for number in range(options.workloads)
        ]
        of_cluster, manifests = Path(folder) / "cluster.json", Path(folder) / "manifests.yaml"
        of_cluster.write_text(json.dumps(as_kubectl_prints(objects), indent=4))
        manifests.write_text(yaml.safe_dump_all(objects))
        figures = []
        for name, file in (("kubectl's JSON, with pods", of_cluster), ("YAML manifests", manifests)):
            command = ("aks", "pod-identity", "migrate", *CLUSTER_ARGUMENTS, "--workloads", str(file))
            planned = len(json.loads(run_az(environ, *command))["workloads"])
            if planned != options.workloads:
                raise SetupError(f"The plan should have {options.workloads} workloads, and has {planned}.")
            seconds, megabytes = zip(*(cost(environ, *command) for _ in range(_RUNS)), strict=True)
            size = f"{file.stat().st_size / 1e6:.0f} MB of {name}"
            figures += [
                median("A migration's plan", size, "az … migrate", seconds, "s", _SECONDS),
                median("A migration's plan", size, "memory", megabytes, "MB", _MEGABYTES),
            ]
        return figures
