# SPDX-License-Identifier: MIT
"""Operations that do not end: how long they run, and how to abort them."""

from __future__ import annotations

from typing import Any

import pytest

from azure_simulator import Fault, Simulator
from tests.support.azure_cli import CLUSTER, GROUP, ON_CLUSTER, AzureCli
from tests.support.cluster_state import seed_entries, takes

CHECK = f"aks pod-identity check {ON_CLUSTER}"
LATEST = "/operations/latest$"


def state_finding(az: AzureCli) -> dict[str, Any]:
    finding: dict[str, Any]
    (finding,) = [each for each in az(CHECK).ok().json if each["check"] == "cluster-state"]
    return finding


@pytest.fixture
def busy(simulator: Simulator) -> Simulator:
    """A cluster on which an operation of three hours has begun."""
    seed_entries(simulator, "app")
    takes(simulator)
    simulator.start_operation(GROUP, CLUSTER, 3 * 3600)
    return simulator


def test_operation_aborted_after_one_hour(az: AzureCli, busy: Simulator) -> None:
    young = state_finding(az)
    assert (young["severity"], "for 0 minutes (Updating)" in young["message"]) == ("warning", True)
    assert "abort" not in young["message"] + young["command"]
    az(f"aks pod-identity delete {ON_CLUSTER} --namespace my-app --name app --timeout 3700").failed()

    stuck = state_finding(az)

    assert stuck["severity"] == "error"
    assert "An operation has been running on the cluster for 61 minutes (Updating)." in stuck["message"]
    assert stuck["command"] == f"az aks operation-abort --resource-group {GROUP} --name {CLUSTER}"
    az.paste(stuck["command"])
    canceled = state_finding(az)
    assert "was canceled" in canceled["message"]
    az.paste(canceled["command"])
    assert [each["check"] for each in az(CHECK).ok().json] == ["deprecation"]


def test_age_in_check_of_all_clusters(az: AzureCli, busy: Simulator) -> None:
    findings = az("aks pod-identity check --all-clusters").ok().json
    assert ["for 0 minutes (Updating)" in each["message"] for each in findings if each["check"] == "cluster-state"] == [
        True
    ]


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 400, "code": "NoRegisteredProviderFound", "message": "The api-version is not supported."},
        {"status": 403, "code": "AuthorizationFailed", "message": "No."},
        {"status": 200, "body": []},
        {"status": 200, "body": {"status": "InProgress", "startTime": None}},
    ],
    ids=["retired API version", "forbidden", "list", "null"],
)
def test_age_unreadable(az: AzureCli, busy: Simulator, fault: dict[str, Any]) -> None:
    busy.faults.add(Fault("GET", LATEST, times=10, **fault))

    finding = state_finding(az)

    assert finding["severity"] == "warning"
    assert "An operation has been running on the cluster (Updating)." in finding["message"]
    assert "If it runs for more than an hour, abort it with: az aks operation-abort" in finding["message"]


def test_idle_cluster_age_not_read(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app")
    az(CHECK).ok()
    assert not simulator.requests.matching("GET", LATEST)
