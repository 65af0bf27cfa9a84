# SPDX-License-Identifier: MIT

from __future__ import annotations

import pytest

from azure_simulator import Simulator
from tests.support.azure_cli import CLUSTER, CLUSTER_PATH, GROUP, ON_CLUSTER, POD_IDENTITY, AzureCli, sent
from tests.support.cluster_state import entries, pod_identity, profile_of, seed_entries
from tests.support.comparison import written

DELETE = f"aks pod-identity delete {POD_IDENTITY}"


def test_delete_removes_only_entry(each_az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "first", "second", "third")

    result = each_az(f"{DELETE} --name second").ok()

    left = result.json["podIdentityProfile"]["userAssignedIdentities"]
    assert [entry["name"] for entry in left] == ["first", "third"] == list(entries(simulator))
    order = ["GET managedClusters", "GET userAssignedIdentities", "PUT managedClusters", "GET operations"]
    assert sent(simulator) == [*order, "GET managedClusters"]


def test_delete_request_body(az: AzureCli, simulator: Simulator) -> None:
    identities = seed_entries(simulator, "first", "second")

    az(f"{DELETE} --name second").ok()

    (put,) = simulator.requests.matching("PUT", CLUSTER_PATH)
    body, expected = written(simulator)
    assert body == expected
    profile = put.body["properties"]["podIdentityProfile"]
    assert profile["userAssignedIdentities"] == [pod_identity(identities["first"], "first")]


def test_delete_last_entry_keeps_add_on_enabled(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "only")

    az(f"{DELETE} --name only").ok()

    assert profile_of(simulator)["enabled"] is True
    assert not entries(simulator)


def test_delete_same_name_in_other_namespace(az: AzureCli, simulator: Simulator) -> None:
    identity = seed_entries(simulator, "app")["app"]
    az(f"aks pod-identity add {ON_CLUSTER} --namespace other --name app --identity-resource-id {identity['id']}").ok()

    az(f"{DELETE} --name app").ok()

    assert [entry["namespace"] for entry in profile_of(simulator)["userAssignedIdentities"]] == ["other"]


@pytest.mark.parametrize(
    "entry", ["--namespace my-app --name secnod", "--namespace other --name first"], ids=["name", "namespace"]
)
def test_delete_unknown_entry_exits_zero(az: AzureCli, simulator: Simulator, entry: str) -> None:
    seed_entries(simulator, "first", "second")

    result = az(f"aks pod-identity delete {ON_CLUSTER} {entry} --delete-role-assignment").ok()

    assert "my-app/first, my-app/second" in result.stderr
    assert len(result.json["podIdentityProfile"]["userAssignedIdentities"]) == 2
    assert not simulator.requests.matching("PUT")


def test_delete_unknown_entry_among_many(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, *(f"app-{number:02}" for number in range(40)))

    message = az(f"{DELETE} --name other").ok().stderr

    assert "my-app/app-19, and 20 more" in message


def test_delete_unknown_entry_of_empty_cluster(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator)

    assert "The cluster has none." in az(f"{DELETE} --name other").ok().stderr


def test_delete_several_in_one_write(each_az: AzureCli, simulator: Simulator) -> None:
    identities = seed_entries(simulator, "first", "second", "third", "fourth")
    body = simulator.cluster(GROUP, CLUSTER)
    elsewhere = {**pod_identity(identities["first"], "elsewhere"), "namespace": "other"}
    body["properties"]["podIdentityProfile"]["userAssignedIdentities"].append(elsewhere)
    simulator.seed.cluster(GROUP, CLUSTER, body=body)

    each_az(f"{DELETE} --name first second -n third --name other/elsewhere").ok()

    assert list(entries(simulator)) == ["fourth"]
    assert sent(simulator).count("PUT managedClusters") == 1


def test_delete_several_some_unknown(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "first", "second")

    result = az(f"{DELETE} --name first --name gone").ok()

    assert list(entries(simulator)) == ["second"]
    assert any("'gone' in namespace 'my-app' does not exist" in warning for warning in result.warnings)


@pytest.mark.parametrize("name", ["Bad", "my-app/Bad", "Bad/app", "/app", "my-app/", "a/b/c"])
def test_delete_invalid_name(az: AzureCli, simulator: Simulator, name: str) -> None:
    az(f"{DELETE} --name good --name {name}").failed()

    assert simulator.requests.all() == []


def test_delete_entry_of_removed_resource_group(az: AzureCli, simulator: Simulator) -> None:
    identity = simulator.seed.managed_identity("short-lived", "app")
    profile = {"enabled": True, "userAssignedIdentities": [pod_identity(identity, "app")]}
    simulator.seed.cluster(GROUP, "cluster", pod_identity=profile)
    az("group delete --name short-lived --yes").ok()

    message = az(f"{DELETE} --name app").failed()

    assert "which no longer exists" in message
    az.paste(message.partition("Or, to keep the entry")[0])
    assert not entries(simulator)
