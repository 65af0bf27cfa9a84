# SPDX-License-Identifier: MIT
"""Test waiting for a command's own operation and for those of other clients."""

from __future__ import annotations

from typing import Any

import pytest

from azure_simulator import Fault, Simulator
from tests.support.azure_cli import CLUSTER, CLUSTER_PATH, GROUP, OPERATION_PATH, POD_IDENTITY, AzureCli, sent
from tests.support.cluster_state import busy_when_read, entries, pod_exception, profile_of, seed_entries, takes

DELETE = f"aks pod-identity delete {POD_IDENTITY} --name app"
NO_WAIT = {
    "add": "add --name new --identity-resource-id {identity}",
    "delete": "delete --name app",
    "exception add": "exception add --name new --pod-labels app=x",
    "exception update": "exception update --name agents --pod-labels app=x",
    "exception delete": "exception delete --name agents",
}


@pytest.mark.parametrize("state", ["Updating", "Creating", "Upgrading"])
def test_change_waits_for_running_operation(az: AzureCli, simulator: Simulator, state: str) -> None:
    seed_entries(simulator, "app", provisioningState=state)

    def settle() -> None:
        simulator.start_operation(GROUP, CLUSTER, 0)

    # The second look finds the operation over.
    simulator.faults.add(Fault("GET", CLUSTER_PATH, call=lambda: None))
    simulator.faults.add(Fault("GET", CLUSTER_PATH, call=settle))

    az(DELETE).ok()

    assert sent(simulator)[:4] == [
        "GET managedClusters",
        "GET managedClusters",
        "GET userAssignedIdentities",
        "PUT managedClusters",
    ]
    assert [put.status for put in simulator.requests.matching("PUT", CLUSTER_PATH)] == [200]
    assert not entries(simulator)


def test_change_respects_running_operation(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app")
    takes(simulator)

    def change(body: dict[str, Any]) -> None:
        body["properties"]["podIdentityProfile"]["userAssignedIdentityExceptions"] = [pod_exception("new", {"a": "b"})]

    busy_when_read(simulator, 1.0, change)

    az(DELETE).ok()

    assert sent(simulator)[:3].count("GET managedClusters") >= 2
    assert profile_of(simulator) == {
        "enabled": True,
        "userAssignedIdentityExceptions": [pod_exception("new", {"a": "b"})],
    }


def test_cluster_deleted_while_waiting(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app", provisioningState="Updating")
    words = "The Resource was not found."
    simulator.faults.add(Fault("GET", CLUSTER_PATH, call=lambda: None))
    simulator.faults.add(Fault("GET", CLUSTER_PATH, status=404, code="ResourceNotFound", message=words))

    assert words in az(DELETE).failed(3)

    assert not simulator.requests.matching("PUT")


@pytest.mark.parametrize("change", NO_WAIT)
def test_no_wait_prints_nothing(az: AzureCli, simulator: Simulator, change: str) -> None:
    seed_entries(simulator, "app", exceptions=[pod_exception("agents", {"app": "old"})])
    identity = simulator.seed.managed_identity(GROUP, "new")
    takes(simulator, pod_identity=600)

    command = f"aks pod-identity {NO_WAIT[change].format(identity=identity['id'])} {POD_IDENTITY} --no-wait"
    result = az(command).ok()

    assert result.stdout == ""
    assert sent(simulator)[-1] == "PUT managedClusters"
    assert simulator.requests.all()[-1].status == 200
    assert simulator.cluster(GROUP, CLUSTER)["properties"]["provisioningState"] == "Updating"


def test_no_wait_reports_refusal(az: AzureCli, simulator: Simulator) -> None:
    identity = seed_entries(simulator, "app", "broken")["broken"]
    simulator.remove_role_assignments(identity["id"])

    assert "my-app/broken" in az(f"{DELETE} --no-wait").failed()


def test_command_ends_soon_after_operation(az: AzureCli, simulator: Simulator) -> None:
    """The host's own commands look every 30 seconds."""
    seed_entries(simulator, "app")
    takes(simulator, pod_identity=2.5)
    started = simulator.clock.now()

    az(DELETE).ok()

    assert simulator.clock.now() - started < 20
    looks = simulator.requests.matching("GET", OPERATION_PATH)
    assert looks[-1].response["status"] == "Succeeded"
    assert len(looks) <= 5


def test_polling_interval_of_service(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app")
    takes(simulator, pod_identity=2.5)
    simulator.settings.retry_after = 3

    az(DELETE).ok()

    # One at once, one after the pause that was asked for.
    assert len(simulator.requests.matching("GET", OPERATION_PATH)) == 2
    assert not entries(simulator)


def test_operation_with_several_stages(each_az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app")
    takes(simulator, pod_identity=1.8)

    result = each_az(DELETE).ok()

    looks = simulator.requests.matching("GET", OPERATION_PATH)
    assert {look.response["status"] for look in looks} == {"InProgress", "ReconcilingAddons", "Succeeded"}
    assert result.json["provisioningState"] == "Succeeded"
