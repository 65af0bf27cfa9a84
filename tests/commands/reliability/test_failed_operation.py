# SPDX-License-Identifier: MIT
"""Test operations that the service accepts and then fails."""

from __future__ import annotations

from typing import Any

import pytest

from azure_simulator import Simulator
from tests.support.azure_cli import POD_IDENTITY, AzureCli
from tests.support.cluster_state import entries, exceptions, seed_entries

ADD = f"aks pod-identity add {POD_IDENTITY} --identity-resource-id"


def test_failed_entry_fixed_by_repeated_add(
    each_az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    simulator.faults.fail_entry("my-app", "app-identity", "NodeAgentTrouble", "The node agent did not answer.")

    message = each_az(f"{ADD} {identity['id']}").failed()

    assert "my-app/app-identity" in message
    assert "NodeAgentTrouble" in message
    assert "The node agent did not answer." in message
    shown = each_az(f"aks pod-identity show {POD_IDENTITY} --name app-identity").ok().json
    assert shown["provisioningState"] == "Failed"
    assert shown["provisioningInfo"]["error"]["error"]["message"] == "The node agent did not answer."
    each_az(f"{ADD} {identity['id']}").ok()
    assert entries(simulator)["app-identity"]["provisioningState"] == "Assigned"


def test_failed_add_fixed_by_repeated_add(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    simulator.faults.fail_operation("AddonTrouble", "The add-on could not be reconciled.")

    message = az(f"{ADD} {identity['id']}").failed()

    assert "AddonTrouble" in message
    assert "The add-on could not be reconciled." in message
    assert "Request ID: " in message
    az(f"{ADD} {identity['id']}").ok()
    assert entries(simulator)["app-identity"]["provisioningState"] == "Assigned"


def test_failed_delete_fixed_by_repeated_delete(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app")
    simulator.faults.fail_operation("AddonTrouble", "The add-on could not be reconciled.")
    command = f"aks pod-identity delete {POD_IDENTITY} --name app"

    message = az(command).failed()

    assert "The add-on could not be reconciled." in message
    assert entries(simulator)["app"]["provisioningState"] == "Failed"
    az(command).ok()
    assert not entries(simulator)


@pytest.mark.parametrize(
    ("command", "left"),
    [
        ("exception add --name new --pod-labels app=x", {"old", "new"}),
        ("exception delete --name old", set()),
    ],
)
def test_failed_exception_add(az: AzureCli, simulator: Simulator, command: str, left: set[str]) -> None:
    old = {"name": "old", "namespace": "my-app", "podLabels": {"app": "old"}}
    seed_entries(simulator, exceptions=[old])
    simulator.faults.fail_operation("AddonTrouble", "The add-on could not be reconciled.")

    message = az(f"aks pod-identity {command} {POD_IDENTITY}").failed()

    assert "(AddonTrouble) The add-on could not be reconciled." in message
    assert set(exceptions(simulator)) == left


def test_change_after_failed_operation(az: AzureCli, simulator: Simulator, identity: dict[str, Any]) -> None:
    seed_entries(simulator, provisioningState="Failed")

    az(f"{ADD} {identity['id']}").ok()

    assert entries(simulator)["app-identity"]["provisioningState"] == "Assigned"
