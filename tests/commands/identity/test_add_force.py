# SPDX-License-Identifier: MIT
"""Test `az aks pod-identity add --force` with existing, failed and leftover entries."""

from __future__ import annotations

import pytest

from azure_simulator import Simulator
from tests.support.azure_cli import CLUSTER, GROUP, POD_IDENTITY, AzureCli, commands_in, sent
from tests.support.cluster_state import entries, is_bound, pod_identity, principal_id, recreate, seed_entries

ADD = f"aks pod-identity add {POD_IDENTITY} --identity-resource-id"
DELETE = f"aks pod-identity delete {POD_IDENTITY} --name"


def test_force_rebinds_recreated_identity(each_az: AzureCli, simulator: Simulator) -> None:
    new = recreate(simulator, seed_entries(simulator, "app", "other")["app"])

    message = each_az(f"{ADD} {new['id']}").failed()

    assert "was deleted and recreated" in message
    assert commands_in(message) == [f"az {ADD.replace(' --identity', ' --name app --identity')} {new['id']} --force"]
    assert not simulator.requests.matching("PUT")
    each_az.paste(message)
    assert is_bound(simulator, new, "app")
    assert list(entries(simulator)) == ["app", "other"]
    assert sent(simulator).count("PUT managedClusters") == 1


def test_force_replaces_leftover_of_failed_removal(az: AzureCli, simulator: Simulator) -> None:
    old = seed_entries(simulator, "app")["app"]
    simulator.remove_managed_identity(old["id"])
    az(f"{DELETE} app").failed()
    new = simulator.seed.managed_identity(GROUP, "app")

    message = az(f"{ADD} {new['id']}").failed()

    assert "'my-app/app' already exists" in message
    simulator.requests.clear()
    az.paste(message)
    assert is_bound(simulator, new, "app")
    assert sent(simulator).count("PUT managedClusters") == 1


def test_force_replaces_leftover_of_other_identity(az: AzureCli, simulator: Simulator) -> None:
    old = seed_entries(simulator, "app")["app"]
    simulator.remove_managed_identity(old["id"])
    az(f"{DELETE} app").failed()
    new = simulator.seed.managed_identity(GROUP, "another")

    message = az(f"{ADD} {new['id']} --name app").failed()

    assert "in state Failed" in message
    assert old["id"] in message
    az.paste(message)
    assert is_bound(simulator, new, "app")


def test_add_retries_failed_entry_of_same_identity(az: AzureCli, simulator: Simulator) -> None:
    identity = seed_entries(simulator, "app")["app"]
    simulator.faults.fail_operation("AddonTrouble", "The add-on could not be reconciled.")
    az(f"{DELETE} app").failed()

    result = az(f"{ADD} {identity['id']}").ok()

    assert any("in state Failed (The add-on could" in warning for warning in result.warnings)
    assert is_bound(simulator, identity, "app")


def test_force_rebinds_all_entries_of_shared_identity(az: AzureCli, simulator: Simulator) -> None:
    old = simulator.seed.managed_identity(GROUP, "shared")
    both = [pod_identity(old, "one"), pod_identity(old, "two")]
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity={"enabled": True, "userAssignedIdentities": both})
    new = recreate(simulator, old)

    az(f"{ADD} {new['id']} --name one --force").ok()

    assert is_bound(simulator, new, "one")
    assert is_bound(simulator, new, "two")


@pytest.mark.parametrize("name", ["app", "new"])
def test_force_adds_new_entry(az: AzureCli, simulator: Simulator, name: str) -> None:
    identity = seed_entries(simulator, "app")["app"]
    simulator.seed.role_assignment(identity["id"], principal_id(simulator.cluster(GROUP, CLUSTER)), "Contributor")

    result = az(f"{ADD} {identity['id']} --name {name} --force").ok()

    assert is_bound(simulator, identity, name)
    assert any("No changes" in warning for warning in result.warnings) == (name == "app")
    assert len(simulator.requests.matching("PUT")) == (0 if name == "app" else 1)


def test_force_keeps_healthy_entry(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app")
    another = simulator.seed.managed_identity(GROUP, "another")

    message = az(f"{ADD} {another['id']} --name app --force").failed()

    assert "already exists" in message
    assert not simulator.requests.matching("PUT")
