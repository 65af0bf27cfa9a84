# SPDX-License-Identifier: MIT
"""Test the result of operations: judged by the cluster, retried if replaced, final if a user's condition fails."""

from __future__ import annotations

from typing import Any

import pytest

from azure_simulator import Fault, Simulator
from azure_simulator.shared_clock import SharedClock
from tests.support.azure_cli import CLUSTER, CLUSTER_PATH, GROUP, OPERATION_PATH, POD_IDENTITY, AzureCli
from tests.support.cluster_state import entries, profile_of, seed_entries

DELETE = f"aks pod-identity delete {POD_IDENTITY} --name app"
UPDATE = f"aks update --resource-group {GROUP} --name {CLUSTER} --enable-pod-identity"
TAGS = f"{UPDATE} --tags a=b"
UNREADABLE: dict[str, dict[str, Any]] = {
    "404": {"status": 404, "code": "NotFound"},
    "empty object": {"status": 200, "body": {}},
    "nonsense": {"status": 200, "body": "<html>Sign in</html>"},
    "500": {"status": 500, "code": "InternalServerError"},
}
REPLACED = ("AKSOperationPreempted", "NotLatestOperation", "EtagMismatch")


def seed(simulator: Simulator) -> None:
    seed_entries(simulator, "app")
    simulator.requests.clear()


def seed_disabled(simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)
    simulator.requests.clear()


def failed_as(simulator: Simulator, code: str, status: str = "Failed") -> None:
    body = {"status": status, "error": {"code": code, "message": f"The operation ended as {code}."}}
    simulator.faults.add(Fault("GET", OPERATION_PATH, status=200, body=body))


def puts(simulator: Simulator) -> list[int | None]:
    return [put.status for put in simulator.requests.matching("PUT", CLUSTER_PATH)]


@pytest.mark.parametrize("answer", UNREADABLE)
def test_unreadable_operation_of_removal(
    az: AzureCli, simulator: Simulator, simulated_time: SharedClock, answer: str
) -> None:
    seed(simulator)
    simulator.faults.add(Fault("GET", OPERATION_PATH, times=10**6, **UNREADABLE[answer]))
    before = simulated_time.now()

    result = az(DELETE).ok()

    assert simulated_time.now() - before >= 81
    assert result.json["provisioningState"] == "Succeeded"
    assert not entries(simulator)
    assert puts(simulator) == [200]


@pytest.mark.parametrize("answer", UNREADABLE)
def test_unreadable_operation_of_host_update(
    az: AzureCli, simulator: Simulator, simulated_time: SharedClock, answer: str
) -> None:
    seed_disabled(simulator)
    simulator.faults.add(Fault("GET", OPERATION_PATH, times=10**6, **UNREADABLE[answer]))

    result = az(TAGS).ok()

    assert result.json["provisioningState"] == "Succeeded"
    assert profile_of(simulator)["enabled"]
    assert puts(simulator) == [200]


def test_lost_host_update(az: AzureCli, simulator: Simulator, simulated_time: SharedClock) -> None:
    seed_disabled(simulator)
    simulator.faults.fail_operation("AddonTrouble", "The add-on could not be reconciled.")
    simulator.faults.add(Fault("GET", OPERATION_PATH, times=10**6, status=404, code="NotFound"))

    message = az(TAGS).failed()

    assert "the result of the operation cannot be read" in message
    assert puts(simulator) == [200]


@pytest.mark.parametrize("code", REPLACED)
@pytest.mark.parametrize("line", [DELETE, TAGS], ids=["delete", "host update"])
def test_replaced_change_is_retried(az: AzureCli, simulator: Simulator, code: str, line: str) -> None:
    (seed if line == DELETE else seed_disabled)(simulator)
    failed_as(simulator, code)

    az(line).ok()

    assert set(puts(simulator)) == {200}
    assert not entries(simulator)
    assert profile_of(simulator)["enabled"]


@pytest.mark.parametrize(("code", "status"), [("Canceled", "Canceled"), ("AKSOperationPreemptedByDelete", "Failed")])
def test_canceled_host_update_is_not_retried(az: AzureCli, simulator: Simulator, code: str, status: str) -> None:
    seed_disabled(simulator)
    failed_as(simulator, code, status)

    assert f"The operation ended as {code}." in az(TAGS).failed()
    assert puts(simulator) == [200]


@pytest.mark.parametrize("condition", ["--if-match wrong", "--if-none-match *"])
@pytest.mark.parametrize("line", [UPDATE, TAGS], ids=["alone", "with tags"])
def test_user_condition_fails(az: AzureCli, simulator: Simulator, line: str, condition: str) -> None:
    seed_disabled(simulator)

    message = az(f"{line} {condition}").failed()

    assert "EtagMismatch" in message or "PreconditionFailed" in message
    assert puts(simulator) == [412]
    assert "podIdentityProfile" not in simulator.cluster(GROUP, CLUSTER)["properties"]


def test_user_condition_fails_during_retry(az: AzureCli, simulator: Simulator) -> None:
    seed_disabled(simulator)
    etag = simulator.cluster(GROUP, CLUSTER)["eTag"]

    def tag() -> None:
        simulator.start_operation(GROUP, CLUSTER, 0, lambda body: body.update(tags={"c": "d"}))

    simulator.faults.add(Fault("PUT", CLUSTER_PATH, call=tag))

    az(f"{TAGS} --if-match {etag}").failed()

    assert puts(simulator) == [412]
    (put,) = simulator.requests.matching("PUT", CLUSTER_PATH)
    assert put.headers["if-match"].strip('"') == etag
