# SPDX-License-Identifier: MIT
"""Common command lines: replayed, recorded against the simulator, or run live."""

from __future__ import annotations

from dataclasses import replace

from tests.playback.scenario import IN_APP, Scenario, states


def test_walk(scenario: Scenario) -> None:
    created = scenario.create_cluster("--network-plugin azure --enable-pod-identity --generate-ssh-keys")
    assert created["podIdentityProfile"]["enabled"] is True
    identity = scenario.create_identity("application-identity")

    added = scenario.pod_identity(f"add {IN_APP} --name my-pod-identity --identity-resource-id {identity}").ok()

    assert states(added.json) == {"my-pod-identity": "Assigned"}
    assert states(scenario.pod_identity("list").ok().json) == {"my-pod-identity": "Assigned"}
    shown = scenario.pod_identity(f"show {IN_APP} --name my-pod-identity").ok().json
    assert shown["identity"]["resourceId"] == identity
    deleted = scenario.pod_identity(f"delete {IN_APP} --name my-pod-identity --delete-role-assignment").ok()
    # The role was granted recently, so another command may rely on it.
    assert "less than 10 minutes old" in deleted.stderr
    assert states(scenario.pod_identity("list").ok().json) == {}
    assert len(scenario.az(f"role assignment list --scope {identity} --fill-principal-name false").ok().json) == 1


def test_kubenet_without_consent(scenario: Scenario) -> None:
    create = "aks create --resource-group {group} --name {cluster} --no-ssh-key"

    refused = scenario.az(f"{create} --network-plugin kubenet --enable-pod-identity").failed()

    assert "impersonate" in refused
    assert "--enable-pod-identity-with-kubenet" in refused


def test_kubenet_with_consent(scenario: Scenario) -> None:
    created = scenario.create_cluster(
        "--network-plugin kubenet --enable-pod-identity --enable-pod-identity-with-kubenet"
    )
    assert created["podIdentityProfile"]["allowNetworkPluginKubenet"] is True
    identity = scenario.create_identity("application-identity")

    added = scenario.pod_identity(f"add {IN_APP} --name app --identity-resource-id {identity}").ok()

    assert states(added.json) == {"app": "Assigned"}


def test_selector_of_two_identities(scenario: Scenario) -> None:
    scenario.create_cluster()
    for name in ("storage", "database"):
        identity = scenario.create_identity(name)
        scenario.pod_identity(f"add {IN_APP} --identity-resource-id {identity} --binding-selector shared_Selector").ok()

    listed = scenario.pod_identity(f"list {IN_APP}").ok().json

    entries = listed["podIdentityProfile"]["userAssignedIdentities"]
    assert [(each["name"], each["bindingSelector"]) for each in entries] == [
        ("storage", "shared_Selector"),
        ("database", "shared_Selector"),
    ]


def test_exceptions(scenario: Scenario) -> None:
    scenario.create_cluster()
    scenario.pod_identity(f"exception add {IN_APP} --name agents --pod-labels app=agent").ok()

    scenario.pod_identity(f"exception update {IN_APP} --name agents --pod-labels app=agent tier=node").ok()

    shown = scenario.pod_identity(f"exception show {IN_APP} --name agents").ok().json
    assert shown["podLabels"] == {"app": "agent", "tier": "node"}
    scenario.pod_identity(f"exception delete {IN_APP} --name agents").ok()
    listed = scenario.pod_identity(f"exception list {IN_APP}").ok().json
    assert not listed["podIdentityProfile"]["userAssignedIdentityExceptions"]
    assert "agents" in scenario.pod_identity(f"exception show {IN_APP} --name agents").failed(3)


def test_enable_disable_enable(scenario: Scenario) -> None:
    scenario.create_cluster("--network-plugin azure")
    identity = scenario.create_identity("application-identity")
    add = f"add {IN_APP} --name app --identity-resource-id {identity}"
    assert "--enable-pod-identity" in scenario.pod_identity(add).failed()

    scenario.update_cluster("--enable-pod-identity").ok()
    scenario.pod_identity(add).ok()
    disabled = scenario.update_cluster("--disable-pod-identity --yes").ok().json
    assert not disabled["podIdentityProfile"]["enabled"]
    scenario.update_cluster("--enable-pod-identity").ok()

    assert states(scenario.pod_identity(add).ok().json) == {"app": "Assigned"}


def test_role_granted_at_group(scenario: Scenario) -> None:
    created = scenario.create_cluster()
    identity = scenario.create_identity("application-identity")
    group_id = scenario.az("group show --name {group}").ok().json["id"]
    principal = created["identity"]["principalId"]
    scenario.az(
        f"role assignment create --role 'Managed Identity Operator' --scope {group_id} "
        f"--assignee-object-id {principal} --assignee-principal-type ServicePrincipal"
    ).ok()

    scenario.pod_identity(f"add {IN_APP} --name app --identity-resource-id {identity}").ok()

    assigned = scenario.az(f"role assignment list --scope {identity} --fill-principal-name false").ok().json
    assert not assigned


def test_slow_role_propagation(scenario: Scenario) -> None:
    scenario.create_cluster()
    identity = scenario.create_identity("application-identity")
    if scenario.simulator:  # longer than until the first retry
        scenario.simulator.durations = replace(scenario.simulator.durations, role_propagation=200)

    added = scenario.pod_identity(f"add {IN_APP} --name app --identity-resource-id {identity}").ok()

    assert states(added.json) == {"app": "Assigned"}


def test_no_wait_then_wait(scenario: Scenario) -> None:
    scenario.create_cluster()
    identity = scenario.create_identity("application-identity")

    begun = scenario.pod_identity(f"add {IN_APP} --name app --identity-resource-id {identity} --no-wait").ok()

    assert begun.stdout == ""
    scenario.pod_identity(f"wait {IN_APP} --name app --created --interval 1").ok()
    assert scenario.pod_identity(f"show {IN_APP} --name app").ok().json["provisioningState"] == "Assigned"


def test_check(scenario: Scenario) -> None:
    scenario.create_cluster()
    identity = scenario.create_identity("application-identity")
    scenario.pod_identity(f"add {IN_APP} --name app --identity-resource-id {identity}").ok()
    scenario.az(f"identity delete --ids {identity}").ok()

    findings = scenario.pod_identity("check").ok().json

    assert findings[0]["severity"].lower() == "error"
    assert any("app" in str(each) for each in findings)
