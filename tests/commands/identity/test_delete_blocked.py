# SPDX-License-Identifier: MIT
"""`az aks pod-identity delete` of entries that the service cannot remove as they are."""

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


def test_an_entry_over_which_the_role_is_gone_gets_it_for_the_removal(each_az: AzureCli, simulator: Simulator) -> None:
    identity = seed_entries(simulator, "app", "other")["app"]
    simulator.remove_role_assignments(identity["id"])

    result = each_az(f"{DELETE} --name app").ok()

    assert list(entries(simulator)) == ["other"]
    (grant,) = simulator.requests.matching("PUT", ROLE_PATH)
    assert grant.body["properties"]["principalId"] == principal_id(simulator.cluster(GROUP, CLUSTER))
    assert sent(simulator).count("PUT managedClusters") == 2
    assert any("Granting" in warning and identity["id"] in warning for warning in result.warnings)
    assert any("keeps its role" in warning for warning in result.warnings)


def test_the_role_for_the_removal_is_taken_again_with_the_flag(az: AzureCli, simulator: Simulator) -> None:
    identity = seed_entries(simulator, "app")["app"]
    simulator.remove_role_assignments(identity["id"])

    az(f"{DELETE} --name app --delete-role-assignment").ok()

    assert not entries(simulator)
    assert roles_at(simulator, az, identity["id"]) == []


def test_the_role_for_the_removal_is_waited_for(az: AzureCli, simulator: Simulator) -> None:
    identity = seed_entries(simulator, "app")["app"]
    simulator.remove_role_assignments(identity["id"])
    takes(simulator, role_propagation=1.5)

    az(f"{DELETE} --name app").ok()

    assert not entries(simulator)
    assert len(simulator.requests.matching("PUT", ROLE_PATH)) == 1


def test_an_entry_whose_managed_identity_was_created_again_goes(az: AzureCli, simulator: Simulator) -> None:
    identity = seed_entries(simulator, "app")["app"]
    simulator.remove_managed_identity(identity["id"])
    simulator.seed.managed_identity(GROUP, "app")
    simulator.remove_role_assignments(identity["id"])

    az(f"{DELETE} --name app").ok()

    assert not entries(simulator)


def test_who_may_not_grant_it_gets_the_command_for_somebody_who_may(az: AzureCli, simulator: Simulator) -> None:
    identity = seed_entries(simulator, "app")["app"]
    simulator.remove_role_assignments(identity["id"])
    simulator.faults.add(forbidden("PUT", ROLE_PATH))

    message = az(f"{DELETE} --name app").failed()

    assert FORBIDDEN in message
    assert "--skip-role-assignment" not in message
    az.paste(message)
    az(f"{DELETE} --name app").ok()
    assert not entries(simulator)


def test_the_role_over_another_entrys_identity_is_not_granted(az: AzureCli, simulator: Simulator) -> None:
    broken = seed_entries(simulator, "healthy", "broken")["broken"]
    simulator.remove_role_assignments(broken["id"])

    message = az(f"{DELETE} --name healthy").failed()

    assert not simulator.requests.matching("PUT", ROLE_PATH)
    assert f"az {DELETE} --name healthy --name broken" in commands_in(message)


@pytest.mark.parametrize("flag", ["", " --delete-role-assignment"])
def test_all_that_are_broken_go_in_one_write(az: AzureCli, simulator: Simulator, flag: str) -> None:
    names = [f"broken-{number}" for number in range(6)]
    identities = seed_entries(simulator, "healthy", *names)
    for name in names:
        simulator.remove_role_assignments(identities[name]["id"])

    az(f"{DELETE} --name {' '.join(names)}{flag}").ok()

    assert list(entries(simulator)) == ["healthy"]
    assert len(simulator.requests.matching("PUT", ROLE_PATH)) == 6
    assert sent(simulator).count("PUT managedClusters") == 2  # one that the service failed, one with the roles there
    assert len(simulator.requests.matching("DELETE", ROLE_PATH)) == (6 if flag else 0)


def test_the_broken_of_several_is_named_where_its_identity_is_gone(az: AzureCli, simulator: Simulator) -> None:
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


def test_a_role_that_is_there_is_no_reason_to_grant_or_to_wait(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app")
    simulator.faults.fail_operation("AddonTrouble", "The add-on could not be reconciled.")

    assert "The add-on could not be reconciled." in az(f"{DELETE} --name app").failed()

    assert not simulator.requests.matching(path="roleAssignments")


def test_an_entry_of_a_shared_identity_that_lost_its_role_goes_alone(az: AzureCli, simulator: Simulator) -> None:
    identity = simulator.seed.managed_identity(GROUP, "shared")
    both = [pod_identity(identity, "one"), pod_identity(identity, "two")]
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity={"enabled": True, "userAssignedIdentities": both})

    az(f"{DELETE} --name one --delete-role-assignment").ok()

    assert list(entries(simulator)) == ["two"]
    assert roles_at(simulator, az, identity["id"]) == [principal_id(simulator.cluster(GROUP, CLUSTER))]
