"""Running az and taking its time."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping

from development.console import SetupError
from development.paths import NEWEST

GROUP, CLUSTER, IDENTITY_GROUP = "benchmark", "cluster", "identities"
CLUSTER_ARGUMENTS = ("--resource-group", GROUP, "--cluster-name", CLUSTER)


def run_az(environ: Mapping[str, str], *arguments: str) -> str:
    """What az prints. SetupError with what it says on standard error where it fails."""
    result = subprocess.run(
        [NEWEST.az, *arguments],
        env=environ,
        cwd=environ["HOME"],  # az would import the checkout's sources, and not the wheel's, in the checkout
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise SetupError(f"az {' '.join(arguments)}\nended with exit code {result.returncode}:\n{result.stderr}")
    return result.stdout


def seconds(environ: Mapping[str, str], *arguments: str) -> float:
    """How long az takes from its start to its end, in seconds. SetupError where it fails."""
    started = time.perf_counter()
    run_az(environ, *arguments)
    return time.perf_counter() - started


def add_arguments(name: str, resource_id: str) -> tuple[str, ...]:
    """The arguments that add a pod identity of that name in namespace `apps` to the benchmark's cluster."""
    entry = ("--namespace", "apps", "--name", name, "--identity-resource-id", resource_id)
    return ("aks", "pod-identity", "add", *CLUSTER_ARGUMENTS, *entry, "--output", "none")
