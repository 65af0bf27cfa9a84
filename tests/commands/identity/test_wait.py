# SPDX-License-Identifier: MIT

from __future__ import annotations

import threading
from typing import Any

import pytest

from azure_simulator import Fault, Simulator
from tests.support.azure_cli import CLUSTER, CLUSTER_PATH, GROUP, POD_IDENTITY, AzureCli, result_of
from tests.support.cluster_state import entries, pod_identity, seed_entries, takes
from tests.support.processes import PATIENCE

WAIT = f"aks pod-identity wait {POD_IDENTITY} --interval 1 --timeout 30"


def test_wait_created_until_assigned(
    each_az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    takes(simulator, pod_identity=1.5)
    add = f"aks pod-identity add {POD_IDENTITY} --name app --identity-resource-id {identity['id']} --no-wait"
    assert each_az(add).ok().stdout == ""

    assert each_az(f"{WAIT} --name app --created").ok().stdout == ""

    assert entries(simulator)["app"]["provisioningState"] == "Assigned"


def test_wait_deleted_until_removed(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app")
    takes(simulator, pod_identity=1.5)
    assert az(f"aks pod-identity delete {POD_IDENTITY} --name app --no-wait").ok().stdout == ""

    assert az(f"{WAIT} --name app --deleted").ok().stdout == ""

    assert not entries(simulator)


@pytest.mark.parametrize(
    "condition",
    [
        "--created",
        "--updated",
        "--exists",
        "--custom \"provisioningState=='Assigned'\"",
        "--custom \"identity.clientId && namespace=='my-app'\"",
    ],
)
def test_wait_condition_already_met(az: AzureCli, simulator: Simulator, condition: str) -> None:
    seed_entries(simulator, "app")

    assert az(f"{WAIT} --name app {condition}").ok().stdout == ""

    assert len(simulator.requests.all()) == 1


def test_wait_deleted_unknown_entry(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "other")

    assert az(f"{WAIT} --name app --deleted").ok().stdout == ""


@pytest.mark.parametrize("condition", ["--created", "--exists"])
def test_wait_created_unknown_entry(az: AzureCli, simulator: Simulator, condition: str) -> None:
    identity = simulator.seed.managed_identity(GROUP, "app")
    simulator.seed.cluster(GROUP, CLUSTER)
    looked = threading.Event()
    simulator.faults.add(Fault("GET", CLUSTER_PATH, call=looked.set))
    waiting = az.start(f"{WAIT} --name app {condition}")
    assert looked.wait(PATIENCE)

    def add(body: dict[str, Any]) -> None:
        body["properties"]["podIdentityProfile"]["userAssignedIdentities"] = [pod_identity(identity, "app")]

    simulator.start_operation(GROUP, CLUSTER, 0, add)

    assert result_of(waiting).ok().stdout == ""


def test_wait_updated_unknown_entry(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "other")

    assert "my-app/other" in az(f"{WAIT} --name app --updated").failed(3)


@pytest.mark.parametrize("condition", ["--created", "--updated", "--deleted"])
def test_wait_failed_entry(az: AzureCli, simulator: Simulator, condition: str) -> None:
    seed_entries(simulator)
    identity = simulator.seed.managed_identity(GROUP, "app")
    simulator.faults.fail_entry("my-app", "app", "NodeAgentTrouble", "The node agent did not answer.")
    az(f"aks pod-identity add {POD_IDENTITY} --identity-resource-id {identity['id']} --no-wait").ok()

    message = az(f"{WAIT} --name app {condition}").failed()

    assert "my-app/app" in message
    assert "The node agent did not answer." in message


def test_wait_unknown_cluster(az: AzureCli, simulator: Simulator) -> None:
    assert "ResourceNotFound" in az(f"{WAIT} --name app --created").failed(3)

    assert len(simulator.requests.all()) == 1
