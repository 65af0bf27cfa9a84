# SPDX-License-Identifier: MIT
"""Test commands against the real durations and limits of the service, on the simulator's clock."""

from __future__ import annotations

import sys
import time
from typing import Any

import pytest

from azure_simulator import Durations, Simulator
from azure_simulator.shared_clock import SharedClock
from tests.support.azure_cli import CLUSTER, GROUP, POD_IDENTITY
from tests.support.forked_az import ForkedAz

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the clock looks at threads below /proc")


def add(identity: dict[str, Any], name: str = "app") -> str:
    return f"aks pod-identity add {POD_IDENTITY} --name {name} --identity-resource-id {identity['id']}"


@pytest.mark.usefixtures("cluster")
def test_add_duration_near_service_duration(
    az: ForkedAz, simulator: Simulator, identity: dict[str, Any], simulated_time: SharedClock
) -> None:
    simulator.durations = Durations(role_propagation=20)
    before, started = simulated_time.now(), time.monotonic()

    az(add(identity)).ok()

    assert 20 + 81 <= simulated_time.now() - before < 1.4 * (20 + 81)
    assert time.monotonic() - started < 60


@pytest.mark.usefixtures("cluster")
def test_same_client_in_all_requests(
    az: ForkedAz, simulator: Simulator, identity: dict[str, Any], simulated_time: SharedClock
) -> None:
    """That is how the simulator knows a command that ignores a Retry-After."""
    az(add(identity)).ok()
    clients = {request.headers.get("x-ms-client-request-id") for request in simulator.requests.all()}
    assert len(clients) == 1, clients
    assert None not in clients


def test_two_writers_on_clock(
    az: ForkedAz, simulator: Simulator, cluster: dict[str, Any], simulated_time: SharedClock
) -> None:
    first, second = (simulator.seed.managed_identity(GROUP, name) for name in ("first", "second"))
    for identity in (first, second):
        simulator.seed.role_assignment(identity["id"], cluster["identity"]["principalId"])
    before = simulated_time.now()

    for result in az.together(add(first, "first"), add(second, "second")):
        result.ok()

    assert 2 * 81 <= simulated_time.now() - before < 2 * 1.4 * 81
    entries = simulator.cluster(GROUP, CLUSTER)["properties"]["podIdentityProfile"]["userAssignedIdentities"]
    assert {entry["name"] for entry in entries} == {"first", "second"}
