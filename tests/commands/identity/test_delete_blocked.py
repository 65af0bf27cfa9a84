# SPDX-License-Identifier: MIT
"""Test `az aks pod-identity delete` of entries that the service cannot remove in their current state."""

from __future__ import annotations

import pytest

from azure_simulator import Simulator
from tests.support.azure_cli import CLUSTER, GROUP, POD_IDENTITY, ROLE_PATH, AzureCli, commands_in, sent
from tests.support.cluster_state import entries, pod_identity, principal_id, seed_entries, takes
from tests.support.faults import FORBIDDEN, forbidden

DELETE = f"aks pod-identity delete {POD_IDENTITY}"


def roles_at(simulator: Simulator, az: AzureCli, resource_id: str) -> list[str]:
    """The principals that have a role at the managed identity itself."""
    listed = az(f"role assignment list --scope {resource_id}").ok().json
    return [each["principalId"] for each in listed]


def test_delete_grants_lost_role(each_az: AzureCli, simulator: Simulator) -> None:
    identity = seed_entries(simulator, "app", "other")["app"]
    simulator.remove_role_assignments(identity["id"])

    result = each_az(f"{DELETE} --name app").ok()

    assert list(entries(simulator)) == ["other"]
    (grant,) = simulator.requests.matching("PUT", ROLE_PATH)
    assert grant.body["properties"]["principalId"] == principal_id(simulator.cluster(GROUP, CLUSTER))
    assert sent(simulator).count("PUT managedClusters") == 2
    assert any("Granting" in warning and identity["id"] in warning for warning in result.warnings)
    assert any("keeps its role" in warning for warning in result.warnings)


def test_delete_revokes_granted_role_with_flag(az: AzureCli, simulator: Simulator) -> None:
    identity = seed_entries(simulator, "app")["app"]
    simulator.remove_role_assignments(identity["id"])

    az(f"{DELETE} --name app --delete-role-assignment").ok()

    assert not entries(simulator)
    assert roles_at(simulator, az, identity["id"]) == []


def test_delete_waits_for_granted_role(az: AzureCli, simulator: Simulator) -> None:
    identity = seed_entries(simulator, "app")["app"]
    simulator.remove_role_assignments(identity["id"])
    takes(simulator, role_propagation=1.5)

    az(f"{DELETE} --name app").ok()

    assert not entries(simulator)
    assert len(simulator.requests.matching("PUT", ROLE_PATH)) == 1


def test_delete_entry_of_recreated_identity(az: AzureCli, simulator: Simulator) -> None:
    identity = seed_entries(simulator, "app")["app"]
    simulator.remove_managed_identity(identity["id"])
    simulator.seed.managed_identity(GROUP, "app")
    simulator.remove_role_assignments(identity["id"])

    az(f"{DELETE} --name app").ok()

    assert not entries(simulator)


def test_delete_grant_forbidden_prints_command(az: AzureCli, simulator: Simulator) -> None:
    identity = seed_entries(simulator, "app")["app"]
    simulator.remove_role_assignments(identity["id"])
    simulator.faults.add(forbidden("PUT", ROLE_PATH))

    message = az(f"{DELETE} --name app").failed()

    assert FORBIDDEN in message
    assert "--skip-role-assignment" not in message
    az.paste(message)
    az(f"{DELETE} --name app").ok()
    assert not entries(simulator)


def test_delete_grants_no_role_for_other_entry(az: AzureCli, simulator: Simulator) -> None:
    broken = seed_entries(simulator, "healthy", "broken")["broken"]
    simulator.remove_role_assignments(broken["id"])

    message = az(f"{DELETE} --name healthy").failed()

    assert not simulator.requests.matching("PUT", ROLE_PATH)
    assert f"az {DELETE} --name healthy --name broken" in commands_in(message)


@pytest.mark.parametrize("flag", ["", " --delete-role-assignment"])
def test_delete_all_broken_in_one_write(az: AzureCli, simulator: Simulator, flag: str) -> None:
    names = [f"broken-{number}" for number in range(6)]
    identities = seed_entries(simulator, "healthy", *names)
    for name in names:
        simulator.remove_role_assignments(identities[name]["id"])

    az(f"{DELETE} --name {' '.join(names)}{flag}").ok()

    assert list(entries(simulator)) == ["healthy"]
    assert len(simulator.requests.matching("PUT", ROLE_PATH)) == 6
    assert sent(simulator).count("PUT managedClusters") == 2  # one that the service failed, one with the roles there
    assert len(simulator.requests.matching("DELETE", ROLE_PATH)) == (6 if flag else 0)


def test_delete_several_with_deleted_identity(az: AzureCli, simulator: Simulator) -> None:
    identities = seed_entries(simulator, "healthy", "unassigned", "gone")
    simulator.remove_role_assignments(identities["unassigned"]["id"])
    simulator.remove_managed_identity(identities["gone"]["id"])
    command = f"{DELETE} --name healthy unassigned gone"

    message = az(command).failed()

    assert "'my-app/gone' ended in state Failed" in message
    assert list(entries(simulator)) == ["gone"]
    az.paste(message.partition("Or, to keep the entry")[0])
    assert not entries(simulator)
    az(command).ok()


def test_delete_existing_role_not_granted(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app")
    simulator.faults.fail_operation("AddonTrouble", "The add-on could not be reconciled.")

    assert "The add-on could not be reconciled." in az(f"{DELETE} --name app").failed()

    assert not simulator.requests.matching(path="roleAssignments")


def test_delete_shared_identity_without_role(az: AzureCli, simulator: Simulator) -> None:
    identity = simulator.seed.managed_identity(GROUP, "shared")
    both = [pod_identity(identity, "one"), pod_identity(identity, "two")]
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity={"enabled": True, "userAssignedIdentities": both})

    az(f"{DELETE} --name one --delete-role-assignment").ok()

    assert list(entries(simulator)) == ["two"]
    assert roles_at(simulator, az, identity["id"]) == [principal_id(simulator.cluster(GROUP, CLUSTER))]
