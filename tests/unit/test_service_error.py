# SPDX-License-Identifier: MIT

from __future__ import annotations

import json

import pytest
from azure.core.exceptions import HttpResponseError
from hypothesis import given
from hypothesis import strategies as st

from azext_podidentity.arm.errors import ArmError
from azext_podidentity.profile.entries import ManagedIdentity
from tests.support.builders import Json, http_error, identity_id, missing_role, refusal
from tests.support.json_strategies import json_values

CODE, MESSAGE = "SomeCode", "Some words of the service."
BODIES: dict[str, Json] = {
    "provider": {"code": CODE, "details": None, "message": MESSAGE, "subcode": "Sub"},
    "front door": {"error": {"code": CODE, "message": MESSAGE}},
    "null details": {"error": {"code": CODE, "message": MESSAGE, "details": None, "innererror": None}},
    "failed operation": {"name": "an-id", "status": "Failed", "error": {"code": CODE, "message": MESSAGE}},
}
BUSY = "Operation is not allowed: Another operation (Updating) is in progress, please wait for it to finish."


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_code_and_message_of_every_body_form(body: Json) -> None:
    error = ArmError.of(http_error(400, body))
    assert (error.status, error.code, error.message) == (400, CODE, MESSAGE)
    assert str(error) == f"({CODE}) {MESSAGE}"


def test_nested_details_are_included() -> None:
    inner = {"code": "Inner", "message": "inner", "details": [{"code": "", "message": missing_role(identity_id())}]}
    for details in ([inner], [None, "words", {}, inner]):
        error = ArmError.of(http_error(400, {"error": {"code": CODE, "message": MESSAGE, "details": details}}))
        assert str(error) == f"({CODE}) {MESSAGE}\n(Inner) inner\n{missing_role(identity_id())}"
        assert error.unassigned_identity is not None


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"code": CODE}, CODE, ""),
        ({"message": MESSAGE}, "", MESSAGE),
        ({"error": {"code": CODE}}, CODE, ""),
        ({"error": {"message": MESSAGE}}, "", MESSAGE),
        ({"error": {"code": None, "message": MESSAGE}}, "", MESSAGE),
        ({"error": None, "code": CODE, "message": MESSAGE}, CODE, MESSAGE),
        ({"error": {}}, "", ""),
        ({}, "", ""),
        ([], "", ""),
        (None, "", ""),
        ("", "", ""),
        ("<html><body><h1>502 Bad Gateway</h1></body></html>", "", ""),
        ("The service is unavailable.", "", ""),
        ('{"error": {"code": "Cut', "", ""),
        ({"error": "some_error", "error_description": "Words of the identity provider."}, "", ""),
    ],
)
def test_incomplete_body_has_message(body: object, code: str, message: str) -> None:
    error = ArmError.of(http_error(502, body))
    assert (error.status, error.code) == (502, code)
    assert error.message
    assert message in error.message
    assert error.message in str(error)


def test_web_page_is_named() -> None:
    page = {"content-type": "text/html; charset=utf-8"}
    assert "web page" in ArmError.of(http_error(502, "<html></html>", page)).message
    assert "web page" not in ArmError.of(http_error(502, BODIES["provider"], page)).message
    assert "web page" not in ArmError.of(http_error(502, "Bad gateway", {"content-type": "text/plain"})).message


@pytest.mark.parametrize("error", [HttpResponseError(message=MESSAGE), HttpResponseError()], ids=["message", "empty"])
def test_error_without_response(error: HttpResponseError) -> None:
    read = ArmError.of(error)
    assert (read.status, read.code, read.request_id) == (0, "", "")
    assert read.message in (MESSAGE, error.message)
    assert not (read.busy or read.replaced or read.unassigned_identity)


@given(json_values | st.dictionaries(st.sampled_from(["error", "code", "message"]), json_values), st.integers(200, 599))
def test_arbitrary_body_does_not_crash(body: object, status: int) -> None:
    error = ArmError.of(http_error(status, json.dumps(body)))
    assert error.status == status
    assert str(error)
    assert error.busy in (True, False)
    assert error.replaced in (True, False)
    assert error.unassigned_identity is None


@pytest.mark.parametrize(
    ("headers", "request_id"),
    [
        ({"x-ms-request-id": "one", "x-ms-correlation-request-id": "two"}, "one"),
        ({"x-ms-correlation-request-id": "two"}, "two"),
        ({}, ""),
    ],
)
def test_request_id_is_kept(headers: dict[str, str], request_id: str) -> None:
    error = ArmError.of(refusal(CODE, MESSAGE, headers=headers))
    assert error.request_id == request_id
    assert (f"\nRequest ID: {request_id}" in str(error)) == bool(request_id)


@pytest.mark.parametrize(
    ("status", "code", "message", "busy"),
    [
        (409, "OperationNotAllowed", BUSY, True),
        (409, "OperationNotAllowed", BUSY.lower(), True),
        (409, "Conflict", "The request conflicts with an operation that is in progress.", True),
        (412, "PreconditionFailed", "The condition of the request is not met.", True),
        (412, "EtagMismatch", "", True),
        (409, "MissingSubscriptionRegistration", "The subscription is not registered.", False),
        (409, "ResourceGroupBeingDeleted", "The resource group is deprovisioning.", False),
        (400, "BadRequest", BUSY, False),
        (429, "TooManyRequests", "Too many requests.", False),
        (500, "InternalServerError", "Internal server error.", False),
    ],
)
def test_busy_errors(status: int, code: str, message: str, busy: bool) -> None:
    assert ArmError.of(refusal(code, message, status)).busy == busy


@pytest.mark.parametrize("status", [200, 409])
def test_replaced_operation(status: int) -> None:
    replaced = {"status": "Failed", "error": {"code": "NotLatestOperation", "message": "Cannot proceed."}}
    assert ArmError.of(http_error(status, replaced)).replaced
    assert not ArmError.of(refusal(CODE, "NotLatestOperation", status)).replaced


@pytest.mark.parametrize("form", ["provider", "front door"])
def test_unassigned_identity_in_message(form: str) -> None:
    message = missing_role(identity_id("My_id"), "the-client", "the-object")
    body = {"code": CODE, "message": message}
    error = ArmError.of(http_error(400, body if form == "provider" else {"error": body}))
    assert error.unassigned_identity == ManagedIdentity(identity_id("My_id"), "the-client", "the-object")


def test_unassigned_identity_in_short_message() -> None:
    message = f"Cluster identity has no assignment permission over identity 'resourceId: {identity_id()}'. Please."
    assert ArmError.of(refusal(CODE, message)).unassigned_identity == ManagedIdentity(identity_id())


def test_other_message_has_no_unassigned_identity() -> None:
    assert ArmError.of(refusal(CODE, f"Something about {identity_id()}.")).unassigned_identity is None
