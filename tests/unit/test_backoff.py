# SPDX-License-Identifier: MIT
"""Polling intervals, in simulated time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline import PipelineContext, PipelineResponse
from azure.core.rest import HttpRequest
from azure.core.utils import case_insensitive_dict
from hypothesis import given
from hypothesis import strategies as st

from azext_podidentity.arm import backoff
from azext_podidentity.arm.backoff import (
    LONGEST,
    OPERATION_SHARE,
    OTHERS_LONGEST,
    SHARE,
    SHORTEST,
    Backoff,
    BackoffPolling,
    TurnBackoff,
    pause,
)
from tests.support.builders import Clock, Response

CLUSTER_URL = "https://azure.local/cluster"
OPERATION_URL = "https://azure.local/operation"
Headers = Callable[[int], Mapping[str, str]]
seconds = st.floats(0, 1e6)


shares = st.sampled_from([SHARE, OPERATION_SHARE])


@given(seconds, shares)
def test_pause_is_bounded_share_of_elapsed_time(elapsed: float, share: float) -> None:
    assert SHORTEST <= pause(elapsed, share) <= LONGEST
    assert pause(elapsed, share) in (SHORTEST, LONGEST, pytest.approx(elapsed * share))


@given(seconds, seconds, shares)
def test_pause_never_decreases(one: float, other: float, share: float) -> None:
    assert pause(min(one, other), share) <= pause(max(one, other), share)


def test_backoff_starts_when_created(clock: Clock) -> None:
    slow = Backoff()
    clock.sleep(50)
    assert slow.elapsed == 50
    slow.wait()
    assert slow.elapsed == 55
    Backoff().wait()
    assert slow.elapsed == 55 + SHORTEST


def test_spinner_turns_while_waiting(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", SimpleNamespace(isatty=lambda: True))
    slow = Backoff()
    clock.sleep(50)
    turns: list[float] = []
    slow.wait(lambda: turns.append(clock.now))
    assert len(turns) >= 5
    assert max(after - before for before, after in pairwise(turns)) <= 1


def test_waiting_clients_back_off_with_jitter(clock: Clock) -> None:
    assert max(_pause_of(TurnBackoff(), clock) for _ in range(20)) <= 1.3 * SHORTEST
    turns = [TurnBackoff() for _ in range(20)]
    clock.sleep(1000)
    later = [_pause_of(each, clock) for each in turns]
    assert 0.7 * OTHERS_LONGEST <= min(later) < max(later) <= 1.3 * OTHERS_LONGEST
    assert len(set(later)) == len(later)


def _pause_of(backoff: Backoff, clock: Clock) -> float:
    before = clock.now
    backoff.wait()
    return clock.now - before


class Service:
    """An operation that takes some seconds, behind the part of a pipeline client that polling uses."""

    def __init__(self, clock: Clock, takes: float, headers: Headers, end: str) -> None:
        self.clock = clock
        self.done_at = clock.now + takes
        self.polls = 0
        self._headers = headers
        self._end = end
        self._pipeline = SimpleNamespace(_transport=SimpleNamespace(sleep=clock.sleep))

    def put(self) -> Any:
        """Return the response to the PUT."""
        request = HttpRequest("PUT", CLUSTER_URL, headers={"x-ms-client-request-id": "id"})
        return _answer(request, {"Azure-AsyncOperation": OPERATION_URL}, "Updating")

    def send_request(self, request: HttpRequest, **_: Any) -> Any:
        """Return the response to a GET of the operation or, at its end, of the cluster."""
        if request.url == CLUSTER_URL:
            return _answer(request, {}, "Succeeded")
        self.polls += 1
        state = self._end if self.clock.now >= self.done_at else "InProgress"
        return _answer(request, self._headers(self.polls), state)


def _answer(request: HttpRequest, headers: Mapping[str, str], state: str) -> Any:
    response: Any = Response(200, {"status": state, "properties": {"provisioningState": state}})
    response.headers = case_insensitive_dict(headers)
    response.request = request
    response.content = response.text().encode()
    return PipelineResponse(request, response, PipelineContext(None))


def follow(clock: Clock, takes: float, headers: Headers = lambda _: {}, end: str = "Succeeded") -> Service:
    """Poll an operation to its end as the SDK's poller does."""
    service = Service(clock, takes, headers, end)
    polling: Any = BackoffPolling()
    polling.initialize(service, service.put(), lambda response: response)
    polling.run()
    assert polling.status() == "Succeeded"
    return service


def test_median_operation_needs_few_polls(clock: Clock) -> None:
    """In the public recordings, adding a pod identity takes 81 s (median)."""
    service = follow(clock, 81)
    assert service.polls < 80
    assert clock.now - service.done_at <= 1.7


@given(st.floats(0, 3600))
def test_detection_delay_is_bounded(takes: float) -> None:
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backoff, "time", clock)
        service = follow(clock, takes)
    assert clock.now - service.done_at <= max(SHORTEST, OPERATION_SHARE * takes) + 1e-6
    assert service.polls <= 120 + takes / LONGEST


def test_retry_after_sets_interval(clock: Clock) -> None:
    follow(clock, 100, lambda _: {"Retry-After": "25"})
    assert clock.slept == [25] * 4


def test_backoff_resumes_without_retry_after(clock: Clock) -> None:
    follow(clock, 110, lambda poll: {"Retry-After": "50"} if poll == 1 else {})
    assert clock.slept[:3] == pytest.approx([50, 1.0, 1.02])


def test_backoff_restarts_for_each_operation(clock: Clock) -> None:
    follow(clock, 200)
    clock.slept.clear()
    follow(clock, 3)
    assert clock.slept == [SHORTEST] * 3


def test_failed_operation_ends_polling(clock: Clock) -> None:
    with pytest.raises(HttpResponseError):
        follow(clock, 5, end="Failed")
    assert sum(clock.slept) <= 6
