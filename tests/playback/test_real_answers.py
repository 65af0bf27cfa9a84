# SPDX-License-Identifier: MIT
"""Commands against responses of real Azure in public recordings: they send equivalent requests and read the responses.

A request is equivalent to a recorded one if it has the same method, the same path (ignoring case and the name of a role
assignment, which the client chooses) and an equivalent body (see `normalized`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any, cast
from unittest.mock import patch
from urllib.parse import urlsplit

from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from tests.playback.in_process import InProcessAz
from tests.support.recorded_clusters import FOLDER, without_recordings

pytestmark = without_recordings
ON_CLUSTER = "--resource-group clitest000001 --cluster-name cliakstest000002"
CLUSTER = "--resource-group clitest000001 --name cliakstest000002"
IDENTITY = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/clitest000001/providers/"
    "Microsoft.ManagedIdentity/userAssignedIdentities/id000003"
)
# The recordings lack polls of these operations, so the poll of another operation stands in.
FINISHED = "op-update-3-succeeded"
Exchange = dict[str, Any]
Normalized = tuple[str, str, Any]


def exchange(name: str) -> Exchange:
    loaded: Exchange = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return loaded


def normalized(method: str, path: str, body: Any) -> Normalized:
    """Return a form of a request in which equivalent ones are equal.

    For a cluster that is the pod identity profile without states, empty lists, null and false; for a role assignment
    its role and principal.
    """
    path = re.sub(r"(?<=/roleassignments/)[^/]+$", "", path.lower())
    properties = (body or {}).get("properties", {})
    if "/roleassignments/" in path:
        role = properties["roleDefinitionId"].lower().rpartition("/")[2]
        return method, path, (role, properties["principalId"])
    return method, path, _without_defaults(properties.get("podIdentityProfile"))


@contextmanager
def answers(*recorded: str | Exchange) -> Iterator[list[Normalized]]:
    """Respond to each request with the next recording for its method and path. Yield the writes.

    A request without a recording fails. Operations have ended when they are polled.
    """
    left = [exchange(each) if isinstance(each, str) else each for each in recorded]
    written: list[Normalized] = []

    def send(_: Session, request: PreparedRequest, **__: Any) -> Response:
        body = json.loads(cast(bytes, request.body)) if request.body else None
        asked = normalized(str(request.method), urlsplit(str(request.url)).path, body)
        if request.method == "PUT":
            written.append(asked)
        if "/operations/" in asked[1]:
            return _response(exchange(FINISHED)["response"], request)
        found = next((each for each in left if _of(each)[:2] == asked[:2]), None)
        assert found, f"nothing is recorded for {asked[:2]}"
        left.remove(found)
        return _response(found["response"], request)

    with patch.object(Session, "send", send):
        yield written
    assert not left, "some recordings were not requested"


def _of(recorded: Exchange) -> Normalized:
    request = recorded["request"]
    return normalized(request["method"], request["path"], request["body"])


def _without_defaults(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _without_defaults(each) for name, each in value.items() if name != "provisioningState"}
        return {name: each for name, each in kept.items() if each or name == "enabled"}
    return [_without_defaults(each) for each in value] if isinstance(value, list) else value


def _response(recorded: Exchange, request: PreparedRequest) -> Response:
    body = BytesIO(json.dumps(recorded["body"]).encode())
    raw = HTTPResponse(body, recorded["headers"], recorded["status"], preload_content=False)
    return HTTPAdapter().build_response(request, raw)


def test_disable(replaying_az: InProcessAz) -> None:
    recorded = [
        "podid-azurecni-3-get-200",
        "podid-azurecni-4-put-200-disable",
        "podid-azurecni-5-get-200-after-disable",
    ]
    with answers(*recorded) as written:
        result = replaying_az(f"aks update {CLUSTER} --disable-pod-identity --yes").ok()

    assert written == [_of(exchange("podid-azurecni-4-put-200-disable"))]
    assert result.json["podIdentityProfile"]["enabled"] is None


def test_add_exception(replaying_az: InProcessAz) -> None:
    put = "podid-azurecni-6-put-200-add-exception"
    command = f"exception add {ON_CLUSTER} --namespace test-namespace --name test-name --pod-labels foo=bar"
    with answers("podid-azurecni-3-get-200", put, "podid-azurecni-7-get-200-with-exception") as written:
        result = replaying_az(f"aks pod-identity {command}").ok()

    assert written == [_of(exchange(put))]
    (entry,) = result.json["podIdentityProfile"]["userAssignedIdentityExceptions"]
    assert entry == {"name": "test-name", "namespace": "test-namespace", "podLabels": {"foo": "bar"}}


def test_add_identity_and_role(replaying_az: InProcessAz) -> None:
    puts = ["podid-usage-4-ra-put-201", "podid-usage-5-put-200-add-identity"]
    # The responses have no ETag, so the cluster is read again after the role is granted.
    reads = ["podid-usage-8-get-200-after-remove"] * 2 + ["podid-usage-6-get-200-assigned"]
    # At the end, the command verifies that the role still exists.
    listed = exchange("podid-usage-2-ra-list-assignedto-empty")
    granted = exchange("podid-usage-4-ra-put-201")["response"]["body"]
    listed["response"]["body"] = {"value": [granted]}
    roles: list[str | Exchange] = ["podid-usage-1-uai-get-200", "podid-usage-2-ra-list-assignedto-empty", listed]
    command = f"add {ON_CLUSTER} --namespace test-namespace --name test-name --identity-resource-id {IDENTITY}"
    with answers(*reads, *roles, *puts) as written:
        result = replaying_az(f"aks pod-identity {command}").ok()

    assert written == [_of(exchange(name)) for name in puts]
    (entry,) = result.json["podIdentityProfile"]["userAssignedIdentities"]
    assert (entry["name"], entry["provisioningState"]) == ("test-name", "Assigned")


def test_remove_identity(replaying_az: InProcessAz) -> None:
    put = "podid-usage-7-put-200-remove-identity"
    reads = ["podid-usage-6-get-200-assigned", "podid-usage-1-uai-get-200", "podid-usage-8-get-200-after-remove"]
    with answers(*reads, put) as written:
        result = replaying_az(f"aks pod-identity delete {ON_CLUSTER} --namespace test-namespace --name test-name").ok()

    assert written == [_of(exchange(put))]
    assert not result.json["podIdentityProfile"]["userAssignedIdentities"]


def test_show_identity_with_selector(replaying_az: InProcessAz) -> None:
    key = "--namespace test-namespace-binding-selector --name test-name-binding-selector"
    with answers("podid-usage-9-get-200-binding-selector"):
        shown = replaying_az(f"aks pod-identity show {ON_CLUSTER} {key}").ok().json

    assert shown["bindingSelector"] == "binding_test"
    assert shown["provisioningState"] == "Assigned"


def test_create(replaying_az: InProcessAz) -> None:
    put = "podid-azurecni-1-put-201-create"
    flags = "--location westus2 --no-ssh-key --network-plugin azure --enable-pod-identity"
    settled = exchange("podid-azurecni-3-get-200")
    absent = {**settled, "response": exchange("mc-get-404-before-create")["response"]}
    with answers(absent, put, settled) as written:
        result = replaying_az(f"aks create {CLUSTER} {flags}").ok()

    assert written == [_of(exchange(put))]
    assert result.json["podIdentityProfile"]["enabled"] is True
