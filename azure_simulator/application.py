# SPDX-License-Identifier: MIT
"""The ASGI application: latency, faults, authentication, routing, errors and the request log."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from azure_simulator.context import Context, new_id
from azure_simulator.entra import Tokens
from azure_simulator.errors import ServiceError, front_door
from azure_simulator.faults import Fault
from azure_simulator.http import CaselessRoute, Endpoint, Request, Route
from azure_simulator.limits import Throttle
from azure_simulator.request_log import LoggedRequest, RequestLog
from azure_simulator.statistics import RetryAfterWatch

# Set by the server for each connection: closes it without a response.
DROP_CONNECTION = "drop_connection"
_ARRIVED = "arrived"


class Application:
    """Respond to every request. Handlers run one at a time, under `lock`: each state change is atomic."""

    def __init__(self, context: Context, tokens: Tokens, log: RequestLog, lock: threading.RLock) -> None:
        self._context = context
        self._tokens = tokens
        self._log = log
        self._watch = RetryAfterWatch()
        self.throttle: Throttle
        # Requests whose response has not been sent yet.
        self.in_flight = 0
        self._lock = lock
        self._routes: list[CaselessRoute] = []

    def serve(self, routes: Iterable[Route]) -> None:
        """Serve these routes, and no others, from now on."""
        self._routes = [CaselessRoute(item.path, self._endpoint(item), [item.method]) for item in routes]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        scope[_ARRIVED] = self._context.now()
        scope["path"] = re.sub("/{2,}", "/", scope["path"]).rstrip("/") or "/"
        request = HttpRequest(scope, receive)
        try:
            await request.body()
        except ClientDisconnect:
            return  # The client disconnected before its request was complete.
        self.in_flight += 1
        try:
            await self._serve(request, receive, send)
        finally:
            self.in_flight -= 1

    async def _serve(self, request: HttpRequest, receive: Receive, send: Send) -> None:
        """Throttle the request, or let its fault happen, or handle it; then respond."""
        begun = time.monotonic()
        with self._lock:
            refusal = self.throttle.take(request.method, request.scope["path"])
        if refusal:
            response = self._finished(refusal.response().to_http(head=request.method == "HEAD"))
            await self._record(request, response)
            await response(request.scope, receive, send)
            return
        fault = self._context.faults.take(request.method, request.scope["path"])
        if fault and fault.drop == "before":
            await self._drop(request)
            return
        if fault and fault.call:
            await asyncio.to_thread(fault.call)
        response = await self._respond(request, fault)
        await self._wait(begun)
        if fault and fault.drop == "after":
            await self._drop(request)
            return
        if fault and fault.drop == "inside":
            await self._cut(request, response, send)
            return
        await self._record(request, response)
        await response(request.scope, receive, send)

    async def _respond(self, request: HttpRequest, fault: Fault | None) -> HttpResponse:
        try:
            if fault and fault.status is not None and not fault.accepted:
                response = fault.response().to_http(head=request.method == "HEAD")
            else:
                response = await self._endpoint_for(request)(request)
        except ServiceError as error:
            response = error.response().to_http(head=request.method == "HEAD")
        if fault and fault.accepted:
            response = fault.response().to_http(head=request.method == "HEAD")
        return self._finished(response)

    @staticmethod
    def _finished(response: HttpResponse) -> HttpResponse:
        for name in ("x-ms-request-id", "x-ms-correlation-request-id"):
            response.headers.setdefault(name, new_id())
        return response

    def _endpoint_for(self, request: HttpRequest) -> Endpoint:
        """Return the endpoint of the first matching route and put its path parameters into the request."""
        for route in self._routes:
            match, found = route.matches(request.scope)
            if match is Match.FULL and request.method in (route.methods or ()):
                request.scope.update(found)
                return route.respond
        self._authenticate(request)
        message = f"The resource type could not be found for '{request.method} {request.scope['path']}'."
        raise front_door(404, "InvalidResourceType", message)

    def _endpoint(self, route: Route) -> Endpoint:
        async def endpoint(request: HttpRequest) -> HttpResponse:
            if not route.anonymous:
                self._authenticate(request)
            parsed = await _parse(request)
            with self._lock:
                return route.handler(parsed).to_http(head=request.method == "HEAD")

        return endpoint

    def _authenticate(self, request: HttpRequest) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not token:
            message = "Authentication failed. The 'Authorization' header is missing."
            raise front_door(401, "AuthenticationFailed", message)
        if scheme.lower() != "bearer" or not self._tokens.valid(token.strip()):
            raise front_door(401, "InvalidAuthenticationToken", "The access token is invalid.")

    async def _wait(self, begun: float) -> None:
        missing = self._context.settings.azure_cli_latency - (time.monotonic() - begun)
        if missing > 0:
            await asyncio.sleep(missing)

    async def _drop(self, request: HttpRequest) -> None:
        """Close the connection, and return only when it is closed, so that no response is written."""
        await self._record(request, None)
        request.scope["state"][DROP_CONNECTION]()
        while (await request.receive())["type"] != "http.disconnect":
            pass

    async def _cut(self, request: HttpRequest, response: HttpResponse, send: Send) -> None:
        """Send half of the response and close the connection."""
        half = bytes(response.body)[: len(response.body) // 2]
        await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await self._drop(request)

    async def _record(self, request: HttpRequest, response: HttpResponse | None) -> None:
        path, arrived = request.scope["path"], request.scope[_ARRIVED]
        client = request.headers.get("x-ms-client-request-id", "")
        early = self._watch.is_early(client, request.method, path, arrived)
        if response and response.status_code == 429 and response.headers.get("retry-after", "").isdecimal():
            seconds = int(response.headers["retry-after"])
            self._watch.add(client, request.method, path, self._context.now(), seconds)
        self._log.add(
            LoggedRequest(
                request.method,
                path,
                dict(request.query_params),
                dict(request.headers),
                _parsed(await request.body()),
                response.status_code if response else None,
                _parsed(bytes(response.body)) if response else None,
                arrived,
                early,
            )
        )


async def _parse(request: HttpRequest) -> Request:
    body = await request.body()
    headers = dict(request.headers)
    form: dict[str, str] = {}
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        form = dict(parse_qsl(body.decode()))
    parsed = None if form else _json(body)
    return Request(
        request.method,
        request.scope["path"],
        dict(request.path_params),
        dict(request.query_params),
        headers,
        parsed,
        form,
    )


def _json(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError as error:
        message = f"The request content was invalid and could not be deserialized: '{error}'."
        raise front_door(400, "InvalidRequestContent", message) from error


def _parsed(body: bytes) -> Any:
    """Return parsed JSON, or None: a form body contains a secret and is not kept."""
    try:
        return json.loads(body) if body else None
    except ValueError:
        return None
