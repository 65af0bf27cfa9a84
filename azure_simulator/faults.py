# SPDX-License-Identifier: MIT
"""Faults on request: error responses, lost connections, other clients, failing operations and entries."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from azure_simulator import resource_ids
from azure_simulator.errors import ServiceError, Shape
from azure_simulator.http import HTML, JSON, Response
from azure_simulator.known_errors import REQUESTS, KnownError, Stage, known_error

Drop = Literal["before", "after", "inside"]


@dataclass(frozen=True)
class Fault:
    """A fault for the next `times` requests that have this method and a path in which `path` is found.

    Exactly one of: `status` (the response instead of the service's; with `accepted`, after the request took effect;
    with `body`, JSON or text), `drop` (the connection is closed without a response, before or after the request took
    effect, or in the middle of the response) or `call` (run just before the request, which is then handled as usual).
    `path` is a regular expression that ignores case; `method` None is any. The first `skip` matching requests are not
    affected.
    """

    method: str | None = None
    path: str = ""
    times: int = 1
    status: int | None = None
    code: str = "SimulatedFault"
    message: str = "A simulated fault."
    headers: Mapping[str, str] = field(default_factory=dict)
    shape: Shape = "provider"
    body: Any = None
    accepted: bool = False
    drop: Drop | None = None
    call: Callable[[], object] | None = None
    skip: int = 0

    def __post_init__(self) -> None:
        if sum(kind is not None for kind in (self.status, self.drop, self.call)) != 1:
            raise ValueError("A fault needs exactly one of status, drop and call.")
        if self.times < 1:
            raise ValueError("times must be at least 1.")

    def matches(self, method: str, path: str) -> bool:
        same_method = self.method is None or self.method.upper() == method
        return same_method and re.search(self.path, path, re.IGNORECASE) is not None

    def response(self) -> Response:
        """Return the response of a fault with a status. `x-ms-failure-cause` follows public recordings."""
        assert self.status is not None
        if self.body is not None:
            return Response(self.status, self.body, dict(self.headers), HTML if isinstance(self.body, str) else JSON)
        cause = "gateway" if self.shape == "front-door" else "service" if self.status >= 500 else None
        error = ServiceError(
            self.status, self.code, self.message, shape=self.shape, failure_cause=cause, headers=self.headers
        )
        return error.response()


class Faults:
    """The faults that are still pending, in the order in which they were added."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        with self._lock:
            self._faults: list[tuple[Fault, int, int]] = []
            self._operations: list[dict[str, str]] = []
            self._entries: dict[tuple[str, ...], dict[str, str]] = {}

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append((fault, fault.skip, fault.times))

    @property
    def left(self) -> int:
        """Return how many faults have not met all their requests yet."""
        with self._lock:
            return len(self._faults)

    def take(self, method: str, path: str) -> Fault | None:
        """Return the first fault for this request and count it. Faults that skip the request count it too."""
        with self._lock:
            for index, (fault, skip, left) in enumerate(self._faults):
                if not fault.matches(method, path):
                    continue
                if skip:
                    self._faults[index] = (fault, skip - 1, left)
                    continue
                self._faults[index : index + 1] = [(fault, 0, left - 1)] if left > 1 else []
                return fault
        return None

    def add_known(
        self, name: str, stage: Stage | None = None, times: int = 1, entry: tuple[str, str] = ("", ""), **values: str
    ) -> KnownError:
        """Let an error of the table `known_errors` happen. Return it with its placeholders filled in.

        Args:
            name: the error's name.
            stage: the stage, by default the first of its row. Raise ValueError if it does not happen at that stage.
            times: the number of affected requests; 0 for all.
            entry: namespace and name of the pod identity that fails, for the stage "entry".
            values: values in the message, by placeholder.
        """
        error = known_error(name, **values)
        stage = stage or error.stages[0]
        if stage not in error.stages:
            raise ValueError(f"{name} does not happen at {stage}.")
        if stage == "operation":
            self.fail_operation(error.code, error.message, error.state)
        elif stage == "entry":
            self.fail_entry(*entry, error.code, error.message)
        else:
            self.add(_known_fault(error, stage, times or 10**6))
        return error

    def fail_operation(self, code: str, message: str, state: str = "Failed") -> None:
        """Let the next long-running operation end in this state with this error."""
        with self._lock:
            self._operations.append({"code": code, "message": message, "state": state})

    def take_operation_failure(self) -> dict[str, str] | None:
        with self._lock:
            return self._operations.pop(0) if self._operations else None

    def fail_entry(self, namespace: str, name: str, code: str, message: str) -> None:
        """Let this pod identity entry end Failed when next added or changed. Its operation ends Succeeded."""
        with self._lock:
            self._entries[resource_ids.key(namespace, name)] = {"code": code, "message": message}

    def take_entry_failure(self, namespace: str, name: str) -> dict[str, str] | None:
        with self._lock:
            return self._entries.pop(resource_ids.key(namespace, name), None)


def _known_fault(error: KnownError, stage: Stage, times: int) -> Fault:
    method, path = REQUESTS[stage]
    return Fault(
        method,
        path,
        times,
        status=error.status,
        code=error.code,
        message=error.message,
        headers=dict(error.headers),
        shape=error.shape,
        body=error.body,
    )
