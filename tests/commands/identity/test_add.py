# SPDX-License-Identifier: MIT

from __future__ import annotations

from typing import Any

import pytest

from azure_simulator import Simulator
from tests.support.azure_cli import CLUSTER, CLUSTER_PATH, GROUP, ON_CLUSTER, POD_IDENTITY, ROLE_PATH, AzureCli, sent
from tests.support.cluster_state import entries, is_bound, pod_identity, principal_id, recreate, seed_entries
from tests.support.comparison import written
from tests.support.faults import forbidden

ADD = f"aks pod-identity add {POD_IDENTITY}"


def test_add_grants_role_and_binds_identity(
    each_az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    result = each_az(f"{ADD} --name my-pod --identity-resource-id {identity['id']}").ok()

    entry = result.json["podIdentityProfile"]["userAssignedIdentities"][0]
    assert (entry["namespace"], entry["name"], entry["provisioningState"]) == ("my-app", "my-pod", "Assigned")
    assert entry["identity"]["clientId"] == identity["properties"]["clientId"]
    assert entry["identity"]["objectId"] == identity["properties"]["principalId"]
    (grant,) = simulator.requests.matching("PUT", ROLE_PATH)
    assert grant.body["properties"]["principalId"] == cluster["identity"]["principalId"]
    assert grant.body["properties"]["principalType"] == "ServicePrincipal"
    assert grant.path.lower().startswith(identity["id"].lower())


def test_add_several_in_one_write(az: AzureCli, simulator: Simulator, cluster: dict[str, Any]) -> None:
    ids = [simulator.seed.managed_identity(GROUP, name)["id"] for name in ("one", "two", "three")]
    simulator.requests.clear()

    az(f"{ADD} --identity-resource-id {ids[0]} {ids[1]} --identity-resource-id {ids[2]}").ok()

    assert {name: entry["provisioningState"] for name, entry in entries(simulator).items()} == dict.fromkeys(
        ("one", "two", "three"), "Assigned"
    )
    accepted = [put for put in simulator.requests.matching("PUT", CLUSTER_PATH) if put.status == 200]
    assert len(accepted) == 1
    assert len(simulator.requests.matching("PUT", ROLE_PATH)) == 3


def test_add_request_body(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    before = simulator.cluster(GROUP, CLUSTER)
    az(f"{ADD} --name my-pod --identity-resource-id {identity['id']}").ok()

    (put,) = simulator.requests.matching("PUT", CLUSTER_PATH)
    assert put.headers["if-match"].strip('"') == before["eTag"]
    body, expected = written(simulator)
    assert body == expected
    assert put.body["properties"]["podIdentityProfile"] == {
        "enabled": True,
        "userAssignedIdentities": [pod_identity(identity, "my-pod")],
    }


def test_add_request_order(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    az(f"{ADD} --identity-resource-id {identity['id']}").ok()

    first, *looks, grant, again, put, poll, last, confirmed = sent(simulator)
    assert sorted(looks) == ["GET roleAssignments", "GET userAssignedIdentities"]
    assert [first, grant, again, put, poll, last, confirmed] == [
        "GET managedClusters",
        "PUT roleAssignments",
        "GET managedClusters",
        "PUT managedClusters",
        "GET operations",
        "GET managedClusters",
        "GET roleAssignments",
    ]


def test_repeated_add_sends_no_put(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    command = f"{ADD} --name my-pod --identity-resource-id {identity['id']}"
    first = az(command).ok()
    simulator.requests.clear()

    again = az(command).ok()

    assert again.json == first.json
    assert any("No changes" in warning for warning in again.warnings)
    assert sorted(sent(simulator)) == ["GET managedClusters", "GET roleAssignments", "GET userAssignedIdentities"]


@pytest.mark.parametrize(
    "arguments",
    ["--name app", "--binding-selector app", "--skip-role-assignment", "--no-wait"],
)
def test_repeated_add_in_equivalent_spelling(az: AzureCli, simulator: Simulator, arguments: str) -> None:
    identity = seed_entries(simulator, "app")["app"]

    result = az(f"{ADD} {arguments} --identity-resource-id {identity['id'].upper()}").ok()

    assert any("No changes" in warning for warning in result.warnings)
    roles = [] if "skip" in arguments else ["GET roleAssignments"]
    assert sorted(sent(simulator)) == ["GET managedClusters", *roles, "GET userAssignedIdentities"]


@pytest.mark.parametrize("different", ["identity", "selector"])
def test_add_conflicting_entry(az: AzureCli, simulator: Simulator, different: str) -> None:
    identity = seed_entries(simulator, "my-pod")["my-pod"]
    other = simulator.seed.managed_identity(GROUP, "other-identity")
    arguments, there, change = {
        "identity": (
            other["id"],
            f"for managed identity '{identity['id']}', not '{other['id']}'.",
            f"--identity-resource-id {other['id']}",
        ),
        "selector": (
            f"{identity['id']} --binding-selector other",
            "with binding selector 'my-pod', not 'other'.",
            "--binding-selector other",
        ),
    }[different]

    message = az(f"{ADD} --name my-pod --identity-resource-id {arguments}").failed()

    assert f"Pod identity 'my-pod' in namespace 'my-app' already exists {there}" in message
    update = f"az aks pod-identity update {ON_CLUSTER} --namespace my-app --name my-pod {change}"
    assert update in message.splitlines()
    assert sent(simulator) == ["GET managedClusters"]


@pytest.mark.parametrize(
    ("identity_name", "name"),
    [("app-identity", "app-identity"), ("App_Identity2", "app-identity2"), ("app_", "app")],
)
def test_add_derives_name(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity_name: str, name: str
) -> None:
    identity = simulator.seed.managed_identity(GROUP, identity_name)

    az(f"{ADD} --identity-resource-id {identity['id']}").ok()

    assert list(entries(simulator)) == [name]


def test_add_selector_shared_by_entries(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "first")
    second = simulator.seed.managed_identity(GROUP, "second")

    az(f"{ADD} --identity-resource-id {second['id']} --binding-selector My_Selector").ok()

    assert entries(simulator)["second"]["bindingSelector"] == "My_Selector"
    assert "bindingSelector" not in entries(simulator)["first"]


def test_add_identity_under_several_names(az: AzureCli, simulator: Simulator) -> None:
    identity = seed_entries(simulator, "first")["first"]

    az(f"{ADD} --name second --identity-resource-id {identity['id']}").ok()
    az(f"aks pod-identity add {ON_CLUSTER} --namespace other --identity-resource-id {identity['id']}").ok()

    profile = simulator.cluster(GROUP, CLUSTER)["properties"]["podIdentityProfile"]["userAssignedIdentities"]
    names = [(each["namespace"], each["name"]) for each in profile]
    assert names == [("my-app", "first"), ("my-app", "second"), ("other", "first")]


def test_add_identity_of_other_subscription(az: AzureCli, simulator: Simulator, cluster: dict[str, Any]) -> None:
    other = simulator.second_subscription_id
    identity = simulator.seed.managed_identity("far-group", "far", subscription_id=other)

    az(f"{ADD} --identity-resource-id {identity['id']}").ok()

    assert entries(simulator)["far"]["provisioningState"] == "Assigned"
    (grant,) = simulator.requests.matching("PUT", ROLE_PATH)
    assert grant.body["properties"]["roleDefinitionId"].startswith(f"/subscriptions/{other}/")


def test_add_unreadable_identity_by_known_ids(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    simulator.seed.role_assignment(identity["id"], principal_id(cluster), "Managed Identity Operator")
    simulator.faults.add(forbidden("GET", "userAssignedIdentities/app-identity", times=9))
    ids = identity["properties"]

    az(
        f"{ADD} --identity-resource-id {identity['id']} --client-id {ids['clientId']} --object-id {ids['principalId']}"
    ).ok()

    entry = entries(simulator)["app-identity"]
    assert (entry["identity"]["clientId"], entry["identity"]["objectId"]) == (ids["clientId"], ids["principalId"])
    assert entry["provisioningState"] == "Assigned"
    assert "GET userAssignedIdentities" not in sent(simulator)


@pytest.mark.parametrize("change", ["recreated", "other identity"])
def test_add_unreadable_identity_recommends_known_ids(az: AzureCli, simulator: Simulator, change: str) -> None:
    former = seed_entries(simulator, "app")["app"]
    wanted = recreate(simulator, former) if change == "recreated" else simulator.seed.managed_identity(GROUP, "other")
    simulator.seed.role_assignment(wanted["id"], principal_id(simulator.cluster(GROUP, CLUSTER)))
    simulator.faults.add(forbidden("GET", f"userAssignedIdentities/{wanted['name']}", times=99))
    ids = wanted["properties"]
    known = f"--client-id {ids['clientId']} --object-id {ids['principalId']}"

    message = az(f"{ADD} --name app --identity-resource-id {wanted['id']} {known} --timeout 700").failed()

    assert f" {known} --timeout 700" in message
    az.paste(message)
    assert is_bound(simulator, wanted, "app")


@pytest.mark.parametrize("write", [str.upper, str.lower])
def test_add_resource_id_case_insensitive(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], write: Any
) -> None:
    identity = simulator.seed.managed_identity(GROUP, "App")

    az(f"{ADD} --identity-resource-id {write(identity['id'])}").ok()

    entry = entries(simulator)["app"]
    assert entry["provisioningState"] == "Assigned"
    assert entry["identity"]["clientId"] == identity["properties"]["clientId"]


def test_add_with_user_assigned_cluster_identity(az: AzureCli, simulator: Simulator, identity: dict[str, Any]) -> None:
    cluster = simulator.seed.cluster(GROUP, CLUSTER, identity="UserAssigned")

    az(f"{ADD} --identity-resource-id {identity['id']}").ok()

    (grant,) = simulator.requests.matching("PUT", ROLE_PATH)
    assert grant.body["properties"]["principalId"] == principal_id(cluster)
    body, expected = written(simulator)
    assert body == expected


def test_add_custom_headers(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    headers = "AKSHTTPCustomFeatures=Microsoft.ContainerService/SomePreview,X-Other=1"

    az(f"{ADD} --identity-resource-id {identity['id']} --aks-custom-headers {headers}").ok()

    (put,) = simulator.requests.matching("PUT", CLUSTER_PATH)
    assert put.headers["akshttpcustomfeatures"] == "Microsoft.ContainerService/SomePreview"
    assert put.headers["x-other"] == "1"


@pytest.mark.parametrize("group", [GROUP, "gone"], ids=["group exists", "group is gone"])
def test_add_unknown_managed_identity(az: AzureCli, simulator: Simulator, cluster: dict[str, Any], group: str) -> None:
    subscription = simulator.subscription_id
    resource_id = (
        f"/subscriptions/{subscription}/resourceGroups/{group}"
        "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/missing"
    )
    command = f"{ADD} --identity-resource-id {resource_id}"

    message = az(command).failed(3)

    assert f"'{resource_id}' does not exist" in message
    assert not simulator.requests.matching("PUT")
    az.paste(message)
    az(command).ok()
