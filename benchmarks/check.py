# SPDX-License-Identifier: MIT
"""Measure a check of a cluster with many pod identities, with a realistic latency of each request."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from azure_simulator import Simulator
from benchmarks.cloud import LATENCY
from benchmarks.command import CLUSTER, CLUSTER_ARGUMENTS, GROUP, IDENTITY_GROUP, cost, run_az, seconds
from benchmarks.figures import Figure, median
from development.console import SetupError
from development.paths import NEWEST
from development.session import sign_in

_CHECK = ("aks", "pod-identity", "check", *CLUSTER_ARGUMENTS)
_RUNS, _BOUND = 5, 4.0
_POD_SECONDS, _POD_MEGABYTES = 5.0, 200.0
NAMESPACE = "apps"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--identities", type=int, default=40, help="how many pod identities the cluster has")
    parser.add_argument("--pods", type=int, default=1000, help="how many pods a check with pods reads")
    parser.add_argument("--pod-identities", type=int, default=200, help="how many pod identities those pods use")


def measure(options: argparse.Namespace) -> list[Figure]:
    """Measure the time and the requests of a check, and time and memory of one that also reads pods."""
    return [*_measure_cluster(options), *_measure_pods(options)]


def _measure_cluster(options: argparse.Namespace) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="podidentity-") as folder, Simulator() as simulator:
        seed(simulator, options.identities)
        environ = sign_in(simulator, Path(folder), NEWEST.extension_directory)
        simulator.settings.azure_cli_latency = LATENCY
        found = {each["check"] for each in json.loads(run_az(environ, *_CHECK))} - {"deprecation", "room"}
        if found:
            raise SetupError(f"The cluster should be healthy, and this was found: {', '.join(found)}")
        simulator.requests.clear()
        times = [seconds(environ, *_CHECK) for _ in range(_RUNS)]
        case = f"{options.identities} pod identities"
        return [
            median("A check", case, "az … check", times, "s", _BOUND),
            Figure("A check", case, "requests", len(simulator.requests.all()) / _RUNS, runs=_RUNS),
        ]


def _measure_pods(options: argparse.Namespace) -> list[Figure]:
    from benchmarks.workloads import as_kubectl_prints, deployment

    with tempfile.TemporaryDirectory(prefix="podidentity-") as folder, Simulator() as simulator:
        seed(simulator, options.pod_identities)
        environ = sign_in(simulator, Path(folder), NEWEST.extension_directory)
        simulator.settings.azure_cli_latency = LATENCY
        # Each deployment has two pods.
        names = (identity_name(number % options.pod_identities) for number in range(options.pods // 2))
        file = Path(folder) / "cluster.json"
        printed = as_kubectl_prints(deployment(number, name) for number, name in enumerate(names))
        file.write_text(json.dumps(printed, indent=4))
        command = (*_CHECK, "--workloads", str(file))
        found = {each["check"] for each in json.loads(run_az(environ, *command))}
        if "pod-managed-identity" not in found or "pod-label" in found:
            raise SetupError(f"All pods should get a managed identity, and this was found: {', '.join(sorted(found))}")
        took, megabytes = zip(*(cost(environ, *command) for _ in range(_RUNS)), strict=True)
        case = f"{options.pods} pods, {options.pod_identities} pod identities"
        return [
            median("A check of pods", case, "az … check", took, "s", _POD_SECONDS),
            median("A check of pods", case, "memory", megabytes, "MB", _POD_MEGABYTES),
        ]


def identity_name(number: int) -> str:
    """Return the name of a managed identity and its pod identity, as `seed` creates them."""
    return f"identity-{number}"


def seed(simulator: Simulator, count: int) -> None:
    """Create a healthy cluster with that many pod identities."""
    identities = [simulator.seed.managed_identity(IDENTITY_GROUP, identity_name(number)) for number in range(count)]
    profile = {"enabled": True, "userAssignedIdentities": [_entry(identity) for identity in identities]}
    cluster = simulator.seed.cluster(GROUP, CLUSTER, pod_identity=profile)
    for identity in identities:
        simulator.seed.role_assignment(identity["id"], cluster["identity"]["principalId"])


def _entry(identity: dict[str, object]) -> dict[str, object]:
    ids = identity["properties"]
    assert isinstance(ids, dict)
    bound = {"resourceId": identity["id"], "clientId": ids["clientId"], "objectId": ids["principalId"]}
    return {"name": identity["name"], "namespace": NAMESPACE, "identity": bound}
