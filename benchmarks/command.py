# SPDX-License-Identifier: MIT
"""Run az and measure its time."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from development.console import SetupError
from development.paths import NEWEST

_COST_OF = Path(__file__).with_name("cost_of.py")
# ru_maxrss is in kilobytes on Linux and in bytes on macOS.
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024
GROUP, CLUSTER, IDENTITY_GROUP = "benchmark", "cluster", "identities"
CLUSTER_ARGUMENTS = ("--resource-group", GROUP, "--cluster-name", CLUSTER)


def run_az(environ: Mapping[str, str], *arguments: str) -> str:
    """Run az and return its standard output. Raise SetupError with its standard error if it fails."""
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


def cost(environ: Mapping[str, str], *arguments: str) -> tuple[float, float]:
    """Return the run time of az in seconds and its peak memory in MB. Raise SetupError if it fails."""
    result = subprocess.run(
        [sys.executable, "-I", "-S", _COST_OF, NEWEST.az, *arguments],
        env=environ,
        cwd=environ["HOME"],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise SetupError(f"az {' '.join(arguments)} ended with exit code {result.returncode}.")
    took, memory = result.stdout.split()
    return float(took), int(memory) * _MAXRSS_UNIT / 1e6


def seconds(environ: Mapping[str, str], *arguments: str) -> float:
    """Return the run time of az in seconds. Raise SetupError if it fails."""
    started = time.perf_counter()
    run_az(environ, *arguments)
    return time.perf_counter() - started


def apply_arguments(file: Path) -> tuple[str, ...]:
    """Return the arguments that apply the file to the benchmark's cluster."""
    return ("aks", "pod-identity", "apply", *CLUSTER_ARGUMENTS, "--file", str(file), "--output", "none")


def add_arguments(name: str, resource_id: str) -> tuple[str, ...]:
    """Return the arguments that add a pod identity of that name in namespace `apps` to the benchmark's cluster."""
    entry = ("--namespace", "apps", "--name", name, "--identity-resource-id", resource_id)
    return ("aks", "pod-identity", "add", *CLUSTER_ARGUMENTS, *entry, "--output", "none")
