# SPDX-License-Identifier: MIT
"""Queries over HTTP: rows, pages and errors."""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from azure_simulator.resources.resourcegraph.query import QueryError, Row, run

from ...context import Context
from ...errors import ServiceError
from ...http import Request, Response, Route

# Rows in a page, by default and at most (Microsoft's page "Work with large Azure resource data sets").
DEFAULT_TOP, MAXIMUM_TOP = 100, 1000
_EMPTY: Row = {"kind": "", "managedBy": "", "sku": None, "plan": None, "zones": None, "extendedLocation": None}


class ResourceGraph:
    """Queries over all resources. `settings.graph_lag` delays the results.

    contents: returns the JSON of all resources.
    """

    def __init__(self, context: Context, contents: Callable[[], Iterable[dict[str, Any]]]) -> None:
        self._context = context
        self._contents = contents
        self._rows: list[Row] = []
        self._read_at = float("-inf")

    def routes(self) -> list[Route]:
        """Return the route of queries."""
        return [Route("POST", "/providers/Microsoft.ResourceGraph/resources", self._query)]

    def _query(self, request: Request) -> Response:
        body = request.json_object()
        options = body.get("options") or {}
        if options.get("resultFormat", "objectArray") != "objectArray":
            raise _bad_request("InvalidResultFormat", "The simulator has resultFormat objectArray alone.")
        rows = self._found(str(body.get("query") or ""), self._subscriptions(body))
        top = min(int(options.get("$top") or DEFAULT_TOP), MAXIMUM_TOP)
        start = _start(options.get("$skipToken")) or int(options.get("$skip") or 0)
        page = rows[start : start + top]
        left = start + top < len(rows)
        # Only rows with an ID can be paged. Without IDs, the result is truncated.
        paged = left and all("id" in row for row in page)
        shown = {"totalRecords": len(rows), "count": len(page), "data": page, "facets": []}
        shown["resultTruncated"] = "true" if left and not paged else "false"
        return Response(200, {**shown, **({"$skipToken": _token(start + top)} if paged else {})})

    def _found(self, query: str, subscriptions: frozenset[str]) -> list[Row]:
        rows = [row for row in self._current() if row["subscriptionId"].lower() in subscriptions]
        try:
            return run(query, rows)
        except QueryError as error:
            raise _invalid_query(query, error.position) from error

    def _current(self) -> list[Row]:
        lag = self._context.settings.graph_lag * self._context.scale
        if not lag or self._context.now() >= self._read_at + lag:
            self._rows, self._read_at = list(self._read()), self._context.now()
        return self._rows

    def _read(self) -> Iterator[Row]:
        for resource in self._contents():
            _, _, subscription, _, group, *_ = resource["id"].split("/")
            yield {
                **_EMPTY,
                "id": resource["id"],
                "name": resource["name"],
                "type": resource["type"].lower(),
                "tenantId": self._context.tenant_id,
                "location": resource["location"],
                "resourceGroup": group.lower(),
                "subscriptionId": subscription,
                "properties": copy.deepcopy(resource["properties"]),
                "tags": copy.deepcopy(resource.get("tags")),
                "identity": copy.deepcopy(resource.get("identity")),
            }

    def _subscriptions(self, body: dict[str, Any]) -> frozenset[str]:
        """Return the existing subscriptions of the request, or all if it names none or a management group."""
        known = frozenset(self._context.subscription_ids)
        named = body.get("subscriptions")
        if not named:
            return known
        found = known & {str(each).lower() for each in named}
        if not found:
            raise _bad_request("NoValidSubscriptionsInQueryRequest", "There must be at least one valid subscription.")
        return found


def _token(start: int) -> str:
    return base64.b64encode(f"skip {start}".encode()).decode()


def _start(token: object) -> int:
    if not token:
        return 0
    try:
        return int(base64.b64decode(str(token)).decode().removeprefix("skip "))
    except ValueError as error:
        raise _bad_request("InvalidSkipToken", "The skip token is invalid.") from error


def _bad_request(code: str, message: str) -> ServiceError:
    details = [{"code": code, "message": message}]
    return ServiceError(400, "BadRequest", "Please provide below info when asking for support.", details=details)


def _invalid_query(query: str, position: int) -> ServiceError:
    """Return the error in its recorded form."""
    failure = {
        "code": "ParserFailure",
        "message": "Parser failure",
        "line": 1,
        "characterPositionInLine": position,
        "token": query[position : position + 20] or "<EOF>",
        "expectedToken": "",
    }
    return ServiceError(400, "InvalidQuery", "Query validation error", details=[failure])
