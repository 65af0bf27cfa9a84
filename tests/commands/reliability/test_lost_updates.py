# SPDX-License-Identifier: MIT
"""Test that a change of pod identities changes nothing else in the cluster."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from azure_simulator import Simulator
from tests.support.azure_cli import CLUSTER, CLUSTER_PATH, GROUP, POD_IDENTITY, AzureCli
from tests.support.cluster_state import pod_exception, profile_of, seed_entries
from tests.support.comparison import written
from tests.support.recorded_clusters import recorded_clusters, seed_recorded, without_recordings

IDENTITIES, EXCEPTIONS = "userAssignedIdentities", "userAssignedIdentityExceptions"
FUTURE = {"enabled": True, "levels": [{"name": "a", "count": 0, "null": None, "empty": {}}]}
CHANGES = {
    "add": "add --name new --identity-resource-id {identity}",
    "delete": "delete --name doomed",
    "exception add": "exception add --name new --pod-labels app=x",
    "exception update": "exception update --name doomed --pod-labels app=new",
    "exception delete": "exception delete --name doomed",
}
CLUSTERS = recorded_clusters()
each_change = pytest.mark.parametrize("change", CHANGES)


def seed_future(simulator: Simulator) -> dict[str, Any]:
    """A cluster of a later version of the service: fields at every level that no SDK knows yet."""
    exceptions = [pod_exception(name, {"app": name}) for name in ("kept", "doomed")]
    seed_entries(simulator, "kept", "doomed", exceptions=exceptions)
    body = simulator.cluster(GROUP, CLUSTER)
    profile = body["properties"]["podIdentityProfile"]
    pools = body["properties"]["agentPoolProfiles"]
    network = body["properties"]["networkProfile"]
    parts = [body, body["properties"], body["sku"], network, *pools, profile, *profile[IDENTITIES]]
    for part in (*parts, *profile[EXCEPTIONS], *(entry["identity"] for entry in profile[IDENTITIES])):
        part["futureField"] = copy.deepcopy(FUTURE)
    body["properties"]["futureProfile"] = copy.deepcopy(FUTURE)
    body["tags"] = {"Team": "a", "empty": ""}
    return simulator.seed.cluster(GROUP, CLUSTER, body=body)


def change_once(az: AzureCli, simulator: Simulator, change: str) -> dict[str, Any]:
    """Makes the change; returns the profile that was sent."""
    identity = simulator.seed.managed_identity(GROUP, "new")
    simulator.requests.clear()
    az(f"aks pod-identity {CHANGES[change].format(identity=identity['id'])} {POD_IDENTITY}").ok()
    (put,) = simulator.requests.matching("PUT", CLUSTER_PATH)
    profile: dict[str, Any] = put.body["properties"]["podIdentityProfile"]
    return profile


@each_change
def test_unknown_fields_are_sent_back(az: AzureCli, simulator: Simulator, change: str) -> None:
    before = seed_future(simulator)

    profile = change_once(az, simulator, change)

    body, expected = written(simulator)
    assert body == expected
    assert body["futureField"] == body["properties"]["networkProfile"]["futureField"] == FUTURE
    old = before["properties"]["podIdentityProfile"]
    assert profile["futureField"] == FUTURE
    kept_identity, doomed_identity = (
        {name: value for name, value in entry.items() if name != "provisioningState"} for entry in old[IDENTITIES]
    )
    kept_exception, doomed_exception = old[EXCEPTIONS]
    assert profile[IDENTITIES][0] == kept_identity
    assert profile[EXCEPTIONS][0] == kept_exception
    assert (doomed_identity in profile[IDENTITIES]) is (change != "delete")
    assert (doomed_exception in profile[EXCEPTIONS]) is (change in ("add", "delete", "exception add"))


def test_exception_update_keeps_unknown_fields(az: AzureCli, simulator: Simulator) -> None:
    before = seed_future(simulator)["properties"]["podIdentityProfile"][EXCEPTIONS][1]

    profile = change_once(az, simulator, "exception update")

    assert profile[EXCEPTIONS][1] == {**before, "podLabels": {"app": "new"}}


def test_fixed_entry_keeps_unknown_fields(az: AzureCli, simulator: Simulator) -> None:
    body = seed_future(simulator)
    entry = body["properties"]["podIdentityProfile"][IDENTITIES][1]
    entry["provisioningState"] = "Failed"
    simulator.seed.cluster(GROUP, CLUSTER, body=body)
    resource_id = entry["identity"]["resourceId"]

    az(f"aks pod-identity add {POD_IDENTITY} --name doomed --identity-resource-id {resource_id}").ok()

    stored = profile_of(simulator)[IDENTITIES][1]
    assert stored == {**entry, "provisioningState": "Assigned"}


def test_other_cluster_features_unchanged(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(
        simulator,
        "doomed",
        identity="UserAssigned",
        addonProfiles={"azurepolicy": {"enabled": True, "config": {"version": "v2"}}},
        apiServerAccessProfile={"authorizedIPRanges": ["192.0.2.0/24"]},
        windowsProfile={"adminUsername": "azureuser", "enableCSIProxy": True},
        securityProfile={"defender": {"securityMonitoring": {"enabled": True}}},
    )
    before = simulator.cluster(GROUP, CLUSTER)

    change_once(az, simulator, "delete")

    body, expected = written(simulator)
    assert body == expected
    after = simulator.cluster(GROUP, CLUSTER)
    moving = ("eTag", "properties")
    assert {key: after[key] for key in after if key not in moving} == {
        key: before[key] for key in before if key not in moving
    }
    for part in ("addonProfiles", "apiServerAccessProfile", "windowsProfile", "securityProfile"):
        assert after["properties"][part] == before["properties"][part]


@without_recordings
@pytest.mark.parametrize("name", CLUSTERS)
def test_recorded_clusters_are_sent_back(az: AzureCli, simulator: Simulator, name: str) -> None:
    body = copy.deepcopy(CLUSTERS[name])
    body["properties"].setdefault("podIdentityProfile", {}).update(enabled=True, allowNetworkPluginKubenet=True)
    seed_recorded(simulator, body)

    az(f"aks pod-identity {CHANGES['exception add']} {POD_IDENTITY}").ok()

    sent_back, expected = written(simulator)
    assert sent_back == expected
    assert sent_back["properties"]["futureProfile"] == {"enabled": True, "nothing": None}
