# SPDX-License-Identifier: MIT
"""Steps that bring the simulator to the state of a recorded exchange.

Each receives the recording. Some return the path to request, or the response whose operation is polled.
"""

from __future__ import annotations

import copy
from typing import Any

import httpx

from azure_simulator.context import new_id
from tests.support.arm import Arm
from tests.support.recordings import Recording, Step, group_of, load, replay

NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7"
KUBENET = {"network_plugin": "kubenet"}

WORKLOAD_IDENTITY = "mc-put-201-create-oidc-workload-identity"
CREATE = "mc-put-201-create-systemassigned"
CREATE_UAI = "mc-put-201-create-userassigned"
CREATE_SP = "mc-put-201-create-service-principal"
ADD = "podid-usage-5-put-200-add-identity"
REMOVE = "podid-usage-7-put-200-remove-identity"


def seed_group(arm: Arm, recording: Recording) -> None:
    arm.simulator.seed.resource_group(group_of(recording), "westus2")


def seed_cluster(**options: Any) -> Step:
    """Return a step that creates a cluster with the recorded group, name and location."""

    def step(arm: Arm, recording: Recording) -> None:
        seed_group(arm, recording)
        body = recording["response"]["body"] or {}
        name = recording["request"]["path"].split("/")[8]
        arm.simulator.seed.resource_group(group_of(recording), body.get("location", "westus2"))
        arm.simulator.seed.cluster(group_of(recording), name, **options)

    return step


def after(name: str, given: Step = seed_group, settle: float = 3600, edit: Any = None) -> Step:
    """Return a step that sends another recorded request and advances the clock by `settle` seconds."""

    def step(arm: Arm, recording: Recording) -> httpx.Response:
        earlier = load(name)
        given(arm, earlier)
        if edit:
            edit(arm, earlier["request"]["body"])
        answer = replay(arm, earlier)
        assert answer.is_success, answer.text
        arm.settle(settle)
        return answer

    return step


def polling(step: Step, header: str = "azure-asyncoperation") -> Step:
    """Return a step that returns the URL to poll from the response of another step."""
    return lambda arm, recording: step(arm, recording).headers[header]


def seed_named_identity(arm: Arm, recording: Recording) -> None:
    """Create the managed identity in the path of the recorded request."""
    parts = recording["request"]["path"].split("/")
    arm.simulator.seed.managed_identity(parts[4], parts[8])


def seed_control_plane_identity(arm: Arm, recording: Recording) -> None:
    seed_group(arm, recording)
    for resource_id in recording["request"]["body"]["identity"]["userAssignedIdentities"]:
        parts = resource_id.split("/")
        arm.simulator.seed.managed_identity(parts[4], parts[8])


def seed_pod_identity_cluster(arm: Arm, recording: Recording) -> None:
    seed_cluster(network_plugin="kubenet")(arm, recording)
    parts = recording["request"]["path"].split("/")
    identity = arm.simulator.seed.managed_identity(parts[4], "id000003")
    principal = arm.simulator.cluster(parts[4], parts[8])["identity"]["principalId"]
    arm.simulator.seed.role_assignment(identity["id"], principal)


def use_generated_ids(arm: Arm, body: Any) -> None:
    """Replace the recorded client and object IDs, which are masked, with the simulator's."""
    del body["properties"]["dnsPrefix"]
    for item in body["properties"]["podIdentityProfile"].get("userAssignedIdentities") or []:
        found = arm.get(item["identity"]["resourceId"]).json()["properties"]
        item["identity"].update(clientId=found["clientId"], objectId=found["principalId"])


def drop_prefix(arm: Arm, body: Any) -> None:
    """Delete the recorded DNS prefix, because a seeded cluster has another one."""
    del body["properties"]["dnsPrefix"]


def known_principal(arm: Arm, body: Any) -> None:
    found = arm.get("resourceGroups/principals/providers/Microsoft.ManagedIdentity/userAssignedIdentities/known")
    known = found.is_success
    identity = found.json() if known else arm.simulator.seed.managed_identity("principals", "known")
    body["properties"]["principalId"] = identity["properties"]["principalId"]
    role = body["properties"]["roleDefinitionId"].rpartition("/")[0]
    body["properties"]["roleDefinitionId"] = f"{role}/{NETWORK_CONTRIBUTOR}"


def seed_scope(arm: Arm, recording: Recording) -> None:
    """Create the resource group and, if applicable, the managed identity of the recorded scope."""
    parts = recording["request"]["path"].split("/")
    if "/userassignedidentities/" in recording["request"]["path"].lower():
        seed_named_identity(arm, recording)
    elif parts[3].lower() == "resourcegroups":
        arm.simulator.seed.resource_group(parts[4])


def seed_assignment(arm: Arm, recording: Recording) -> str | None:
    """Create an assignment at the recorded scope. Return its path if the recording requests one by name."""
    seed_scope(arm, recording)
    scope = recording["request"]["path"].split("/providers/Microsoft.Authorization")[0]
    listed = recording["request"]["path"].endswith("roleAssignments")
    body = recording["response"]["body"]
    principal = body["value"][-1]["properties"]["principalId"] if listed else arm.simulator.client_id
    made = arm.simulator.seed.role_assignment(scope, principal)
    return None if listed else str(made["id"])


def assigned_under_another_name(arm: Arm, recording: Recording) -> None:
    seed_scope(arm, recording)
    known_principal(arm, recording["request"]["body"])
    path = recording["request"]["path"].rpartition("/")[0]
    arm.put(f"{path}/{new_id()}", recording["request"]["body"]).raise_for_status()


def assigned_to_another(arm: Arm, recording: Recording) -> None:
    seed_scope(arm, recording)
    body = copy.deepcopy(recording["request"]["body"])
    body["properties"]["roleDefinitionId"] = f"/{NETWORK_CONTRIBUTOR}"
    body["properties"]["principalId"] = arm.simulator.seed.managed_identity("a", "b")["properties"]["principalId"]
    arm.put(recording["request"]["path"], body).raise_for_status()


def seed_exception_cluster(arm: Arm, recording: Recording) -> None:
    labels = {"podLabels": {"foo": "bar"}, "name": "test-name", "namespace": "test-namespace"}
    pod_identity = {"enabled": True, "userAssignedIdentityExceptions": [labels]}
    seed_cluster(pod_identity=pod_identity)(arm, recording)


def seed_credentials(arm: Arm, recording: Recording) -> None:
    seed_named_identity(arm, recording)
    identity = recording["request"]["path"].split("/federatedIdentityCredentials")[0]
    for number in (1, 2):
        properties = {"issuer": "https://issuer", "subject": f"s{number}", "audiences": ["audience"]}
        arm.put(f"{identity}/federatedIdentityCredentials/fic{number}", {"properties": properties})


def seed_feature(arm: Arm, recording: Recording) -> None:
    arm.simulator.seed.feature(recording["response"]["body"]["name"], "Registered")


def unregister(arm: Arm, recording: Recording) -> None:
    seed_group(arm, recording)
    arm.send("POST", "providers/Microsoft.ContainerService/unregister")


def added(settle: float = 3600) -> Step:
    return after(ADD, seed_pod_identity_cluster, settle, use_generated_ids)


def updating(arm: Arm, recording: Recording) -> httpx.Response:
    """Create a cluster and start an update of its tags."""
    path = load(CREATE)["request"]["path"]
    after(CREATE)(arm, recording)
    body = arm.get(path).json()
    return arm.put(path, body | {"tags": {"a": "b"}})


def updated(arm: Arm, recording: Recording) -> httpx.Response:
    answer = updating(arm, recording)
    arm.settle()
    return answer


def at(seconds: float, step: Step) -> Step:
    """Return a step that also advances the clock by `seconds`."""

    def later(arm: Arm, recording: Recording) -> Any:
        given = step(arm, recording)
        arm.clock.advance(seconds)
        return given

    return later


def deleting(settle: float = 0) -> Step:
    return after("mc-delete-202", after(CREATE_UAI, seed_control_plane_identity), settle)


def preempted(settle: float = 0) -> Step:
    def step(arm: Arm, recording: Recording) -> httpx.Response:
        arm.simulator.settings.preempt = True
        first = updating(arm, recording)
        path = load(CREATE)["request"]["path"]
        arm.put(path, arm.get(path).json() | {"tags": {"c": "d"}})
        arm.clock.advance(settle)
        return first

    return step


def creating(seconds: float) -> Step:
    return after(CREATE_SP, settle=seconds)


def seed_listed_cluster(arm: Arm, recording: Recording) -> None:
    arm.simulator.seed.resource_group(group_of(recording), "westcentralus")
    options: dict[str, Any] = {"network_plugin": "kubenet", "identity": "UserAssigned", "pod_identity": False}
    arm.simulator.seed.cluster(group_of(recording), "cliakstest000001", **options)


def seed_service_principal_cluster(arm: Arm, recording: Recording) -> None:
    options: dict[str, Any] = {
        "network_plugin": "kubenet",
        "identity": "ServicePrincipal",
        "pod_identity": False,
    }
    seed_cluster(**options)(arm, recording)


def stage(seconds: float) -> Step:
    return polling(after(CREATE, settle=seconds))


OF_A_VAULT = {
    "data[].id": "the recorded row is a backup vault",
    "data[].properties": "the recorded row is a backup vault",
    "data[].tags": "a seeded cluster has no tags",
}


def seed_vault(arm: Arm, recording: Recording) -> None:
    """Create a cluster in place of the recorded backup vault, because no query for clusters is recorded."""
    arm.simulator.seed.cluster("clitest-dpp-rg", "cluster")


def ask_for_clusters(arm: Arm, body: Any) -> None:
    """Change the recorded query from vaults to clusters."""
    body["query"] = "resources | where type =~ 'microsoft.containerservice/managedclusters'"
    body["subscriptions"] = [arm.simulator.subscription_id]
