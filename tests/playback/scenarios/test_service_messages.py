# SPDX-License-Identifier: MIT
"""Known errors of the service, as users see them.

If a command can cause the error, the test brings the simulator to the state that causes it and runs the command. Errors
that the extension prevents occur only if the state changes between its read and its write, so the simulator returns
them on request. PodIdentityAddonUserAssignedIdentitiesNotAllowedInCreation is omitted, because no option of
`az aks create` adds a pod identity.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from azure_simulator import Fault
from tests.playback.scenario import Scenario, states
from tests.support.azure_cli import CLUSTER_PATH, OPERATION_PATH
from tests.support.faults import REQUEST_ID


class Refusal(NamedTuple):
    """A response to a PUT of the cluster, and part of its advice."""

    status: int
    code: str
    message: str
    advice: str


FEATURE = (
    "PodIdentity addon is not allowed since feature 'Microsoft.ContainerService/EnablePodIdentityPreview' is not "
    "enabled."
)
REGISTER = "az feature register --namespace Microsoft.ContainerService --name EnablePodIdentityPreview"
UNEXPECTED = {
    "service-principal": Refusal(
        400, "BadRequest", "PodIdentity addon requires managed identity.", "--enable-managed-identity"
    ),
    "kubenet": Refusal(
        400,
        "BadRequest",
        "Network plugin kubenet is not supported to use with PodIdentity addon.",
        "--enable-pod-identity-with-kubenet",
    ),
    "same-name": Refusal(
        400,
        "BadRequest",
        "Found pod identities use different identities with the same name 'app' in namespace 'my-app'. Please update "
        "the pod identity name.",
        "az aks pod-identity delete",
    ),
}
TRANSIENT = {
    "busy": Refusal(
        409,
        "OperationNotAllowed",
        "Operation is not allowed: Another operation (Updating) is in progress, please wait for it to finish before "
        "starting a new operation. See https://aka.ms/aks-pending-operation for more details",
        "",
    ),
    "stale": Refusal(412, "PreconditionFailed", "The etag is not that of the cluster.", ""),
    "mismatch": Refusal(412, "EtagMismatch", "The etag is not that of the cluster.", ""),
}
IN_APP = "--namespace my-app"
ADD_EXCEPTION = f"exception add {IN_APP} --name agents --pod-labels app=agent"
simulated_only = pytest.mark.simulated_only("the service does not give this answer on demand")


def refuse_next_write(scenario: Scenario, refusal: Refusal) -> None:
    """Make the simulator return the error for the next write. In a replay, the recording contains it."""
    if scenario.simulator:
        headers = {"x-ms-request-id": REQUEST_ID}
        fault = Fault(
            *("PUT", CLUSTER_PATH),
            status=refusal.status,
            code=refusal.code,
            message=refusal.message,
            headers=headers,
        )
        scenario.simulator.faults.add(fault)


@simulated_only
@pytest.mark.parametrize(
    "command",
    [
        "aks create --resource-group {group} --name new --no-ssh-key --network-plugin azure --enable-pod-identity",
        "aks update --resource-group {group} --name {cluster} --enable-pod-identity",
    ],
    ids=["create", "update"],
)
def test_feature_not_registered(scenario: Scenario, command: str) -> None:
    scenario.create_cluster("--network-plugin azure")
    if scenario.simulator:
        scenario.simulator.seed.feature("EnablePodIdentityPreview", "NotRegistered")

    said = scenario.az(command).failed()

    assert f"(BadRequest) {FEATURE}" in said
    assert "Request ID: " in said
    assert REGISTER in said


@simulated_only
def test_service_principal_cluster(scenario: Scenario) -> None:
    if scenario.simulator:
        names = scenario.names
        scenario.simulator.seed.cluster(names.group, names.cluster, pod_identity=False, identity="ServicePrincipal")

    assert "--enable-managed-identity" in scenario.update_cluster("--enable-pod-identity").failed()


def test_kubenet_cluster(scenario: Scenario) -> None:
    scenario.create_cluster("--network-plugin kubenet")

    said = scenario.update_cluster("--enable-pod-identity").failed()

    assert "ARP spoofing" in said
    assert "--enable-pod-identity --enable-pod-identity-with-kubenet" in said


def test_role_missing(scenario: Scenario) -> None:
    scenario.create_cluster()
    identity = scenario.create_identity("app")

    said = scenario.pod_identity(f"add {IN_APP} --identity-resource-id {identity} --skip-role-assignment").failed()

    assert "(PodIdentityAddonIdentitiesAssignmentError) Cluster identity has no assignment permission" in said
    assert "Request ID: " in said
    assert "az role assignment create --role 'Managed Identity Operator' --assignee-object-id" in said
    assert identity in said


@simulated_only
@pytest.mark.parametrize("case", UNEXPECTED)
def test_service_refusal(scenario: Scenario, case: str) -> None:
    scenario.create_cluster()
    identity = scenario.create_identity("app")
    refusal = UNEXPECTED[case]
    refuse_next_write(scenario, refusal)

    said = scenario.pod_identity(f"add {IN_APP} --identity-resource-id {identity}").failed()

    assert f"({refusal.code}) {refusal.message}" in said
    assert f"Request ID: {REQUEST_ID}" in said
    assert refusal.advice in said


@simulated_only
@pytest.mark.parametrize("case", TRANSIENT)
def test_conflict_is_retried(scenario: Scenario, case: str) -> None:
    scenario.create_cluster()
    refuse_next_write(scenario, TRANSIENT[case])

    scenario.pod_identity(ADD_EXCEPTION).ok()

    assert scenario.pod_identity(f"exception show {IN_APP} --name agents").ok().json["podLabels"]


@simulated_only
def test_conflict_with_host_update_is_retried(scenario: Scenario) -> None:
    scenario.create_cluster("--network-plugin azure")
    refuse_next_write(scenario, TRANSIENT["busy"])

    updated = scenario.update_cluster("--enable-pod-identity --tags team=a").ok().json

    assert (updated["podIdentityProfile"]["enabled"], updated["tags"]) == (True, {"team": "a"})


@simulated_only
def test_replaced_write_is_retried(scenario: Scenario) -> None:
    """The operation ends with NotLatestOperation, and the cluster lacks the change."""
    scenario.create_cluster()
    identity = scenario.create_identity("app")
    if simulator := scenario.simulator:
        names = scenario.names
        before = simulator.cluster(names.group, names.cluster)["properties"]["podIdentityProfile"]

        def replace() -> None:
            write_back = {"podIdentityProfile": before}
            simulator.start_operation(
                names.group, names.cluster, 50, lambda body: body["properties"].update(write_back)
            )

        simulator.faults.add(Fault("GET", OPERATION_PATH, call=replace))

    added = scenario.pod_identity(f"add {IN_APP} --identity-resource-id {identity}").ok()

    assert states(added.json) == {"app": "Assigned"}


@simulated_only
def test_entry_ends_failed(scenario: Scenario) -> None:
    scenario.create_cluster()
    identity = scenario.create_identity("app")
    add = f"add {IN_APP} --identity-resource-id {identity}"
    if scenario.simulator:
        scenario.simulator.faults.fail_entry("my-app", "app", "NodeTrouble", "No node has it.")

    assert "'my-app/app' ended in state Failed: No node has it." in scenario.pod_identity(add).failed()
    assert "No node has it." in scenario.pod_identity(f"wait {IN_APP} --name app --created").failed()
    assert states(scenario.pod_identity(add).ok().json) == {"app": "Assigned"}
