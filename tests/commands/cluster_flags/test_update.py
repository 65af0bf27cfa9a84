# SPDX-License-Identifier: MIT

from __future__ import annotations

from typing import Any

import pytest

from azure_simulator import Durations, Fault, Simulator
from tests.support.azure_cli import CLUSTER, CLUSTER_PATH, GROUP, AzureCli

UPDATE = f"aks update --resource-group {GROUP} --name {CLUSTER}"
ENABLE = f"{UPDATE} --enable-pod-identity"
CONSENT = "--enable-pod-identity-with-kubenet"
EXCEPTION = {"namespace": "my-app", "name": "my-exception", "podLabels": {"app": "x"}}


def profile_sent(simulator: Simulator) -> Any:
    (put,) = simulator.requests.matching("PUT", CLUSTER_PATH)
    return put.body["properties"]["podIdentityProfile"]


@pytest.mark.parametrize(
    ("plugin", "stored", "flags", "sent"),
    [
        ("azure", False, "", {"enabled": True}),
        ("azure", {}, "", {"enabled": True}),
        ("kubenet", False, CONSENT, {"enabled": True, "allowNetworkPluginKubenet": True}),
        (
            "kubenet",
            {"enabled": False, "allowNetworkPluginKubenet": True},
            "",
            {"enabled": True, "allowNetworkPluginKubenet": True},
        ),
    ],
    ids=["azure", "azure, disabled before", "kubenet, consent now", "kubenet, consent stored"],
)
def test_enable(
    each_az: AzureCli, simulator: Simulator, plugin: str, stored: Any, flags: str, sent: dict[str, object]
) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, network_plugin=plugin, pod_identity=stored)

    result = each_az(f"{ENABLE} {flags}").ok()

    assert profile_sent(simulator) == sent
    assert result.json["podIdentityProfile"]["enabled"] is True
    assert any("support ended in September 2025" in warning for warning in result.warnings)


def test_enable_again_keeps_entries(az: AzureCli, simulator: Simulator, identity: dict[str, Any]) -> None:
    cluster = simulator.seed.cluster(GROUP, CLUSTER, pod_identity={"enabled": True})
    simulator.seed.role_assignment(identity["id"], cluster["identity"]["principalId"])
    on_cluster = f"--resource-group {GROUP} --cluster-name {CLUSTER} --namespace my-app"
    az(f"aks pod-identity add {on_cluster} --identity-resource-id {identity['id']}").ok()
    az(f"aks pod-identity exception add {on_cluster} --name my-exception --pod-labels app=x").ok()
    before = simulator.cluster(GROUP, CLUSTER)["properties"]["podIdentityProfile"]

    simulator.requests.clear()

    again = az(ENABLE).ok()
    assert any("No changes" in warning for warning in again.warnings)
    assert not simulator.requests.matching("PUT")
    az(f"{ENABLE} --tags team=shop").ok()

    assert simulator.cluster(GROUP, CLUSTER)["properties"]["podIdentityProfile"] == before
    assert len(before["userAssignedIdentities"]) == len(before["userAssignedIdentityExceptions"]) == 1


def test_enable_kubenet_without_consent(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, network_plugin="kubenet", pod_identity=False)

    message = az(ENABLE).failed()

    assert "ARP spoofing" in message and "NET_RAW" in message
    assert not simulator.requests.matching("PUT")
    assert CONSENT in message
    az.paste(message)


def test_enable_service_principal_cluster(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, identity="ServicePrincipal", pod_identity=False)

    message = az(ENABLE).failed()

    assert f"az {UPDATE} --enable-managed-identity" in message
    assert not simulator.requests.matching("PUT")


def test_enable_with_managed_identity(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, identity="ServicePrincipal", pod_identity=False)

    az(f"{ENABLE} --enable-managed-identity --yes").ok()

    cluster = simulator.cluster(GROUP, CLUSTER)
    assert cluster["identity"]["type"] == "SystemAssigned"
    assert cluster["properties"]["podIdentityProfile"]["enabled"] is True


@pytest.mark.parametrize(
    ("pool", "reason"),
    [({"osType": "Windows"}, "has only Windows node pools"), ({"type": "AvailabilitySet"}, "availability sets")],
    ids=["Windows only", "availability set"],
)
def test_enable_unsupported_node_pools(az: AzureCli, simulator: Simulator, pool: dict[str, str], reason: str) -> None:
    body = simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)
    for each in body["properties"]["agentPoolProfiles"]:
        each.update(pool)
    simulator.seed.cluster(GROUP, CLUSTER, body=body)
    simulator.requests.clear()

    assert reason in az(ENABLE).failed()
    assert not simulator.requests.matching("PUT")


@pytest.mark.parametrize("flags", ["--enable-pod-identity", f"--enable-pod-identity {CONSENT}"])
def test_enable_and_disable_together(az: AzureCli, simulator: Simulator, flags: str) -> None:
    assert "cannot be used together" in az(f"{UPDATE} --disable-pod-identity {flags}").failed()
    assert simulator.requests.all() == []


def test_enable_with_other_flags(each_az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)

    each_az(f"{ENABLE} --tags team=shop --enable-cluster-autoscaler --min-count 1 --max-count 5").ok()

    cluster = simulator.cluster(GROUP, CLUSTER)
    assert cluster["tags"] == {"team": "shop"}
    assert cluster["properties"]["agentPoolProfiles"][0]["maxCount"] == 5
    assert cluster["properties"]["podIdentityProfile"]["enabled"] is True


def test_update_without_own_flags(each_az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER)
    before = simulator.cluster(GROUP, CLUSTER)["properties"]["podIdentityProfile"]

    result = each_az(f"{UPDATE} --tags team=shop").ok()

    assert result.warnings == []
    assert simulator.cluster(GROUP, CLUSTER)["tags"] == {"team": "shop"}
    assert simulator.cluster(GROUP, CLUSTER)["properties"]["podIdentityProfile"] == before


@pytest.mark.parametrize("flags", ["", "--enable-oidc-issuer"], ids=["own flag only", "with host flag"])
def test_enable_keeps_concurrent_change(az: AzureCli, simulator: Simulator, flags: str) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)

    def tag(cluster: dict[str, Any]) -> None:
        cluster["tags"] = {"team": "shop"}

    def meanwhile(*_: Any) -> None:
        simulator.start_operation(GROUP, CLUSTER, 0, change=tag)

    simulator.faults.add(Fault(method="PUT", path=CLUSTER_PATH, times=1, call=meanwhile))

    az(f"{ENABLE} {flags}").ok()

    cluster = simulator.cluster(GROUP, CLUSTER)
    assert cluster["tags"] == {"team": "shop"}
    assert cluster["properties"]["podIdentityProfile"]["enabled"] is True
    refused, accepted = simulator.requests.matching("PUT", CLUSTER_PATH)
    assert (refused.status, accepted.status) == (412, 200)


def test_enable_waits_for_running_operation(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)
    simulator.scale = 1.0
    simulator.durations = Durations(update=0, pod_identity=0)
    simulator.start_operation(GROUP, CLUSTER, 2.0)
    simulator.requests.clear()

    az(ENABLE).ok()

    (put,) = simulator.requests.matching("PUT", CLUSTER_PATH)
    assert put.status == 200


def test_enable_polls_every_second_at_first(each_az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)
    simulator.scale = 1.0
    simulator.durations = Durations(update=2.5, pod_identity=2.5)

    each_az(ENABLE).ok()

    # The host's own pace would be one look at once and the next after 30 s.
    assert len(simulator.requests.matching("GET", "/operations/")) == 4


def test_enable_no_wait(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)
    simulator.scale = 1.0

    assert az(f"{ENABLE} --no-wait").ok().stdout == ""

    assert simulator.cluster(GROUP, CLUSTER)["properties"]["provisioningState"] == "Updating"
    assert not simulator.requests.matching("GET", "/operations/")


def test_enable_preview_feature_not_registered(each_az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)
    simulator.seed.feature("EnablePodIdentityPreview", "NotRegistered")

    message = each_az(ENABLE).failed()

    assert "EnablePodIdentityPreview' is not enabled" in message and "Request ID: " in message
    assert "az feature register --namespace Microsoft.ContainerService --name EnablePodIdentityPreview" in message
    assert "az provider register --namespace Microsoft.ContainerService" in message


def test_enable_custom_headers(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)

    az(f"{ENABLE} --aks-custom-headers Some-Feature=yes").ok()

    (put,) = simulator.requests.matching("PUT", CLUSTER_PATH)
    assert put.headers["some-feature"] == "yes"


def test_enable_only_show_errors(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)

    assert az(f"{ENABLE} --only-show-errors").ok().stderr == ""


def test_host_question_without_terminal(each_az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False, identity="ServicePrincipal")

    message = each_az(f"aks update --resource-group {GROUP} --name {CLUSTER} --enable-managed-identity").failed()

    assert "--yes" in message
    assert not simulator.requests.matching("PUT")
