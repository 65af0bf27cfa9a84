# SPDX-License-Identifier: MIT
"""Test `az aks pod-identity delete --delete-role-assignment`."""

from __future__ import annotations

from typing import Any

import pytest

from azext_podidentity.profile.rbac import assignment_name
from azure_simulator import Fault, Simulator
from tests.support.azure_cli import CLUSTER, GROUP, POD_IDENTITY, AzureCli, sent
from tests.support.cluster_state import entries, pod_identity, principal_id, seed_entries
from tests.support.faults import FORBIDDEN, REQUEST_ID, forbidden

DELETE = f"aks pod-identity delete {POD_IDENTITY} --name app --yes --delete-role-assignment"


@pytest.fixture
def identity(simulator: Simulator) -> dict[str, Any]:
    """A managed identity that pod identity `app` binds, without a role."""
    identity = simulator.seed.managed_identity(GROUP, "app")
    profile = {"enabled": True, "userAssignedIdentities": [pod_identity(identity, "app")]}
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=profile)
    return identity


def cluster_principal(simulator: Simulator) -> str:
    return principal_id(simulator.cluster(GROUP, CLUSTER))


def removed(simulator: Simulator) -> list[str]:
    """The names of the role assignments that were asked to be removed."""
    return [each.path.rpartition("/")[2] for each in simulator.requests.matching("DELETE")]


def test_delete_role_of_given_identity_only(each_az: AzureCli, simulator: Simulator, identity: dict[str, Any]) -> None:
    seed, mine = simulator.seed, cluster_principal(simulator)
    group = identity["id"].split("/providers/")[0]
    seed.role_assignment(identity["id"], identity["properties"]["principalId"])
    seed.role_assignment(identity["id"], mine, "Contributor")
    seed.role_assignment(group, mine)
    own = seed.role_assignment(identity["id"], mine)

    result = each_az(DELETE).ok()

    assert removed(simulator) == [own["name"]]
    assert not entries(simulator)
    assert any("Removed the role assignment" in warning and own["id"] in warning for warning in result.warnings)


def test_delete_role_after_entry(az: AzureCli, simulator: Simulator, identity: dict[str, Any]) -> None:
    simulator.seed.role_assignment(identity["id"], cluster_principal(simulator))

    az(DELETE).ok()

    order = sent(simulator)
    assert order.index("DELETE roleAssignments") > order.index("PUT managedClusters")


def test_delete_role_of_user_assigned_cluster_identity(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app", identity="UserAssigned")

    az(DELETE).ok()

    assert len(removed(simulator)) == 1


def test_without_flag_role_stays_with_warning(each_az: AzureCli, simulator: Simulator) -> None:
    identity = seed_entries(simulator, "app")["app"]

    result = each_az(DELETE.removesuffix("--yes --delete-role-assignment")).ok()

    assert not simulator.requests.matching(path="roleAssignments")
    (line,) = [warning for warning in result.warnings if "keeps its role" in warning]
    assert cluster_principal(simulator) in line
    each_az(line[line.index("az ") + 3 :]).ok()
    assert len(removed(simulator)) == 1
    assert not each_az(f"role assignment list --scope {identity['id']}").ok().json


def test_without_flag_no_warning_for_needed_role(az: AzureCli, simulator: Simulator) -> None:
    identity = simulator.seed.managed_identity(GROUP, "shared")
    both = [pod_identity(identity, "app"), pod_identity(identity, "two")]
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity={"enabled": True, "userAssignedIdentities": both})
    simulator.seed.role_assignment(identity["id"], cluster_principal(simulator))

    result = az(DELETE.removesuffix("--yes --delete-role-assignment")).ok()

    assert result.warnings == []


def test_role_stays_for_other_entry(az: AzureCli, simulator: Simulator) -> None:
    identity = simulator.seed.managed_identity(GROUP, "shared")
    second = {**identity, "id": identity["id"].upper()}
    profile = {"enabled": True, "userAssignedIdentities": [pod_identity(identity, "app"), pod_identity(second, "two")]}
    cluster = simulator.seed.cluster(GROUP, CLUSTER, pod_identity=profile)
    simulator.seed.role_assignment(identity["id"], principal_id(cluster))

    result = az(DELETE).ok()

    assert not removed(simulator)
    assert any("Pod identity 'my-app/two'" in warning for warning in result.warnings)
    assert list(entries(simulator)) == ["two"]


def test_inherited_role_stays_with_warning(az: AzureCli, simulator: Simulator, identity: dict[str, Any]) -> None:
    group = identity["id"].split("/providers/")[0]
    simulator.seed.role_assignment(group, cluster_principal(simulator))

    result = az(DELETE).ok()

    assert not removed(simulator)
    assert any("no role assignment" in warning and identity["id"] in warning for warning in result.warnings)


def test_role_stays_if_entry_removal_fails(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app")
    simulator.faults.fail_operation("AddonTrouble", "The add-on could not be reconciled.")

    az(DELETE).failed()

    assert not removed(simulator)


def test_role_stays_if_cluster_identity_unknown(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app", identity="UserAssigned")
    body = simulator.cluster(GROUP, CLUSTER)
    (cluster_identity,) = body["identity"]["userAssignedIdentities"]
    body["identity"]["userAssignedIdentities"][cluster_identity] = {}
    simulator.seed.cluster(GROUP, CLUSTER, body=body)
    simulator.faults.add(forbidden("GET", "/userAssignedIdentities/[^/]+$", times=9))

    result = az(DELETE).ok()

    assert not entries(simulator)
    assert not simulator.requests.matching(path="roleAssignments")
    assert any("does not show the object ID" in warning for warning in result.warnings)


def test_role_of_other_grantor_needs_consent(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app")

    result = az(DELETE.replace(" --yes", "")).ok()

    assert not removed(simulator)
    assert any("was not created by this command" in warning for warning in result.warnings)


def test_role_stays_for_other_cluster(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app", identity="UserAssigned")
    body = simulator.cluster(GROUP, CLUSTER)
    second = body["id"].replace(CLUSTER, "second")
    simulator.seed.cluster(GROUP, "second", body={**body, "id": second, "name": "second"})

    result = az(DELETE).ok()

    assert not removed(simulator)
    assert any("of cluster 'second' needs it" in warning for warning in result.warnings)


def test_role_stays_if_recently_granted(az: AzureCli, simulator: Simulator) -> None:
    """Another process may have granted it for an entry that it is about to add."""
    identity = simulator.seed.managed_identity(GROUP, "app")
    profile = {"enabled": True, "userAssignedIdentities": [pod_identity(identity, "app")]}
    cluster = simulator.seed.cluster(GROUP, CLUSTER, pod_identity=profile)
    simulator.seed.role_assignment(identity["id"], principal_id(cluster), age=30)

    result = az(DELETE).ok()

    assert not removed(simulator)
    assert any("less than 10 minutes old" in warning for warning in result.warnings)


def test_role_removal_forbidden(az: AzureCli, simulator: Simulator) -> None:
    identity = seed_entries(simulator, "app")["app"]
    simulator.faults.add(forbidden("DELETE", "roleAssignments"))

    message = az(DELETE).failed()

    assert FORBIDDEN in message
    assert REQUEST_ID in message
    assert not entries(simulator)
    assert "removed" in message  # the entry is; running the command again would not find it
    assert identity["id"] in message
    az.paste(message)
    assert removed(simulator)[0] == removed(simulator)[-1]


def test_role_removed_concurrently(az: AzureCli, simulator: Simulator) -> None:
    identity = seed_entries(simulator, "app")["app"]
    gone = Fault("DELETE", "roleAssignments", call=lambda: simulator.remove_role_assignments(identity["id"]))
    simulator.faults.add(gone)

    az(DELETE).ok()

    assert not entries(simulator)


def test_leftover_role_removed_by_next_run(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app", "other")
    granted, principal = simulator.seed.managed_identity(GROUP, "new")["id"], cluster_principal(simulator)
    delete = f"aks pod-identity delete {POD_IDENTITY} --name new --delete-role-assignment"
    simulator.seed.role_assignment(granted, principal, name=assignment_name(granted, principal))

    message = az(delete).ok().stderr

    assert "Removed the role assignment" in message
    scopes = [each["properties"]["scope"] for each in simulator.role_assignments(cluster_principal(simulator))]
    assert sorted(scope.rpartition("/")[2] for scope in scopes) == ["app", "other"]


def test_leftover_role_of_user_assigned_cluster_identity(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app", identity="UserAssigned")
    principal = cluster_principal(simulator)
    left = simulator.seed.managed_identity(GROUP, "left")["id"]
    simulator.seed.role_assignment(left, principal, name=assignment_name(left, principal))

    az(DELETE.replace("--name app", "--name not-there")).ok()

    assert removed(simulator) == [assignment_name(left, principal)]
