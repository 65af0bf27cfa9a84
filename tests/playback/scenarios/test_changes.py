# SPDX-License-Identifier: MIT
"""Changes of several entries, broken entries, and flags beside those of the host."""

from __future__ import annotations

from tests.playback.scenario import IN_APP, Scenario, states


def bind(scenario: Scenario, *names: str) -> list[str]:
    """Create a managed identity of each name and bind it. Return the resource IDs."""
    identities = [scenario.create_identity(name) for name in names]
    for identity in identities:
        scenario.pod_identity(f"add {IN_APP} --identity-resource-id {identity}").ok()
    return identities


def roles_at(scenario: Scenario, resource_id: str) -> object:
    """Return the role assignments whose scope is the managed identity."""
    return scenario.az(f"role assignment list --scope {resource_id} --fill-principal-name false").ok().json


def test_delete_several_keeps_new_roles(scenario: Scenario) -> None:
    scenario.create_cluster()
    identities = bind(scenario, "one", "two", "three")

    left = scenario.pod_identity(f"delete {IN_APP} --name one two --delete-role-assignment").ok()

    assert states(left.json) == {"three": "Assigned"}
    # They were granted recently, so another command may rely on them.
    assert left.stderr.count("less than 10 minutes old") == 2
    assert [bool(roles_at(scenario, each)) for each in identities] == [True, True, True]


def test_delete_entry_without_role(scenario: Scenario) -> None:
    scenario.create_cluster()
    (identity,) = bind(scenario, "app")
    role = "Managed Identity Operator"
    scenario.az(f"role assignment delete --scope {identity} --role '{role}' --yes").ok()

    removed = scenario.pod_identity(f"delete {IN_APP} --name app").ok()

    assert states(removed.json) == {}
    assert "Granting the cluster identity the role" in removed.stderr
    assert "keeps its role over" in removed.stderr


def test_force_binds_recreated_identity(scenario: Scenario) -> None:
    scenario.create_cluster()
    (identity,) = bind(scenario, "app")
    scenario.az(f"identity delete --ids {identity}").ok()
    assert scenario.create_identity("app") == identity
    add = f"add {IN_APP} --identity-resource-id {identity}"

    assert "was deleted and recreated" in scenario.pod_identity(add).failed()
    forced = scenario.pod_identity(f"{add} --force").ok().json

    now = scenario.az(f"identity show --ids {identity}").ok().json
    (entry,) = forced["podIdentityProfile"]["userAssignedIdentities"]
    assert entry["identity"]["objectId"] == now["principalId"]
    assert entry["provisioningState"] == "Assigned"


def test_update_with_host_flags(scenario: Scenario) -> None:
    scenario.create_cluster("--network-plugin azure")

    updated = scenario.update_cluster("--enable-pod-identity --tags team=a").ok().json

    assert updated["podIdentityProfile"]["enabled"] is True
    assert updated["tags"] == {"team": "a"}


def test_update_with_host_flags_only(scenario: Scenario) -> None:
    scenario.create_cluster()

    assert scenario.update_cluster("--tags team=a").ok().json["podIdentityProfile"]["enabled"] is True


def test_disable_prints_lost_entries(scenario: Scenario) -> None:
    scenario.create_cluster()
    bind(scenario, "app")

    printed = scenario.update_cluster("--disable-pod-identity").ok().stderr

    assert "name: app" in printed
    assert "--yes" in printed


def test_disable_without_entries(scenario: Scenario) -> None:
    scenario.create_cluster()

    disabled = scenario.update_cluster("--disable-pod-identity --no-wait").ok()

    assert disabled.stdout == ""


def test_unknown_cluster_and_entry(scenario: Scenario) -> None:
    assert "az aks list" in scenario.pod_identity("list").failed(3)
    scenario.create_cluster()
    bind(scenario, "app")

    assert "my-app/app" in scenario.pod_identity(f"show {IN_APP} --name nobody").failed(3)
    scenario.pod_identity(f"delete {IN_APP} --name nobody --delete-role-assignment").ok()
    scenario.pod_identity(f"wait {IN_APP} --name nobody --deleted").ok()


def test_create_existing_cluster_is_refused(scenario: Scenario) -> None:
    scenario.create_cluster("--network-plugin azure")
    create = "aks create --resource-group {group} --name {cluster} --no-ssh-key --network-plugin azure"

    refused = scenario.az(f"{create} --enable-pod-identity").failed()

    assert "already exists" in refused
    assert "az aks update" in refused


def test_check_fail_on_error(scenario: Scenario) -> None:
    scenario.create_cluster()
    (identity,) = bind(scenario, "app")
    scenario.az(f"identity delete --ids {identity}").ok()

    result = scenario.pod_identity("check --fail-on error --output table")

    assert result.exit_code == 1
    assert "--fail-on" in result.stderr
    assert "error" in result.stdout.lower()
