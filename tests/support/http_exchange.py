# SPDX-License-Identifier: MIT
"""The SDK's client of managed clusters over a fake connection: everything but the network is real."""

from __future__ import annotations

import io
import json
import time
from copy import deepcopy
from typing import Any

import requests
from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import RequestsTransport
from azure.mgmt.containerservice import ContainerServiceClient
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

from azext_podidentity.arm.throttling import ThrottledRetryPolicy
from tests.support.builders import SUBSCRIPTION, Json
from tests.support.fake_azure import CLI


class Exchange(BaseAdapter):  # type: ignore[misc]
    """A connection to one cluster. A GET returns it, and a PUT replaces it. `written` has the bodies of the PUTs."""

    def __init__(self, cluster: Json) -> None:
        super().__init__()
        self.cluster = cluster
        self.written: list[Json] = []
        self.client = connected(self)

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        if request.method == "PUT":
            body = request.body or b""
            self.written.append(json.loads(body))
            self.cluster = {**deepcopy(self.written[-1]), "properties": {**self.written[-1]["properties"]}}
            self.cluster["properties"]["provisioningState"] = "Succeeded"
        return response(request, 200, json.dumps(self.cluster))

    def close(self) -> None:
        """Do nothing, because no connection is open."""


class _Credential:
    def get_token(self, *_: str, **__: Any) -> AccessToken:
        return AccessToken("a-token", int(time.time()) + 3600)


def connected(exchange: Exchange, **options: Any) -> Any:
    """Return the SDK's operations of managed clusters over the exchange.

    Options are those of the client. By default, requests are retried as by the extension's clients.
    """
    session = requests.Session()
    session.mount("https://", exchange)
    transport = RequestsTransport(session=session, session_owner=False)
    if not any(name.startswith("retry_") for name in options):
        options["retry_policy"] = ThrottledRetryPolicy(CLI)
    return ContainerServiceClient(_Credential(), SUBSCRIPTION, transport=transport, **options).managed_clusters


def response(
    request: requests.PreparedRequest, status: int, body: str, content_type: str = "application/json"
) -> requests.Response:
    """Return a response to the request."""
    content = body.encode()
    headers = {"content-type": content_type, "content-length": str(len(content))}
    raw = HTTPResponse(io.BytesIO(content), headers, status, preload_content=False)
    answer: requests.Response = HTTPAdapter().build_response(request, raw)
    return answer
