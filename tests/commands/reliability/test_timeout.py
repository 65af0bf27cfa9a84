# SPDX-License-Identifier: MIT
"""Test how long a command waits for operations: --timeout, interrupts, and states that waiting cannot change."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest

from azure_simulator import Fault, Simulator
from tests.support.azure_cli import (
    CLUSTER,
    CLUSTER_PATH,
    GROUP,
    OPERATION_PATH,
    POD_IDENTITY,
    ROLE_PATH,
    AzureCli,
    commands_in,
    sent,
    signal_at,
)
from tests.support.cluster_state import busy_when_read, entries, seed_entries, takes
from tests.support.forked_az import ForkedAz

DELETE = f"aks pod-identity delete {POD_IDENTITY} --name app"


def test_timeout_of_other_operation(each_az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app", provisioningState="Upgrading")

    message = each_az(f"{DELETE} --timeout 2").failed()

    assert "was still busy after 2 seconds" in message
    assert "Upgrading" in message
    assert commands_in(message) == [f"az aks wait --resource-group {GROUP} --name {CLUSTER} --updated"]
    assert not simulator.requests.matching("PUT")


def test_timeout_of_own_operation(each_az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app")
    takes(simulator, pod_identity=600)

    message = each_az(f"{DELETE} --timeout 1").failed()

    assert "its operation is still running after 1 seconds" in message
    assert "InProgress" in message
    assert entries(simulator)["app"]["provisioningState"] == "Deleting"


def test_cluster_always_busy(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app")
    words = "Operation is not allowed: Another operation (Updating) is in progress."
    simulator.faults.add(Fault("PUT", CLUSTER_PATH, 99, status=409, code="OperationNotAllowed", message=words))

    message = az(f"{DELETE} --timeout 2").failed()

    assert "was still busy after 2 seconds" in message
    assert words in message


def test_cluster_always_busy_for_host_update(az: ForkedAz, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER)
    az.speed = 5000  # the default of half an hour is waited for
    words = "Operation is not allowed: Another operation (Updating) is in progress."
    simulator.faults.add(Fault("PUT", CLUSTER_PATH, 9999, status=409, code="OperationNotAllowed", message=words))

    update = f"aks update --resource-group {GROUP} --name {CLUSTER} --enable-pod-identity --enable-oidc-issuer"
    message = az(update).failed()

    assert "was still busy after 1800 seconds" in message
    assert words in message


@pytest.mark.parametrize("seconds", ["0", "-5"])
def test_zero_timeout_refused(az: AzureCli, simulator: Simulator, seconds: str) -> None:
    assert "--no-wait" in az(f"{DELETE} --timeout={seconds}").failed()
    assert not simulator.requests.all()


@pytest.mark.parametrize(
    ("state", "way_out"),
    [
        ({"powerState": {"code": "Stopped"}}, f"az aks start --resource-group {GROUP} --name {CLUSTER}"),
        ({"provisioningState": "Deleting"}, "Use another cluster"),
    ],
    ids=["stopped", "deleting"],
)
def test_unusable_cluster_refused(az: AzureCli, simulator: Simulator, state: dict[str, Any], way_out: str) -> None:
    seed_entries(simulator, "app", **state)

    message = az(DELETE).failed()

    assert "cannot be changed now" in message
    assert way_out in message
    assert sent(simulator) == ["GET managedClusters"]


@pytest.mark.parametrize("state", ["Failed", "Canceled"])
def test_change_after_unsuccessful_operation(az: AzureCli, simulator: Simulator, state: str) -> None:
    seed_entries(simulator, "app", provisioningState=state)

    az(DELETE).ok()

    assert not entries(simulator)


@pytest.mark.parametrize("status", ["Failed", "Canceled"])
def test_failed_operation_reports_reason(az: AzureCli, simulator: Simulator, status: str) -> None:
    seed_entries(simulator, "app")
    body = {"status": status, "error": {"code": status, "message": "Operation is being canceled by user"}}
    simulator.faults.add(Fault("GET", OPERATION_PATH, status=200, body=body))

    message = az(DELETE).failed()

    assert f"({status}) Operation is being canceled by user" in message
    assert len(simulator.requests.matching("PUT")) == 1


def wait_for_others(simulator: Simulator) -> None:
    busy_when_read(simulator, 600)


def wait_for_own(simulator: Simulator) -> None:
    takes(simulator, pod_identity=600)


def wait_for_role(simulator: Simulator) -> None:
    takes(simulator, role_propagation=600)


def wait_for_answer(simulator: Simulator) -> None:
    """The request of another thread is not answered before the command has ended."""


@pytest.mark.parametrize(
    ("waits", "request_"),
    [
        (wait_for_others, ("GET", CLUSTER_PATH)),
        (wait_for_own, ("GET", OPERATION_PATH)),
        (wait_for_role, ("PUT", CLUSTER_PATH)),
        (wait_for_answer, ("PUT", ROLE_PATH)),
    ],
    ids=["others", "own operation", "role", "answer"],
)
def test_interrupt_ends_wait(
    az: AzureCli,
    simulator: Simulator,
    cluster: Any,
    identity: Any,
    waits: Callable[[Simulator], None],
    request_: tuple[str, str],
) -> None:
    waits(simulator)
    add = f"aks pod-identity add {POD_IDENTITY} --identity-resource-id {identity['id']}"

    result = signal_at(az, simulator, add, *request_, signal.SIGINT, answer=waits is not wait_for_answer)

    assert result.exit_code == 1
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    sent = request_ in (("GET", OPERATION_PATH), ("PUT", CLUSTER_PATH))
    assert ("its operation then continues in Azure" in result.stderr) == sent
    assert ("Cluster 'cluster' was not changed." in result.stderr) == (not sent)
    assert ("az aks wait --resource-group rg --name cluster --updated" in result.stderr) == sent
    assert "Long-running operation wait cancelled" not in result.stderr
    last = simulator.requests.all()[-1]
    assert last in simulator.requests.matching(*request_)
