# SPDX-License-Identifier: MIT
"""Validation of the whole profile, and the states of its entries."""

from __future__ import annotations

from typing import Any

import pytest

from azure_simulator import Durations, Simulator
from tests.support.arm import CLUSTER, GROUP, Arm, add, entry, profile, remove, states

Json = dict[str, Any]


def principal_of(simulator: Simulator) -> str:
    return str(simulator.cluster(GROUP, CLUSTER)["identity"]["principalId"])


def granted(simulator: Simulator, name: str, subscription: str | None = None) -> Json:
    """Return an entry for a new managed identity that the cluster identity may assign."""
    identity = simulator.seed.managed_identity(GROUP, name, subscription)
    simulator.seed.role_assignment(identity["id"], principal_of(simulator))
    return entry(identity, name)


def enable(body: Json) -> None:
    body["properties"]["podIdentityProfile"] = {"enabled": True}


def refusal(answer: Any) -> str:
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == "BadRequest"
    return str(answer.json()["message"])


class TestAddOn:
    def test_feature_must_be_registered(self, arm: Arm, simulator: Simulator) -> None:
        simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)
        simulator.seed.feature("EnablePodIdentityPreview", "NotRegistered")
        assert refusal(arm.change(enable)) == (
            "PodIdentity addon is not allowed since feature "
            "'Microsoft.ContainerService/EnablePodIdentityPreview' is not enabled."
        )

    def test_feature_registration_takes_time(self, arm: Arm, simulator: Simulator) -> None:
        simulator.seed.feature("EnablePodIdentityPreview", "NotRegistered")
        features = "providers/Microsoft.Features/providers/Microsoft.ContainerService/features"
        feature = f"{features}/EnablePodIdentityPreview"
        begun = arm.send("POST", f"{feature}/register").json()
        assert begun["properties"]["state"] == "Registering"
        arm.clock.advance(120)
        assert arm.get(feature).json()["properties"]["state"] == "Registered"

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"identity": "ServicePrincipal"}, "PodIdentity addon requires managed identity."),
            (
                {"network_plugin": "kubenet"},
                "Network plugin kubenet is not supported to use with PodIdentity addon.",
            ),
            (
                {"agentPoolProfiles": [{"name": "pool", "osType": "Windows"}]},
                "PodIdentity addon requires a Linux node pool.",
            ),
            (
                {"agentPoolProfiles": [{"name": "pool", "type": "AvailabilitySet"}]},
                "PodIdentity addon requires node pools on Virtual Machine Scale Sets.",
            ),
        ],
    )
    def test_unsupported_clusters(self, arm: Arm, simulator: Simulator, options: Json, message: str) -> None:
        simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False, **options)
        assert refusal(arm.change(enable)) == message

    def test_kubenet_with_consent(self, arm: Arm, simulator: Simulator) -> None:
        simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False, network_plugin="kubenet")
        consent = {"enabled": True, "allowNetworkPluginKubenet": True}
        answer = arm.change(lambda body: body["properties"].update(podIdentityProfile=consent))
        assert profile(answer.json()) == consent

    def test_disable_leaves_empty_profile(self, arm: Arm, simulator: Simulator) -> None:
        simulator.seed.cluster(GROUP, CLUSTER)
        answer = arm.change(lambda body: profile(body).update(enabled=False))
        assert profile(answer.json()) == {}
        arm.settle()
        assert profile(arm.cluster()) == {}

    def test_create_with_identities_is_refused(self, arm: Arm, simulator: Simulator) -> None:
        body = simulator.seed.cluster(GROUP, CLUSTER)
        profile(body)["userAssignedIdentities"] = [granted(simulator, "a")]
        answer = arm.put(arm.cluster_path("new"), {**body, "name": "new"})
        assert answer.status_code == 400
        assert answer.json()["code"] == "PodIdentityAddonUserAssignedIdentitiesNotAllowedInCreation"
        assert arm.get(arm.cluster_path("new")).status_code == 404


@pytest.mark.usefixtures("cluster")
class TestEntries:
    def test_states_of_added_and_removed_entries(self, arm: Arm, simulator: Simulator) -> None:
        one = granted(simulator, "one")
        assert states(arm.change(add(one)).json()) == {"one": "Updating"}
        arm.settle()
        assert states(arm.cluster()) == {"one": "Assigned"}

        two = granted(simulator, "two")
        assert states(arm.change(add(two)).json()) == {"one": "Assigned", "two": "Updating"}
        arm.settle()
        assert states(arm.change(remove("one")).json()) == {"one": "Deleting", "two": "Assigned"}
        arm.settle()
        assert states(arm.cluster()) == {"two": "Assigned"}

    def test_identity_of_other_subscription(self, arm: Arm, simulator: Simulator) -> None:
        arm.change(add(granted(simulator, "far", simulator.second_subscription_id)))
        arm.settle()
        assert states(arm.cluster()) == {"far": "Assigned"}

    def test_user_assigned_cluster_identity(self, arm: Arm, simulator: Simulator) -> None:
        body = simulator.seed.cluster(GROUP, CLUSTER, identity="UserAssigned")
        (cluster_identity,) = body["identity"]["userAssignedIdentities"].values()
        identity = simulator.seed.managed_identity(GROUP, "pod")
        assert arm.change(add(entry(identity))).status_code == 400
        simulator.seed.role_assignment(identity["id"], cluster_identity["principalId"])
        assert arm.change(add(entry(identity))).status_code == 200

    @pytest.mark.parametrize(
        "change",
        [
            {"name": "under_score"},
            {"name": "Capital"},
            {"name": "a" * 64},
            {"namespace": "dotted.name"},
            {"namespace": ""},
            {"bindingSelector": "-starts-badly"},
        ],
    )
    def test_invalid_names(self, arm: Arm, simulator: Simulator, change: Json) -> None:
        assert "invalid" in refusal(arm.change(add({**granted(simulator, "a"), **change})))

    def test_selector_with_capitals_and_underscores(self, arm: Arm, simulator: Simulator) -> None:
        selected = {**granted(simulator, "a"), "bindingSelector": "My_Selector"}
        assert arm.change(add(selected)).status_code == 200

    def test_same_name_with_different_identities(self, arm: Arm, simulator: Simulator) -> None:
        one, two = granted(simulator, "one"), granted(simulator, "two")
        assert refusal(arm.change(add(one, {**two, "name": "one"}))) == (
            "Found pod identities use different identities with the same name 'one' "
            "in namespace 'namespace'. Please update the pod identity name."
        )
        assert arm.change(add(one, {**two, "name": "one", "namespace": "other"})).status_code == 200

    def test_entry_limit(self, arm: Arm, simulator: Simulator) -> None:
        identity = granted(simulator, "a")
        many = [{**identity, "name": f"name{number}"} for number in range(201)]
        assert "at most 200" in refusal(arm.change(add(*many)))
        assert arm.change(add(*many[:200])).status_code == 200

    @pytest.mark.parametrize("labels", [{}, {"podLabels": None}])
    def test_exception_requires_labels(self, arm: Arm, labels: Json) -> None:
        exception = {"name": "e", "namespace": "n", **labels}
        change = {"userAssignedIdentityExceptions": [exception]}
        assert "podLabels" in refusal(arm.change(lambda body: profile(body).update(change)))

    def test_entry_fails_although_operation_succeeds(self, arm: Arm, simulator: Simulator) -> None:
        simulator.faults.fail_entry("namespace", "a", "Broken", "It broke.")
        poll_url = arm.change(add(granted(simulator, "a"))).headers["azure-asyncoperation"]
        arm.settle()
        (failed,) = profile(arm.cluster())["userAssignedIdentities"]
        assert arm.get(poll_url).json()["status"] == "Succeeded"
        assert failed["provisioningState"] == "Failed"
        assert failed["provisioningInfo"]["error"]["error"] == {"code": "Broken", "message": "It broke."}


@pytest.mark.usefixtures("cluster")
class TestRole:
    def test_missing_role_error_names_all_ids(self, arm: Arm, simulator: Simulator) -> None:
        identity = simulator.seed.managed_identity(GROUP, "a")
        answer = arm.change(add(entry(identity)))
        assert answer.json()["code"] == "PodIdentityAddonIdentitiesAssignmentError"
        assert answer.json()["message"] == (
            f"Cluster identity has no assignment permission over identity 'resourceId: {identity['id']} - "
            f"clientId: {identity['properties']['clientId']} - "
            f"objectId: {identity['properties']['principalId']}'. Please grant at least "
            "'Managed Identity Operator' permission before assigning pod identity."
        )

    @pytest.mark.parametrize("role", ["Managed Identity Operator", "Contributor", "Owner"])
    @pytest.mark.parametrize(
        "scope",
        [
            "{identity}",
            "/subscriptions/{subscription}/resourceGroups/GROUP",
            "/subscriptions/{subscription}",
            "/providers/Microsoft.Management/managementGroups/all",
        ],
    )
    def test_sufficient_roles(self, arm: Arm, simulator: Simulator, role: str, scope: str) -> None:
        identity = simulator.seed.managed_identity(GROUP, "a")
        at = scope.format(identity=identity["id"].upper(), subscription=simulator.subscription_id)
        simulator.seed.role_assignment(at, principal_of(simulator), role)
        assert arm.change(add(entry(identity))).status_code == 200

    @pytest.mark.parametrize(
        ("role", "group"), [("Reader", GROUP), ("Managed Identity Contributor", GROUP), ("Owner", "gro")]
    )
    def test_insufficient_roles(self, arm: Arm, simulator: Simulator, role: str, group: str) -> None:
        identity = simulator.seed.managed_identity(GROUP, "a")
        scope = f"/subscriptions/{simulator.subscription_id}/resourceGroups/{group}"
        simulator.seed.role_assignment(scope, principal_of(simulator), role)
        assert arm.change(add(entry(identity))).status_code == 400

    def test_new_assignment_propagates_after_listing(self, arm: Arm, simulator: Simulator) -> None:
        simulator.durations = Durations(role_propagation=60)
        identity, principal = simulator.seed.managed_identity(GROUP, "a"), principal_of(simulator)
        assignments = f"{identity['id']}/providers/Microsoft.Authorization/roleAssignments"
        operator = "f1a07417-d97a-45cb-824c-7a7467783830"
        definition = f"{identity['id']}/providers/Microsoft.Authorization/roleDefinitions/{operator}"
        properties = {"roleDefinitionId": definition, "principalId": principal}
        created = arm.put(f"{assignments}/{'1' * 8}-1111-1111-1111-{'1' * 12}", {"properties": properties})
        assert created.status_code == 201, created.text

        assert len(arm.get(assignments, query={"$filter": "atScope()"}).json()["value"]) == 1
        arm.clock.advance(59)
        assert arm.change(add(entry(identity))).status_code == 400
        arm.clock.advance(1)
        assert arm.change(add(entry(identity))).status_code == 200


@pytest.mark.usefixtures("cluster")
def test_identity_limit_per_write(arm: Arm, simulator: Simulator) -> None:
    simulator.settings.assign_limit = 2
    first, second, third = (granted(simulator, name) for name in ("a", "b", "c"))
    response = arm.change(add(first, second, third))
    assert (response.status_code, response.json()["message"]) == (
        400,
        "User Assigned Identities Number '3' Assign exceed limit '2' in one request.",
    )
    assert arm.change(add(first, second)).is_success
    arm.settle()
    assert arm.change(add(third)).is_success


@pytest.mark.usefixtures("cluster")
class TestBrokenEntry:
    """An entry whose managed identity or role was deleted."""

    @pytest.fixture(params=["identity", "role"])
    def broken(self, request: pytest.FixtureRequest, arm: Arm, simulator: Simulator) -> Json:
        sound, broken = granted(simulator, "sound"), granted(simulator, "broken")
        assert arm.change(add(sound, broken)).is_success
        arm.settle()
        if request.param == "identity":
            simulator.remove_managed_identity(broken["identity"]["resourceId"])
        else:
            simulator.remove_role_assignments(broken["identity"]["resourceId"])
        return broken

    def test_broken_entry_blocks_other_changes(self, arm: Arm, simulator: Simulator, broken: Json) -> None:
        for change in (remove("sound"), add(granted(simulator, "new"))):
            answer = arm.change(change)
            assert answer.status_code == 400
            assert broken["identity"]["resourceId"] in answer.json()["message"]

    def test_delete_broken_entry_leaves_failed_entry(self, arm: Arm, broken: Json) -> None:
        poll_url = arm.change(remove("broken")).headers["azure-asyncoperation"]
        assert states(arm.cluster()) == {"sound": "Assigned", "broken": "Deleting"}
        arm.settle()

        assert arm.get(poll_url).json()["status"] == "Succeeded"
        assert states(arm.cluster()) == {"sound": "Assigned", "broken": "Failed"}
        (error,) = (
            item["provisioningInfo"]["error"]["error"]
            for item in profile(arm.cluster())["userAssignedIdentities"]
            if item["name"] == "broken"
        )
        assert error["code"] == "PodIdentityAddonIdentitiesAssignmentError"

    def test_delete_after_identity_and_role_are_restored(self, arm: Arm, simulator: Simulator, broken: Json) -> None:
        arm.change(remove("broken"))
        arm.settle()
        granted(simulator, "broken")

        arm.change(remove("broken"))
        arm.settle()
        assert states(arm.cluster()) == {"sound": "Assigned"}

    def test_add_same_name_beside_failed_entry(self, arm: Arm, simulator: Simulator, broken: Json) -> None:
        arm.change(remove("broken"))
        arm.settle()
        other = {**granted(simulator, "other"), "name": "broken"}

        assert "Found pod identities use different identities" in refusal(arm.change(add(other)))

    def test_replace_failed_entry_in_single_write(self, arm: Arm, simulator: Simulator, broken: Json) -> None:
        arm.change(remove("broken"))
        arm.settle()
        other = {**granted(simulator, "other"), "name": "broken"}

        def replace(body: Json) -> None:
            remove("broken")(body)
            add(other)(body)

        arm.change(replace)
        arm.settle()
        assert states(arm.cluster()) == {"sound": "Assigned", "broken": "Assigned"}


def test_recreated_identity_has_new_ids(arm: Arm, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER)
    old = granted(simulator, "a")
    arm.change(add(old))
    arm.settle()
    simulator.remove_managed_identity(old["identity"]["resourceId"])
    new = granted(simulator, "a")
    assert new["identity"]["clientId"] != old["identity"]["clientId"]
    answer = arm.change(lambda body: body.update(tags={"any": "change"}))
    assert old["identity"]["clientId"] in answer.json()["message"]


def test_null_labels_are_returned_as_null(arm: Arm, simulator: Simulator) -> None:
    exception = {"name": "e", "namespace": "n", "podLabels": None}
    stored = {"enabled": True, "userAssignedIdentityExceptions": [exception]}
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=stored)
    assert profile(arm.cluster()) == stored
    assert arm.change(lambda body: body.update(tags={"any": "change"})).status_code == 400
