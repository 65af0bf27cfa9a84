# SPDX-License-Identifier: MIT
"""Requests and responses as the resource providers see them, and routes that match as ARM does."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.routing import Route as HttpRoute

JSON = "application/json"
HTML = "text/html"
JSON_UTF8 = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Request:
    """One request: `path` in the caller's letter case, header names in lower case, `body` parsed JSON."""

    method: str
    path: str
    parameters: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    form: dict[str, str] = field(default_factory=dict)

    def json_object(self) -> dict[str, Any]:
        """Return the body if it is a JSON object, else an empty one."""
        return self.body if isinstance(self.body, dict) else {}


@dataclass(frozen=True)
class Response:
    """One response. A `body` of None means no body; one of HTML is text, any other JSON."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON_UTF8

    def to_http(self, head: bool = False) -> HttpResponse:
        content = b"" if self.body is None or head else self._content()
        media_type = self.content_type if content else None
        return HttpResponse(content, self.status, self.headers, media_type)

    def _content(self) -> bytes:
        return (self.body if self.content_type == HTML else json.dumps(self.body)).encode()


Handler = Callable[[Request], Response]
Endpoint = Callable[[HttpRequest], Awaitable[HttpResponse]]


class Route(NamedTuple):
    """An operation of a provider: a method, a path with `{parameters}`, and its handler."""

    method: str
    path: str
    handler: Handler
    anonymous: bool = False


class CaselessRoute(HttpRoute):
    """A route that compares paths without letter case, as ARM does (public recordings show both)."""

    def __init__(self, path: str, endpoint: Endpoint, methods: Iterable[str]) -> None:
        super().__init__(path, endpoint)
        self.methods = set(methods)
        self.respond = endpoint
        self.path_regex = re.compile(self.path_regex.pattern, re.IGNORECASE)
