# SPDX-License-Identifier: MIT
"""Start a separate simulated Azure for each run: one cluster, and managed identities with or without the role."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from azure_simulator import Durations, Simulator
from benchmarks.command import CLUSTER, GROUP, IDENTITY_GROUP

# Medians of public recordings and the maximum deviation of a run from them, in seconds.
OPERATION, OPERATION_SPREAD = 81.0, 10.0
PROPAGATION, PROPAGATION_SPREAD = 20.0, 15.0
LATENCY = 0.06


@dataclass(frozen=True)
class Times:
    """The seconds of an operation and of the propagation of a role in one run."""

    operation: float
    propagation: float


@dataclass(frozen=True)
class Cloud:
    """A simulator with a cluster, and the resource IDs of the managed identities there."""

    simulator: Simulator
    resource_ids: tuple[str, ...]
    times: Times


def spread(runs: int) -> list[Times]:
    """Return the times of each run, evenly spaced over their ranges, the median in the middle.

    A client that looks now and then would be lucky or unlucky with always the same operation. Short operations meet
    long propagations: the two are not of one cause.
    """
    places = [2 * (run + 0.5) / runs - 1 for run in range(runs)]  # from -1 to 1
    return [Times(OPERATION + place * OPERATION_SPREAD, PROPAGATION - place * PROPAGATION_SPREAD) for place in places]


@contextmanager
def cloud(times: Times, identities: int, *, granted: bool, limit: int | None = None) -> Iterator[Cloud]:
    """Start a cloud in which the service sends no Retry-After and one write adds `limit` managed identities at most."""
    durations = Durations(pod_identity=times.operation, update=times.operation, role_propagation=times.propagation)
    with Simulator(scale=1, durations=durations) as simulator:
        simulator.settings.assign_limit = limit
        cluster = simulator.seed.cluster(GROUP, CLUSTER, pod_identity=True)
        names = [f"identity-{number:03}" for number in range(identities)]
        resource_ids = tuple(str(simulator.seed.managed_identity(IDENTITY_GROUP, name)["id"]) for name in names)
        for resource_id in resource_ids if granted else ():
            simulator.seed.role_assignment(resource_id, cluster["identity"]["principalId"])
        yield Cloud(simulator, resource_ids, times)
