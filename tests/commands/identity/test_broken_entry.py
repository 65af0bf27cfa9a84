# SPDX-License-Identifier: MIT
"""Test changes that the service refuses because of one broken entry, and the commands that fix it."""

from __future__ import annotations

from typing import Any

import pytest

from azure_simulator import Fault, Simulator
from tests.support.azure_cli import CLUSTER, GROUP, ON_CLUSTER, POD_IDENTITY, AzureCli, commands_in, sent
from tests.support.cluster_state import entries, pod_identity, principal_id, seed_entries

ADD = f"aks pod-identity add {POD_IDENTITY} --identity-resource-id"
DELETE = f"aks pod-identity delete {POD_IDENTITY} --name"
EXCEPT = f"aks pod-identity exception add {POD_IDENTITY} --pod-labels app=x"

CHECK = f"az aks pod-identity check {ON_CLUSTER} --output table"


def break_role(simulator: Simulator, identity: dict[str, Any]) -> None:
    simulator.remove_role_assignments(identity["id"])


def break_identity(simulator: Simulator, identity: dict[str, Any]) -> None:
    simulator.remove_managed_identity(identity["id"])


def recreate_identity(simulator: Simulator, identity: dict[str, Any]) -> None:
    simulator.remove_managed_identity(identity["id"])
    simulator.seed.managed_identity(GROUP, identity["name"])


WAYS = {
    "no role": (break_role, "on which the cluster identity has no role"),
    "identity deleted": (break_identity, "which no longer exists"),
    "identity created again": (recreate_identity, "which was deleted and recreated"),
}
ways = pytest.mark.parametrize("way", WAYS)


@ways
def test_add_blocked_by_other_entry(az: AzureCli, simulator: Simulator, way: str) -> None:
    broken = seed_entries(simulator, "healthy", "broken")["broken"]
    new = simulator.seed.managed_identity(GROUP, "new")
    break_it, reason = WAYS[way]
    break_it(simulator, broken)

    message = az(f"{ADD} {new['id']}").failed()

    assert f"'my-app/broken' is bound to managed identity '{broken['id']}', {reason}" in message
    assert "PodIdentityAddonIdentitiesAssignmentError" in message
    assert "healthy" not in message
    assert sent(simulator).count("PUT managedClusters") == 1
    az.paste(message)
    az(f"{ADD} {new['id']}").ok()
    assert entries(simulator)["new"]["provisioningState"] == "Assigned"


@ways
def test_delete_healthy_entry_blocked_by_other_entry(az: AzureCli, simulator: Simulator, way: str) -> None:
    broken = seed_entries(simulator, "healthy", "broken")["broken"]
    break_it, reason = WAYS[way]
    break_it(simulator, broken)

    message = az(f"{DELETE} healthy").failed()

    assert f"'my-app/broken' is bound to managed identity '{broken['id']}', {reason}" in message
    assert "my-app/healthy" not in message
    assert list(entries(simulator)) == ["healthy", "broken"]
    assert commands_in(message)[-2:] == [f"az {DELETE} healthy --name broken", CHECK]
    az.paste(message)
    assert not entries(simulator)


def test_several_broken_entries_fixed_in_one_round(az: AzureCli, simulator: Simulator) -> None:
    identities = seed_entries(simulator, "healthy", "one", "two", "three")
    for name, break_it in (("one", break_role), ("two", break_role), ("three", recreate_identity)):
        break_it(simulator, identities[name])

    message = az(EXCEPT).failed()
    assert commands_in(message)[-1] == CHECK
    findings = az(CHECK.removeprefix("az ").replace("table", "json")).ok().json
    az.paste("\n".join(dict.fromkeys(each["command"] or "" for each in findings if each["severity"] == "error")))

    az(EXCEPT).ok()
    assert {entry["provisioningState"] for entry in entries(simulator).values()} == {"Assigned"}


def test_exception_blocked_by_broken_entry(az: AzureCli, simulator: Simulator) -> None:
    broken = seed_entries(simulator, "broken")["broken"]
    break_role(simulator, broken)

    message = az(EXCEPT).failed()

    assert "my-app/broken" in message
    az.paste(message)
    az(EXCEPT).ok()


def test_all_entries_of_broken_identity_are_named(az: AzureCli, simulator: Simulator) -> None:
    identity = simulator.seed.managed_identity(GROUP, "shared")
    both = [pod_identity(identity, "one"), pod_identity(identity, "two")]
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity={"enabled": True, "userAssignedIdentities": both})
    simulator.remove_managed_identity(identity["id"])

    message = az(EXCEPT).failed()

    assert "'my-app/one', 'my-app/two'" in message
    removal = f"az aks pod-identity delete {ON_CLUSTER} --namespace my-app --name one --name two"
    assert [command for command in commands_in(message) if "delete" in command] == [removal]


def test_delete_leaves_entry_failed(each_az: AzureCli, simulator: Simulator) -> None:
    broken = seed_entries(simulator, "healthy", "broken")["broken"]
    break_identity(simulator, broken)

    message = each_az(f"{DELETE} broken").failed()

    assert entries(simulator)["broken"]["provisioningState"] == "Failed"
    before = "WARNING: The managed identity of pod identity 'my-app/broken' no longer exists, so the service may fail"
    assert message.startswith(before)
    assert "ended in state Failed" in message
    assert "which no longer exists" in message
    create, remove, keep, check = commands_in(message)
    assert (create.split()[1:3], remove.split()[1:4]) == (["identity", "create"], ["aks", "pod-identity", "delete"])
    assert check == CHECK
    each_az(create.removeprefix("az ")).ok()
    each_az(keep.removeprefix("az ")).ok()
    assert entries(simulator)["broken"]["provisioningState"] == "Assigned"
    result = each_az(remove.removeprefix("az ")).ok()
    assert list(entries(simulator)) == ["healthy"]
    assert "no longer exists" not in result.stderr


def test_added_entry_itself_is_broken(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    message = az(f"{ADD} {identity['id']} --skip-role-assignment").failed()

    assert f"that is being added is bound to managed identity '{identity['id']}'" in message
    assert principal_id(cluster) in message


@pytest.mark.parametrize("way", ["identity deleted", "identity created again"])
def test_repeated_add_with_recreated_identity(az: AzureCli, simulator: Simulator, way: str) -> None:
    broken = seed_entries(simulator, "broken")["broken"]
    break_it, reason = WAYS[way]
    break_it(simulator, broken)

    message = az(f"{ADD} {broken['id']}").failed()

    assert f"'my-app/broken' already exists, bound to managed identity '{broken['id']}', {reason}" in message
    assert not simulator.requests.matching("PUT")
    az.paste(message)
    az(f"{ADD} {broken['id']}").ok()
    assert entries(simulator)["broken"]["provisioningState"] == "Assigned"


def test_repeated_add_with_unreadable_identity(az: AzureCli, simulator: Simulator) -> None:
    identity = seed_entries(simulator, "app")["app"]
    simulator.faults.add(Fault("GET", "userAssignedIdentities", status=403, code="AuthorizationFailed", message="no"))

    assert any("No changes" in warning for warning in az(f"{ADD} {identity['id']}").ok().warnings)
