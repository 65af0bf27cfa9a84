# SPDX-License-Identifier: MIT
"""Answers that say nothing of the service are asked for once more, or are an error that says so."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError, ServiceResponseError
from azure.core.pipeline.policies import RetryPolicy

from azext_podidentity.arm.response_policy import ResponsePolicy
from tests.support.builders import cluster_wire
from tests.support.http_exchange import Exchange, connected, response

PAGE = "<html><body>Sign in</body></html>"


class Troubled(Exchange):
    """Answers with the given status and body first, and then as it should."""

    def __init__(self, *answers: tuple[int, str]) -> None:
        super().__init__(deepcopy(cluster_wire()))
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


@pytest.mark.parametrize("answer", [(401, "{}"), (200, PAGE), (200, '{"properties": {')], ids=["401", "page", "cut"])
def test_an_answer_that_says_nothing_is_asked_for_once_more(answer: tuple[int, str]) -> None:
    azure = Troubled(answer)
    assert azure.get().properties.provisioning_state == "Succeeded"
    assert azure.sent == 2


def test_a_token_that_is_refused_twice_is_an_error() -> None:
    azure = Troubled((401, "{}"), (401, "{}"))
    with pytest.raises(ClientAuthenticationError):
        azure.get()
    assert azure.sent == 2


def test_a_page_that_stays_is_an_error_that_says_what_it_is() -> None:
    azure = Troubled(*[(200, PAGE)] * 10)
    with pytest.raises(ServiceResponseError) as caught:
        azure.get()
    assert "is not JSON" in str(caught.value)
    assert "/managedClusters/cluster" in str(caught.value)
    assert "?" not in str(caught.value)
