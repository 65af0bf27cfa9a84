# SPDX-License-Identifier: MIT
"""Measure a migration of many managed identities to identity bindings, within the limits of Azure."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from azure_simulator import AZURE_LIMITS, NO_LIMITS, Simulator
from azure_simulator.shared_clock import SharedClock
from benchmarks.check import identity_name, seed
from benchmarks.command import CLUSTER, CLUSTER_ARGUMENTS, GROUP, cost
from benchmarks.figures import Figure, median
from benchmarks.workloads import as_kubectl_prints, deployment
from development.console import SetupError
from development.paths import NEWEST
from development.session import sign_in
from tests.support.forked_az import ForkedAz

_RUNS, _PLAN_SECONDS, _AT_ONCE, _SHARE = 3, 5.0, 10, 1.2
_SECTION = "A migration by identity bindings"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--identities", type=int, default=200, help="how many pod identities the cluster has")
    parser.add_argument("--workloads", type=int, default=2000, help="how many workloads use them")


def measure(options: argparse.Namespace) -> list[Figure]:
    """Measure the time of a plan, and how long --approve takes on the clock of the simulator."""
    with (
        tempfile.TemporaryDirectory(prefix="podidentity-") as folder,
        SharedClock() as clock,
        Simulator(scale=1, clock=clock, limits=NO_LIMITS) as simulator,
    ):
        seed(simulator, options.identities)
        environ = sign_in(simulator, Path(folder), NEWEST.extension_directory)
        workloads = Path(folder) / "cluster.json"
        names = [identity_name(number % options.identities) for number in range(options.workloads)]
        objects = [deployment(number, name) for number, name in enumerate(names)]
        workloads.write_text(json.dumps(as_kubectl_prints(objects)))
        command = ("aks", "pod-identity", "migrate", *CLUSTER_ARGUMENTS, "--workloads", str(workloads))
        bind = (*command, "--target", "identity-binding")
        case = f"{options.identities} managed identities, {options.workloads} workloads"
        seconds = [cost(environ, *bind)[0] for _ in range(_RUNS)]
        with ForkedAz(NEWEST, environ) as az:
            simulator.limits, az.clock = AZURE_LIMITS, clock
            started = clock.now()
            plan = json.loads(az(f"{' '.join(bind)} --approve --yes").ok().stdout)
            took = clock.now() - started
        bound = [each for each in plan["identityBindings"] if each["state"] == "Created"]
        if len(bound) != options.identities or len(simulator.identity_bindings(GROUP, CLUSTER)) != len(bound):
            raise SetupError(f"{options.identities} bindings should have been created, but {len(bound)} were.")
        durations = simulator.durations
        longest = durations.update + durations.identity_binding * -(-options.identities // _AT_ONCE)
        return [
            median(_SECTION, case, "az … migrate, the plan", seconds, "s", _PLAN_SECONDS),
            Figure(_SECTION, case, "az … migrate --approve", took, "s", bound=_SHARE * longest),
            Figure(_SECTION, case, "throttled requests", sum(each.status == 429 for each in simulator.requests.all())),
        ]
