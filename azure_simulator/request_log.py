# SPDX-License-Identifier: MIT
"""A log of requests, so that a test can assert what a command sends."""

from __future__ import annotations

import copy
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

_SECRET_KEYS = {"secret", "client_secret", "adminpassword", "access_token"}


@dataclass(frozen=True)
class LoggedRequest:
    """One request and its response. `status` is None if the connection was closed without a response.

    `time` is the clock's reading when the request arrived. `early` requests ignored the Retry-After of a 429.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    status: int | None
    response: Any
    time: float = 0.0
    early: bool = False


def without_secrets(value: Any) -> Any:
    """Return a copy of parsed JSON in which the values of secret keys are masked."""
    if isinstance(value, Mapping):
        return {name: "***" if name.lower() in _SECRET_KEYS else without_secrets(item) for name, item in value.items()}
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    return copy.copy(value)


class RequestLog:
    """Requests in the order of their responses, oldest first."""

    def __init__(self) -> None:
        self._entries: list[LoggedRequest] = []
        self._lock = threading.Lock()

    def add(self, exchange: LoggedRequest) -> None:
        """Record one exchange without the authorization header and secrets."""
        kept = {name: value for name, value in exchange.headers.items() if name != "authorization"}
        body, response = without_secrets(exchange.body), without_secrets(exchange.response)
        with self._lock:
            self._entries.append(replace(exchange, headers=kept, body=body, response=response))

    def all(self) -> list[LoggedRequest]:
        with self._lock:
            return list(self._entries)

    def matching(self, method: str | None = None, path: str | None = None) -> list[LoggedRequest]:
        """Return the requests with this method whose path contains the regular expression, ignoring case."""
        return [
            entry
            for entry in self.all()
            if (method is None or entry.method == method.upper())
            and (path is None or re.search(path, entry.path, re.IGNORECASE))
        ]

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
