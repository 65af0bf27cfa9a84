# SPDX-License-Identifier: MIT
"""Test that a command that is interrupted at any point and repeated ends in the same state."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from azure_simulator import Fault, Simulator
from tests.support.azure_cli import CLUSTER_PATH, OPERATION_PATH, POD_IDENTITY, ROLE_PATH, AzureCli, kill_at, sent
from tests.support.cluster_state import entries, exceptions, pod_exception, pod_identity, seed_entries, takes
from tests.support.faults import html_page

REQUESTS = {
    "reading the cluster": ("GET", CLUSTER_PATH),
    "reading the identity": ("GET", r"/userAssignedIdentities/[^/]+$"),
    "reading the roles": ("GET", "/roleAssignments$"),
    "granting the role": ("PUT", ROLE_PATH),
    "writing the cluster": ("PUT", CLUSTER_PATH),
    "following the operation": ("GET", OPERATION_PATH),
}
each_request = pytest.mark.parametrize("request_", REQUESTS)


@each_request
def test_killed_add_completes_when_repeated(
    az: AzureCli, simulator: Simulator, add: str, identity: dict[str, Any], request_: str
) -> None:
    takes(simulator, pod_identity=0.5)
    kill_at(az, simulator, add, *REQUESTS[request_])

    az(add).ok()

    expected = {**pod_identity(identity, "app-identity"), "provisioningState": "Assigned"}
    assert entries(simulator) == {"app-identity": expected}
    assert len({grant.path for grant in simulator.requests.matching("PUT", ROLE_PATH)}) == 1


@pytest.mark.parametrize(
    "command",
    [
        f"aks pod-identity delete {POD_IDENTITY} --name old",
        f"aks pod-identity exception add {POD_IDENTITY} --name new --pod-labels app=x",
        f"aks pod-identity exception update {POD_IDENTITY} --name old --pod-labels app=x",
        f"aks pod-identity exception delete {POD_IDENTITY} --name old",
    ],
    ids=["delete", "exception add", "exception update", "exception delete"],
)
def test_killed_change_completes_when_repeated(az: AzureCli, simulator: Simulator, command: str) -> None:
    seed_entries(simulator, "old", "other", exceptions=[pod_exception("old", {"app": "old"})])
    takes(simulator, pod_identity=0.5)
    kill_at(az, simulator, command, "PUT", CLUSTER_PATH)

    az(command).ok()

    assert len(simulator.requests.matching("PUT", CLUSTER_PATH)) == 1
    left = {"other"} if "pod-identity delete" in command else {"old", "other"}
    assert set(entries(simulator)) == left


@pytest.mark.parametrize(
    ("request_", "drop"),
    [
        ("reading the cluster", "before"),
        ("reading the identity", "after"),
        ("reading the roles", "before"),
        ("granting the role", "before"),
        ("granting the role", "after"),
        ("writing the cluster", "before"),
        ("writing the cluster", "after"),
        ("following the operation", "after"),
    ],
)
def test_connection_breaks_once(
    az: AzureCli, simulator: Simulator, add: str, request_: str, drop: Literal["before", "after"]
) -> None:
    method, path = REQUESTS[request_]
    simulator.faults.add(Fault(method, path, drop=drop))

    result = az(add).ok()

    assert None in [each.status for each in simulator.requests.all()]
    assert result.json["podIdentityProfile"]["userAssignedIdentities"][0]["provisioningState"] == "Assigned"
    assert list(entries(simulator)) == ["app-identity"]


@pytest.mark.parametrize("what", ["delete --name old", "exception delete --name old"])
def test_removal_response_lost(az: AzureCli, simulator: Simulator, what: str) -> None:
    seed_entries(simulator, "old", exceptions=[pod_exception("old", {"app": "old"})])
    simulator.faults.add(Fault("PUT", CLUSTER_PATH, drop="after"))

    az(f"aks pod-identity {what} {POD_IDENTITY}").ok()

    assert "old" not in (exceptions(simulator) if "exception" in what else entries(simulator))


@pytest.mark.parametrize("request_", ["reading the cluster", "granting the role"])
def test_connection_stays_broken(az: AzureCli, simulator: Simulator, add: str, request_: str) -> None:
    method, path = REQUESTS[request_]
    simulator.faults.add(Fault(method, path, times=100, drop="before"))

    message = az(add).failed()

    assert "could not be reached" in message
    assert "Run your command again" in message


@pytest.mark.parametrize("request_", ["reading the cluster", "writing the cluster", "following the operation"])
@pytest.mark.parametrize(
    ("status", "headers"), [(429, {"retry-after": "1"}), (503, {}), (500, {})], ids=lambda value: str(value)
)
def test_transient_errors_are_retried(
    az: AzureCli, simulator: Simulator, request_: str, status: int, headers: dict[str, str]
) -> None:
    seed_entries(simulator, "old")
    method, path = REQUESTS[request_]
    simulator.faults.add(Fault(method, path, status=status, headers=headers, shape="front-door"))

    az(f"aks pod-identity delete {POD_IDENTITY} --name old").ok()

    assert status in [each.status for each in simulator.requests.matching(method, path)]
    assert not entries(simulator)


def test_gateway_page_for_operation(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "old")
    simulator.faults.add(html_page("GET", OPERATION_PATH, 502, "Bad Gateway"))

    az(f"aks pod-identity delete {POD_IDENTITY} --name old").ok()

    assert sent(simulator).count("GET operations") == 2
    assert not entries(simulator)


def test_proxy_page_for_operation(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "old")
    simulator.faults.add(html_page("GET", OPERATION_PATH, 403, "Blocked by the proxy"))

    az(f"aks pod-identity delete {POD_IDENTITY} --name old").ok()

    assert sent(simulator)[-2:] == ["GET operations", "GET managedClusters"]
    assert not entries(simulator)


@pytest.mark.parametrize("request_", ["reading the cluster", "writing the cluster"])
def test_proxy_page_for_cluster(az: AzureCli, simulator: Simulator, request_: str) -> None:
    seed_entries(simulator, "old")
    method, path = REQUESTS[request_]
    simulator.faults.add(html_page(method, path, 403, "Blocked by the proxy"))

    message = az(f"aks pod-identity delete {POD_IDENTITY} --name old").failed()

    assert "Forbidden" in message or "Blocked by the proxy" in message
