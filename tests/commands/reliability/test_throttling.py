# SPDX-License-Identifier: MIT
"""Test that Retry-After is obeyed within --timeout, and that the message says when to run the command again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from azure_simulator import Fault, Simulator
from azure_simulator.shared_clock import SharedClock
from tests.support.azure_cli import CLUSTER, CLUSTER_PATH, GROUP, OPERATION_PATH, ROLE_PATH, AzureCli
from tests.support.cluster_state import entries, seed_entries
from tests.support.workload_manifests import CREDENTIALS, ENABLED, MIGRATE, credentials

PLACES = {
    "GET managedClusters/cluster": ("GET", CLUSTER_PATH),
    "GET userAssignedIdentities/app-identity": ("GET", r"/userAssignedIdentities/[^/]+$"),
    "GET Microsoft.Authorization/roleAssignments": ("GET", r"/roleAssignments$"),
    "PUT roleAssignments": ("PUT", ROLE_PATH),
    "PUT managedClusters": ("PUT", CLUSTER_PATH),
    "GET operations": ("GET", OPERATION_PATH),
}
AGAIN = re.compile(r"Run your command again after \d\d:\d\d:\d\d UTC \(in 300 seconds\)\.")
UPDATE = f"aks update --resource-group {GROUP} --name {CLUSTER} --enable-pod-identity"


def throttle(simulator: Simulator, method: str, path: str, seconds: int, times: int = 1) -> None:
    message = f"The request limit has been exceeded, please retry again in {seconds} seconds."
    headers = {"Retry-After": str(seconds)}
    simulator.faults.add(Fault(method, path, times, status=429, code="Throttled", message=message, headers=headers))


def waits(warnings: list[str]) -> list[str]:
    return [each for each in warnings if "Azure throttles" in each]


@pytest.mark.parametrize("etags", [True, False], ids=["etags", "no etags"])
def test_retry_after_is_obeyed_everywhere(
    az: AzureCli, simulator: Simulator, add: str, simulated_time: SharedClock, etags: bool
) -> None:
    simulator.settings.etags = etags
    for method, path in PLACES.values():
        throttle(simulator, method, path, 30)
    started = simulated_time.now()

    result = az(add).ok()

    assert entries(simulator)["app-identity"]["provisioningState"] == "Assigned"
    lines = waits(result.warnings)
    assert len(lines) == len(PLACES)
    assert all(re.search(r"Waiting 3\d seconds before", line) for line in lines)
    for place in PLACES:
        assert place == "PUT managedClusters" or any(place in line for line in lines), place
    assert simulator.statistics.early == 0
    # The identity and its roles are read at the same time.
    assert simulated_time.now() - started >= 5 * 30


@pytest.mark.parametrize("place", [place for place in PLACES if place != "GET operations"])
def test_wait_longer_than_timeout(
    az: AzureCli, simulator: Simulator, add: str, simulated_time: SharedClock, place: str
) -> None:
    throttle(simulator, *PLACES[place], seconds=300, times=99)
    started = simulated_time.now()

    message = az(f"{add} --timeout 200").failed()

    assert AGAIN.search(message), message
    assert "please retry again in 300 seconds" in message
    assert simulator.statistics.throttled == 1
    assert simulated_time.now() - started < 200


def test_throttled_operation_status(az: AzureCli, simulator: Simulator, add: str, simulated_time: SharedClock) -> None:
    throttle(simulator, "GET", OPERATION_PATH, seconds=3000)

    az(add).ok()

    assert entries(simulator)["app-identity"]["provisioningState"] == "Assigned"
    assert simulator.statistics.early == 0


@pytest.mark.parametrize("options", ["", " --tags a=b"], ids=["alone", "with host flag"])
@pytest.mark.parametrize(("method", "path"), [("GET", CLUSTER_PATH), ("PUT", CLUSTER_PATH)], ids=["read", "write"])
def test_host_flags(
    az: AzureCli, simulator: Simulator, simulated_time: SharedClock, options: str, method: str, path: str
) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)
    throttle(simulator, method, path, 30)

    result = az(f"{UPDATE}{options}").ok()

    assert result.json["podIdentityProfile"]["enabled"]
    assert len(waits(result.warnings)) == 1
    assert simulator.statistics.early == 0


def test_host_flags_past_timeout(az: AzureCli, simulator: Simulator, simulated_time: SharedClock) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)
    throttle(simulator, "PUT", CLUSTER_PATH, seconds=5000)

    assert "Run your command again after" in az(f"{UPDATE} --tags a=b").failed()


def test_federated_credentials(
    az: AzureCli, simulator: Simulator, manifests: Path, simulated_time: SharedClock
) -> None:
    seed_entries(simulator, "app", "batch", **ENABLED)
    for method in ("GET", "PUT"):
        throttle(simulator, method, "/federatedIdentityCredentials", 30)

    result = az(f"{MIGRATE} --workloads {manifests} --approve").ok()

    assert len(credentials(simulator)) == 1
    assert len(waits(result.warnings)) == 2
    assert simulator.statistics.early == 0
    assert simulator.requests.matching("PUT", CREDENTIALS)[-1].status == 201
