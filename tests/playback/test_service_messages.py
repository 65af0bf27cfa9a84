"""The service's known refusals, as the user sees them. Only a simulator gives them on demand."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from azure_simulator import Fault
from tests.commands.support import CLUSTER_PATH
from tests.commands.trouble import REQUEST_ID
from tests.playback.scenario import Scenario


class Refusal(NamedTuple):
    """An answer to a PUT of the cluster, and words of the advice that belongs to it."""

    status: int
    code: str
    message: str
    advice: str


ENDING = {
    "feature": Refusal(
        400,
        "BadRequest",
        "PodIdentity addon is not allowed since feature 'Microsoft.ContainerService/EnablePodIdentityPreview' is not "
        "enabled.",
        "az feature register --namespace Microsoft.ContainerService --name EnablePodIdentityPreview",
    ),
    "service-principal": Refusal(
        400, "BadRequest", "PodIdentity addon requires managed identity.", "--enable-managed-identity"
    ),
    "kubenet": Refusal(
        400,
        "BadRequest",
        "Network plugin kubenet is not supported to use with PodIdentity addon.",
        "--enable-pod-identity-with-kubenet",
    ),
    "role-missing": Refusal(
        400,
        "PodIdentityAddonIdentitiesAssignmentError",
        "Cluster identity has no assignment permission over identity 'resourceId: {other} - clientId: c - "
        "objectId: o'. Please grant at least 'Managed Identity Operator' permission before assigning pod identity.",
        "az role assignment create --role 'Managed Identity Operator' --assignee-object-id",
    ),
}
PASSING = {
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
ADD = "exception add --namespace my-app --name agents --pod-labels app=agent"
simulated_only = pytest.mark.simulated_only("the service does not give this answer on demand")


def refuse_the_next_write(scenario: Scenario, refusal: Refusal, other: str) -> None:
    """Has the simulator answer so; a replay has it in the recording."""
    if scenario.simulator:
        words = refusal.message.replace("{other}", other)
        headers = {"x-ms-request-id": REQUEST_ID}
        fault = Fault("PUT", CLUSTER_PATH, status=refusal.status, code=refusal.code, message=words, headers=headers)
        scenario.simulator.faults.add(fault)


@simulated_only
@pytest.mark.parametrize("case", ENDING)
def test_refused(scenario: Scenario, case: str) -> None:
    scenario.create_cluster()
    other = scenario.create_identity("other")
    refuse_the_next_write(scenario, ENDING[case], other)

    said = scenario.pod_identity(ADD).failed()

    assert f"({ENDING[case].code}) {ENDING[case].message.replace('{other}', other)}" in said
    assert f"Request id: {REQUEST_ID}" in said
    assert ENDING[case].advice in said


@simulated_only
@pytest.mark.parametrize("case", PASSING)
def test_another_write_in_the_way(scenario: Scenario, case: str) -> None:
    scenario.create_cluster()
    refuse_the_next_write(scenario, PASSING[case], "")

    scenario.pod_identity(ADD).ok()

    assert scenario.pod_identity("exception show --namespace my-app --name agents").ok().json["podLabels"]
