from __future__ import annotations

from typing import Any

from azure_simulator import Simulator
from tests.commands.support import CLUSTER, CLUSTER_PATH, GROUP, ON_CLUSTER, ROLE_PATH, AzureCli

ADD = f"aks pod-identity add {ON_CLUSTER} --namespace my-app"


def test_add_grants_the_role_and_binds_the_identity(
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


def test_the_same_add_again_succeeds_and_sends_no_put(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    command = f"{ADD} --name my-pod --identity-resource-id {identity['id']}"
    first = az(command).ok()
    simulator.requests.clear()

    again = az(command).ok()

    assert again.json == first.json
    assert any("Nothing to change" in warning for warning in again.warnings)
    assert not simulator.requests.matching("PUT")


def test_another_identity_under_a_taken_name_is_refused_with_what_is_there(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    other = simulator.seed.managed_identity(GROUP, "other-identity")
    az(f"{ADD} --name my-pod --identity-resource-id {identity['id']}").ok()
    simulator.requests.clear()

    message = az(f"{ADD} --name my-pod --identity-resource-id {other['id']}").failed()

    assert identity["id"] in message
    delete = f"az aks pod-identity delete {ON_CLUSTER} --namespace my-app --name my-pod"
    assert delete in message
    assert not simulator.requests.matching("PUT")


def test_the_put_is_what_was_read_but_for_the_profile(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    before = simulator.cluster(GROUP, CLUSTER)
    az(f"{ADD} --name my-pod --identity-resource-id {identity['id']}").ok()

    put = simulator.requests.matching("PUT", CLUSTER_PATH)[-1]
    read = [entry for entry in simulator.requests.matching("GET", CLUSTER_PATH) if entry.status == 200][0]
    assert put.headers["if-match"].strip('"') == before["eTag"] == read.answer["eTag"]
