# SPDX-License-Identifier: MIT

from __future__ import annotations

import pytest

from azure_simulator import Fault, Simulator
from tests.support.azure_cli import CLUSTER, CLUSTER_PATH, GROUP, AzureCli, commands_in

CREATE = f"aks create --resource-group {GROUP} --name {CLUSTER} --no-ssh-key"


@pytest.mark.parametrize(
    ("flags", "profile"),
    [
        ("--network-plugin azure --enable-pod-identity", {"enabled": True}),
        (
            "--network-plugin kubenet --enable-pod-identity --enable-pod-identity-with-kubenet",
            {"enabled": True, "allowNetworkPluginKubenet": True},
        ),
    ],
    ids=["azure", "kubenet"],
)
def test_create_request_body(each_az: AzureCli, simulator: Simulator, flags: str, profile: dict[str, object]) -> None:
    created = each_az(f"{CREATE} {flags}").ok()

    (put,) = simulator.requests.matching("PUT", CLUSTER_PATH)
    assert put.body["properties"]["podIdentityProfile"] == profile
    assert created.json["podIdentityProfile"]["enabled"] is True
    assert any("support ended in September 2025" in warning for warning in created.warnings)


def test_create_changes_only_profile(az: AzureCli, simulator: Simulator) -> None:
    az(f"{CREATE} --network-plugin azure").ok()
    az(f"aks delete --resource-group {GROUP} --name {CLUSTER} --yes").ok()
    az(f"{CREATE} --network-plugin azure --enable-pod-identity").ok()

    plain, enabled = (put.body for put in simulator.requests.matching("PUT", CLUSTER_PATH))
    assert "podIdentityProfile" not in plain["properties"]
    del enabled["properties"]["podIdentityProfile"]
    assert enabled == plain


def test_create_default_location(az: AzureCli, simulator: Simulator) -> None:
    configured = az.with_environment(AZURE_DEFAULTS_LOCATION="westeurope")

    created = configured(f"{CREATE} --network-plugin azure --enable-pod-identity").ok()

    assert created.json["location"] == "westeurope"


def test_create_kubenet_without_consent(az: AzureCli, simulator: Simulator) -> None:
    message = az(f"{CREATE} --network-plugin kubenet --enable-pod-identity").failed()

    assert "ARP spoofing" in message and "NET_RAW" in message
    assert "--enable-pod-identity-with-kubenet" in message
    assert simulator.requests.all() == []


def test_create_kubenet_chosen_by_service(az: AzureCli, simulator: Simulator) -> None:
    refusal = "Network plugin kubenet is not supported to use with PodIdentity addon."
    simulator.faults.add(Fault(method="PUT", path=CLUSTER_PATH, status=400, code="BadRequest", message=refusal))

    message = az(f"{CREATE} --enable-pod-identity").failed()

    assert refusal in message and "Request ID: " in message
    assert "ARP spoofing" in message and "NET_RAW" in message
    assert "--enable-pod-identity-with-kubenet" in message
    assert "az aks update" not in message  # there is nothing to update yet


def test_create_consent_alone(az: AzureCli, simulator: Simulator) -> None:
    message = az(f"{CREATE} --enable-pod-identity-with-kubenet").failed()

    assert "--enable-pod-identity-with-kubenet has no effect without --enable-pod-identity" in message
    assert simulator.requests.all() == []


@pytest.mark.parametrize(
    ("flags", "way_out"),
    [
        ("--service-principal 11111111-1111-1111-1111-111111111111 --client-secret x", "--assign-identity"),
        ("--vm-set-type AvailabilitySet", "VirtualMachineScaleSets"),
    ],
    ids=["service principal", "availability set"],
)
def test_create_unsupported_cluster(az: AzureCli, simulator: Simulator, flags: str, way_out: str) -> None:
    message = az(f"{CREATE} --enable-pod-identity {flags}").failed()

    assert way_out in message
    assert simulator.requests.all() == []


def test_create_existing_cluster(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)
    simulator.requests.clear()

    message = az(f"{CREATE} --enable-pod-identity").failed()

    assert f"az aks update --resource-group {GROUP} --name {CLUSTER} --enable-pod-identity" in message
    assert not simulator.requests.matching("PUT")


def test_create_cluster_created_concurrently(az: AzureCli, simulator: Simulator) -> None:
    def create() -> None:
        simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)

    simulator.faults.add(Fault("PUT", CLUSTER_PATH, call=create))

    az(f"{CREATE} --network-plugin azure --enable-pod-identity").failed()

    (put,) = simulator.requests.matching("PUT", CLUSTER_PATH)
    assert (put.headers["if-none-match"], put.status) == ("*", 412)
    assert "podIdentityProfile" not in simulator.cluster(GROUP, CLUSTER)["properties"]


def test_create_preview_feature_not_registered(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.feature("EnablePodIdentityPreview", "NotRegistered")
    create = f"{CREATE} --enable-pod-identity --network-plugin azure"

    message = az(create).failed()

    assert [line.split()[1:3] for line in commands_in(message)] == [["feature", "register"], ["provider", "register"]]
    az.paste(message)
    az(create).ok()


def test_create_custom_headers(az: AzureCli, simulator: Simulator) -> None:
    az(f"{CREATE} --enable-pod-identity --network-plugin azure --aks-custom-headers Some-Feature=yes").ok()

    (put,) = simulator.requests.matching("PUT", CLUSTER_PATH)
    assert put.headers["some-feature"] == "yes"


def test_create_no_wait(az: AzureCli, simulator: Simulator) -> None:
    simulator.scale = 1.0

    result = az(f"{CREATE} --enable-pod-identity --network-plugin azure --no-wait").ok()

    assert result.stdout == ""
    assert simulator.cluster(GROUP, CLUSTER)["properties"]["provisioningState"] == "Creating"
    assert not simulator.requests.matching("GET", "/operations/")
