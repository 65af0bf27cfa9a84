# SPDX-License-Identifier: MIT
"""Changes beyond the walk: several at once, what is broken, and flags beside those of the host."""

from __future__ import annotations

from tests.playback.scenario import IN_APP, Scenario, states


def bind(scenario: Scenario, *names: str) -> list[str]:
    """Adds a pod identity of each name, of a managed identity of that name; returns the resource ids."""
    identities = [scenario.create_identity(name) for name in names]
    for identity in identities:
        scenario.pod_identity(f"add {IN_APP} --identity-resource-id {identity}").ok()
    return identities


def roles_at(scenario: Scenario, resource_id: str) -> object:
    """The role assignments at the managed identity itself."""
    return scenario.az(f"role assignment list --scope {resource_id} --fill-principal-name false").ok().json


def test_delete_several_in_one_write_keeps_new_roles(scenario: Scenario) -> None:
    scenario.create_cluster()
    identities = bind(scenario, "one", "two", "three")

    left = scenario.pod_identity(f"delete {IN_APP} --name one two --delete-role-assignment").ok()

    assert states(left.json) == {"three": "Assigned"}
    # They were granted a moment ago, so another command may rely on them.
    assert left.stderr.count("less than 10 minutes old") == 2
    assert [bool(roles_at(scenario, each)) for each in identities] == [True, True, True]


def test_an_entry_whose_role_was_lost_goes(scenario: Scenario) -> None:
    scenario.create_cluster()
    (identity,) = bind(scenario, "app")
    role = "Managed Identity Operator"
    scenario.az(f"role assignment delete --scope {identity} --role '{role}' --yes").ok()

    removed = scenario.pod_identity(f"delete {IN_APP} --name app").ok()

    assert states(removed.json) == {}
    assert "Granting the cluster identity the role" in removed.stderr
    assert "keeps its role over" in removed.stderr


def test_an_identity_that_was_created_again_is_bound_with_force(scenario: Scenario) -> None:
    scenario.create_cluster()
    (identity,) = bind(scenario, "app")
    scenario.az(f"identity delete --ids {identity}").ok()
    assert scenario.create_identity("app") == identity
    add = f"add {IN_APP} --identity-resource-id {identity}"

    told = scenario.pod_identity(add).failed()
    assert "was deleted and recreated" in told
    forced = scenario.pod_identity(f"{add} --force").ok().json

    now = scenario.az(f"identity show --ids {identity}").ok().json
    (entry,) = forced["podIdentityProfile"]["userAssignedIdentities"]
    assert entry["identity"]["objectId"] == now["principalId"]
    assert entry["provisioningState"] == "Assigned"


def test_an_update_with_flags_of_the_host_too(scenario: Scenario) -> None:
    scenario.create_cluster("--network-plugin azure")

    updated = scenario.update_cluster("--enable-pod-identity --tags team=a").ok().json

    assert updated["podIdentityProfile"]["enabled"] is True
    assert updated["tags"] == {"team": "a"}


def test_an_update_of_the_host_alone_is_the_hosts(scenario: Scenario) -> None:
    scenario.create_cluster()

    assert scenario.update_cluster("--tags team=a").ok().json["podIdentityProfile"]["enabled"] is True


def test_a_disable_prints_what_is_lost(scenario: Scenario) -> None:
    scenario.create_cluster()
    bind(scenario, "app")

    told = scenario.update_cluster("--disable-pod-identity").ok().stderr

    assert "name: app" in told
    assert "--yes" in told


def test_a_disable_asks_nothing_where_nothing_is_lost(scenario: Scenario) -> None:
    scenario.create_cluster()

    disabled = scenario.update_cluster("--disable-pod-identity --no-wait").ok()

    assert disabled.stdout == ""


def test_what_is_not_there(scenario: Scenario) -> None:
    assert "az aks list" in scenario.pod_identity("list").failed(3)
    scenario.create_cluster()
    bind(scenario, "app")

    assert "my-app/app" in scenario.pod_identity(f"show {IN_APP} --name nobody").failed(3)
    scenario.pod_identity(f"delete {IN_APP} --name nobody --delete-role-assignment").ok()
    scenario.pod_identity(f"wait {IN_APP} --name nobody --deleted").ok()


def test_a_create_over_a_cluster_that_is_there(scenario: Scenario) -> None:
    scenario.create_cluster("--network-plugin azure")
    create = "aks create --resource-group {group} --name {cluster} --no-ssh-key --network-plugin azure"

    refused = scenario.az(f"{create} --enable-pod-identity").failed()

    assert "exists already" in refused
    assert "az aks update" in refused


def test_a_check_that_is_to_fail(scenario: Scenario) -> None:
    scenario.create_cluster()
    (identity,) = bind(scenario, "app")
    scenario.az(f"identity delete --ids {identity}").ok()

    result = scenario.pod_identity("check --fail-on error --output table")

    assert result.exit_code == 1
    assert "--fail-on" in result.stderr
    assert "error" in result.stdout.lower()
