# SPDX-License-Identifier: MIT
"""Test the messages for refusals of the service: its text, code and request ID, and the recommended commands."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from azure_simulator import Fault, Simulator
from azure_simulator.errors import Shape
from tests.support.azure_cli import CLUSTER, CLUSTER_PATH, GROUP, POD_IDENTITY, AzureCli, commands_in, sent
from tests.support.cluster_state import entries, pod_identity, seed_entries
from tests.support.faults import REQUEST_ID

DELETE = f"aks pod-identity delete {POD_IDENTITY} --name app"
UPDATE = f"az aks update --resource-group {GROUP} --name {CLUSTER}"


class Refusal(NamedTuple):
    """An answer to a PUT of the cluster, and words of the advice that belongs to it."""

    status: int
    code: str
    message: str
    advice: str
    exit_code: int = 1
    shape: Shape = "provider"


REFUSALS = {
    "feature not registered": Refusal(
        400,
        "BadRequest",
        "PodIdentity addon is not allowed since feature 'Microsoft.ContainerService/EnablePodIdentityPreview' "
        "is not enabled.",
        "az feature register --namespace Microsoft.ContainerService --name EnablePodIdentityPreview",
    ),
    "service principal": Refusal(
        400, "BadRequest", "PodIdentity addon requires managed identity.", f"{UPDATE} --enable-managed-identity"
    ),
    "kubenet": Refusal(
        400,
        "BadRequest",
        "Network plugin kubenet is not supported to use with PodIdentity addon.",
        f"{UPDATE} --enable-pod-identity --enable-pod-identity-with-kubenet",
    ),
    "role missing": Refusal(
        400,
        "PodIdentityAddonIdentitiesAssignmentError",
        "Cluster identity has no assignment permission over identity 'resourceId: {other} - clientId: c - "
        "objectId: {object_id}'. Please grant at least 'Managed Identity Operator' permission before assigning "
        "pod identity.",
        "az role assignment create --role 'Managed Identity Operator' --assignee-object-id",
    ),
    "same name": Refusal(
        400,
        "BadRequest",
        "Found pod identities use different identities with the same name 'two' in namespace 'other'. "
        "Please update the pod identity name.",
        "--namespace other --name two",
    ),
    "caller may not write": Refusal(
        403,
        "AuthorizationFailed",
        "The client 'me' does not have authorization to perform action "
        "'Microsoft.ContainerService/managedClusters/write'.",
        "Ask an owner",
        shape="front-door",
    ),
    "caller may not assign the identity": Refusal(
        403,
        "LinkedAuthorizationFailed",
        "The client has permission to perform action 'Microsoft.ContainerService/managedClusters/write'; however, it "
        "does not have permission to perform action 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action' "
        "on the linked scope.",
        "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
        shape="front-door",
    ),
    "conflict that waiting does not end": Refusal(
        409, "ScopeLocked", "The scope cannot perform write operation because it is locked.", "", shape="front-door"
    ),
    "something nobody has heard of": Refusal(400, "BrandNew", "The moon is in the wrong quarter.", ""),
    "the same from the front door": Refusal(400, "BrandNew", "The moon is wrong.", "", shape="front-door"),
    "resource group deleted meanwhile": Refusal(
        404, "ResourceGroupNotFound", "Resource group 'rg' could not be found.", "az aks list", 3, "front-door"
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refused_write(az: AzureCli, simulator: Simulator, case: str) -> None:
    other = seed_entries(simulator, "app", "other")["other"]
    refusal = REFUSALS[case]
    words = refusal.message.format(other=other["id"], object_id=other["properties"]["principalId"])
    headers = {"x-ms-request-id": REQUEST_ID}
    simulator.faults.add(
        Fault(
            *("PUT", CLUSTER_PATH),
            status=refusal.status,
            code=refusal.code,
            message=words,
            headers=headers,
            shape=refusal.shape,
        )
    )

    message = az(DELETE).failed(refusal.exit_code)

    assert f"({refusal.code}) {words}" in message
    assert f"Request ID: {REQUEST_ID}" in message
    assert refusal.advice in message
    assert sent(simulator).count("PUT managedClusters") == 1


@pytest.mark.parametrize("shape", ["provider", "front-door"])
@pytest.mark.parametrize(
    ("status", "code", "exit_code"),
    [(401, "ExpiredAuthenticationToken", 1), (403, "AuthorizationFailed", 1), (404, "NotFound", 3)],
)
def test_refused_cluster_read(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], status: int, code: str, exit_code: int, shape: Any
) -> None:
    headers = {"x-ms-request-id": REQUEST_ID}
    fault = Fault("GET", CLUSTER_PATH, times=3, status=status, code=code, message="No.", headers=headers, shape=shape)
    simulator.faults.add(fault)

    message = az(f"aks pod-identity show {POD_IDENTITY} --name app").failed(exit_code)

    assert f"({code}) No." in message
    assert f"Request ID: {REQUEST_ID}" in message


@pytest.mark.parametrize("request_", [("GET", r"/userAssignedIdentities/[^/]+$"), ("GET", "/roleAssignments$")])
def test_refused_identity_read(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any], request_: tuple[str, str]
) -> None:
    headers = {"x-ms-request-id": REQUEST_ID}
    simulator.faults.add(Fault(*request_, status=400, code="BadRequest", message="No.", headers=headers))

    message = az(f"aks pod-identity add {POD_IDENTITY} --identity-resource-id {identity['id']}").failed()

    assert "(BadRequest) No." in message
    assert f"Request ID: {REQUEST_ID}" in message
    assert not simulator.requests.matching("PUT", CLUSTER_PATH)


def test_feature_registration_commands(
    each_az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    simulator.seed.feature("EnablePodIdentityPreview", "NotRegistered")
    command = f"aks pod-identity add {POD_IDENTITY} --identity-resource-id {identity['id']}"

    message = each_az(command).failed()

    assert commands_in(message) == [
        "az feature register --namespace Microsoft.ContainerService --name EnablePodIdentityPreview",
        "az provider register --namespace Microsoft.ContainerService",
    ]
    each_az.paste(message)
    each_az(command).ok()


def test_name_refused_by_service(az: AzureCli, simulator: Simulator) -> None:
    """An entry that another client wrote and that the service refuses today."""
    identity = seed_entries(simulator, "app")["app"]
    body = simulator.cluster(GROUP, CLUSTER)
    body["properties"]["podIdentityProfile"]["userAssignedIdentities"].append(pod_identity(identity, "Old_Name"))
    simulator.seed.cluster(GROUP, CLUSTER, body=body)

    message = az(DELETE).failed()

    assert "Old_Name" in message
    assert list(entries(simulator)) == ["app", "Old_Name"]
