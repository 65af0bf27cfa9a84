# SPDX-License-Identifier: MIT
"""Test `az aks pod-identity update` of the selector or the managed identity in one write."""

from __future__ import annotations

from typing import Any

import pytest

from azure_simulator import Fault, Simulator
from tests.support.azure_cli import CLUSTER, CLUSTER_PATH, GROUP, POD_IDENTITY, AzureCli, commands_in, sent
from tests.support.cluster_state import change_meanwhile, entries, seed_entries, takes

UPDATE = f"aks pod-identity update {POD_IDENTITY} --name app"


@pytest.fixture
def seeded(simulator: Simulator) -> dict[str, Any]:
    """The managed identities of the entries `app` and `theirs`."""
    return seed_entries(simulator, "app", "theirs")


def test_update_selector(each_az: AzureCli, simulator: Simulator, seeded: dict[str, Any]) -> None:
    theirs = entries(simulator)["theirs"]

    each_az(f"{UPDATE} --binding-selector My_selector").ok()

    assert entries(simulator)["app"]["bindingSelector"] == "My_selector"
    assert entries(simulator)["app"]["identity"]["resourceId"] == seeded["app"]["id"]
    assert entries(simulator)["app"]["provisioningState"] == "Assigned"
    assert entries(simulator)["theirs"] == theirs
    assert sent(simulator).count("PUT managedClusters") == 1
    assert "PUT roleAssignments" not in sent(simulator)


def test_update_empty_selector_resets_to_name(az: AzureCli, simulator: Simulator, seeded: dict[str, Any]) -> None:
    az(f"{UPDATE} --binding-selector other").ok()

    az(f"{UPDATE} --binding-selector ''").ok()

    assert entries(simulator)["app"].get("bindingSelector") in (None, "app")


def test_update_managed_identity(az: AzureCli, simulator: Simulator, seeded: dict[str, Any]) -> None:
    new = simulator.seed.managed_identity(GROUP, "new")

    result = az(f"{UPDATE} --identity-resource-id {new['id']} --binding-selector both").ok()

    assert entries(simulator)["app"]["identity"]["objectId"] == new["properties"]["principalId"]
    assert entries(simulator)["app"]["bindingSelector"] == "both"
    assert (sent(simulator).count("PUT managedClusters"), sent(simulator).count("PUT roleAssignments")) == (1, 1)
    assert any("keeps its role over" in warning and "/app'" in warning for warning in result.warnings)


def test_update_to_same_values(az: AzureCli, simulator: Simulator, seeded: dict[str, Any]) -> None:
    az(f"{UPDATE} --identity-resource-id {seeded['app']['id']} --binding-selector app").ok()

    assert not simulator.requests.matching("PUT")


def test_update_unknown_entry(az: AzureCli, simulator: Simulator, seeded: dict[str, Any]) -> None:
    message = az(f"aks pod-identity update {POD_IDENTITY} --name gone --binding-selector x").failed(3)

    assert "my-app/app, my-app/theirs" in message
    assert not simulator.requests.matching("PUT")


def test_update_without_changes_refused(az: AzureCli, simulator: Simulator) -> None:
    assert "--binding-selector, --identity-resource-id or both" in az(UPDATE).failed()
    assert not simulator.requests.all()


def test_update_keeps_concurrent_change(az: AzureCli, simulator: Simulator, seeded: dict[str, Any]) -> None:
    simulator.faults.add(Fault("PUT", CLUSTER_PATH, call=lambda: change_meanwhile(simulator)))

    az(f"{UPDATE} --binding-selector new").ok()

    assert entries(simulator)["app"]["bindingSelector"] == "new"
    assert set(entries(simulator)) == {"app", "theirs"}


def test_update_no_wait(az: AzureCli, simulator: Simulator, seeded: dict[str, Any]) -> None:
    takes(simulator, pod_identity=60)

    assert az(f"{UPDATE} --binding-selector new --no-wait").ok().stdout == ""


def test_add_other_selector_recommends_update(az: AzureCli, simulator: Simulator, seeded: dict[str, Any]) -> None:
    add = f"aks pod-identity add {POD_IDENTITY} --name app --identity-resource-id {seeded['app']['id']}"

    message = az(f"{add} --binding-selector new").failed()

    assert "with binding selector 'app', not 'new'." in message
    (command,) = commands_in(message)
    az.paste(command)
    assert entries(simulator)["app"]["bindingSelector"] == "new"
    assert CLUSTER in command
