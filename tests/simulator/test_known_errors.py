# SPDX-License-Identifier: MIT
"""Errors of the table, at each point of their rows."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from azure_simulator import Simulator
from azure_simulator.known_errors import KNOWN_ERRORS, KnownError, Stage, known_error
from tests.support.arm import CLUSTER, GROUP, Arm, add, entry, profile

IDENTITIES = f"resourceGroups/{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
CASES = [(error, stage) for error in KNOWN_ERRORS for stage in error.stages]
REQUESTS = [(error, stage) for error, stage in CASES if stage not in ("operation", "entry")]


def send(arm: Arm, stage: Stage) -> httpx.Response:
    method, path = {
        "read": ("GET", arm.cluster_path()),
        "write": ("PUT", arm.cluster_path()),
        "poll": ("GET", "providers/Microsoft.ContainerService/locations/eastus/operations/some"),
        "grant": ("PUT", f"{IDENTITIES}/a/providers/Microsoft.Authorization/roleAssignments/some"),
        "credential": ("PUT", f"{IDENTITIES}/a/federatedIdentityCredentials/some"),
        "identity": ("GET", f"{IDENTITIES}/a"),
        "feature": ("GET", "providers/Microsoft.Features/providers/Microsoft.ContainerService/features/some"),
    }[stage]
    return arm.send(method, path, {} if method == "PUT" else None)


def name_of(value: object) -> str:
    return value.name if isinstance(value, KnownError) else str(value)


@pytest.mark.parametrize(("error", "stage"), REQUESTS, ids=name_of)
def test_request_with_known_error(arm: Arm, simulator: Simulator, error: KnownError, stage: Stage) -> None:
    given = simulator.faults.add_known(error.name, stage)
    response = send(arm, stage)
    assert response.status_code == error.status
    if error.body is not None:
        assert (response.text if isinstance(error.body, str) else response.json()) == error.body
        return
    body = response.json()
    assert ("error" in body) is (error.shape == "front-door")
    shown = body.get("error", body)
    assert (shown["code"], shown["message"]) == (error.code, given.message)
    assert response.headers.get("retry-after") == ("5" if error.status == 429 else None)


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("error", [error for error, stage in CASES if stage == "operation"], ids=name_of)
def test_operation_ends_with_known_error(arm: Arm, simulator: Simulator, error: KnownError) -> None:
    given = simulator.faults.add_known(error.name, "operation")
    url = arm.change(lambda body: body.update(tags={"a": "b"})).headers["azure-asyncoperation"]
    arm.settle()
    ended: dict[str, Any] = arm.get(url).json()
    assert (ended["status"], ended["error"]) == (error.state, {"code": error.code, "message": given.message})
    assert arm.cluster()["properties"]["provisioningState"] == error.state


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("error", [error for error, stage in CASES if stage == "entry"], ids=name_of)
def test_entry_ends_with_known_error(arm: Arm, simulator: Simulator, error: KnownError) -> None:
    identity = simulator.seed.managed_identity(GROUP, "a")
    principal = simulator.cluster(GROUP, CLUSTER)["identity"]["principalId"]
    simulator.seed.role_assignment(identity["id"], principal)
    given = simulator.faults.add_known(error.name, "entry", entry=("namespace", "name"))
    assert arm.change(add(entry(identity))).is_success
    arm.settle()
    (ended,) = profile(arm.cluster())["userAssignedIdentities"]
    assert ended["provisioningState"] == "Failed"
    assert ended["provisioningInfo"]["error"]["error"] == {"code": error.code, "message": given.message}


@pytest.mark.parametrize("error", KNOWN_ERRORS, ids=name_of)
def test_every_error_has_source_and_complete_message(error: KnownError) -> None:
    assert re.match(r"recorded|report|Learn: ", error.source)
    assert not re.search(r"\{\w+\}", known_error(error.name).message)
    assert error.message or error.body is not None


def test_names_are_unique() -> None:
    names = [error.name for error in KNOWN_ERRORS]
    assert len(names) == len(set(names))


def test_values_are_filled_in(simulator: Simulator) -> None:
    error = simulator.faults.add_known("LinkedAuthorizationFailed", principal="me", action="do/it", scope="/there")
    assert "object id 'me'" in error.message
    assert "action 'do/it' on the linked scope(s) '/there'" in error.message


def test_unsupported_point_is_refused(simulator: Simulator) -> None:
    with pytest.raises(ValueError, match="does not happen at read"):
        simulator.faults.add_known("RoleAssignmentLimitExceeded", "read")


def test_unknown_value_is_refused() -> None:
    with pytest.raises(KeyError, match="colour"):
        known_error("ScopeLocked", colour="red")


def test_error_can_be_permanent(arm: Arm, simulator: Simulator) -> None:
    simulator.faults.add_known("OperationNotFound", times=0)
    assert {send(arm, "poll").status_code for _ in range(5)} == {404}
    simulator.faults.clear()
    simulator.faults.add_known("OperationServerError")
    assert [send(arm, "poll").status_code for _ in range(2)] == [500, 404]
