# SPDX-License-Identifier: MIT
"""Responses that are not from the service are retried once or reported."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError, ServiceResponseError
from azure.core.pipeline.policies import RetryPolicy

from azext_podidentity.arm.response_policy import ResponsePolicy
from tests.support.builders import cluster_json
from tests.support.http_exchange import Exchange, connected, response

PAGE = "<html><body>Sign in</body></html>"


class FaultyExchange(Exchange):
    """An exchange that sends the given responses first."""

    def __init__(self, *answers: tuple[int, str] | tuple[int, str, str]) -> None:
        super().__init__(deepcopy(cluster_json()))
        self.answers = list(answers)
        self.sent = 0
        self.client = connected(
            self, per_retry_policies=[ResponsePolicy()], retry_policy=RetryPolicy(retry_backoff_factor=0)
        )

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:
        self.sent += 1
        if self.answers:
            return response(request, *self.answers.pop(0))
        return super().send(request, *arguments, **options)

    def get(self) -> Any:
        return self.client.get("rg", "cluster")


@pytest.mark.parametrize(
    "answer",
    [
        (401, "{}"),
        (200, PAGE),
        (200, '{"properties": {'),
        (200, ""),
        (200, "null"),
        (200, "[]"),
        (200, '{"value": [1]}'),
        (200, "{}", "text/plain"),
    ],
    ids=["401", "page", "truncated", "empty", "null", "list", "list of numbers", "text"],
)
def test_invalid_response_is_retried_once(answer: tuple[int, str] | tuple[int, str, str]) -> None:
    azure = FaultyExchange(answer)
    assert azure.get().properties.provisioning_state == "Succeeded"
    assert azure.sent == 2


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "text/json", "application/problem+json", "Application/JSON"]
)
def test_json_content_types(content_type: str) -> None:
    azure = FaultyExchange((200, json.dumps(cluster_json()), content_type))
    assert azure.get().properties.provisioning_state == "Succeeded"
    assert azure.sent == 1


def test_token_refused_twice_raises() -> None:
    azure = FaultyExchange((401, "{}"), (401, "{}"))
    with pytest.raises(ClientAuthenticationError):
        azure.get()
    assert azure.sent == 2


def test_persistent_page_is_reported() -> None:
    azure = FaultyExchange(*[(200, PAGE)] * 10)
    with pytest.raises(ServiceResponseError) as caught:
        azure.get()
    assert "is not JSON" in str(caught.value)
    assert "/managedClusters/cluster" in str(caught.value)
    assert "?" not in str(caught.value)
