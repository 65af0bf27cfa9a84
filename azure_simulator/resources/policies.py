# SPDX-License-Identifier: MIT
"""Microsoft.Authorization: policy assignments and initiatives, which are kept and listed but enforce nothing here.

https://learn.microsoft.com/rest/api/policyauthorization/policy-assignments
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import service
from ..http import Request, Response, Route
from ..resource_ids import scope_contains, segments

_PROVIDER = "/providers/Microsoft.Authorization"
_ASSIGNMENTS = f"/{{scope:path}}{_PROVIDER}/policyAssignments"
_KINDS = ("policyDefinitions", "policySetDefinitions")

Json = dict[str, Any]


class Policies:
    """Assignments by scope and name, and definitions by resource ID. `check_scope` raises if a scope does not exist."""

    def __init__(self, check_scope: Callable[[str], None]) -> None:
        self._check_scope = check_scope
        self._assignments: dict[tuple[str, ...], Json] = {}
        self._definitions: dict[tuple[str, ...], Json] = {}

    def assign(self, scope: str, name: str, properties: Json) -> Json:
        """Create or replace an assignment."""
        assignment = {
            "properties": {"enforcementMode": "Default", "notScopes": [], **properties, "scope": scope},
            "id": f"{scope}{_PROVIDER}/policyAssignments/{name}",
            "type": "Microsoft.Authorization/policyAssignments",
            "name": name,
        }
        self._assignments[segments(f"{scope}/{name}")] = assignment
        return assignment

    def define(self, resource_id: str, properties: Json) -> Json:
        """Create a definition or an initiative, built-in if its ID has no scope."""
        kind, name = resource_id.split("/")[-2:]
        definition = {
            "properties": properties,
            "id": resource_id,
            "type": f"Microsoft.Authorization/{kind}",
            "name": name,
        }
        self._definitions[segments(resource_id)] = definition
        return definition

    def routes(self) -> list[Route]:
        """Return the routes; built-in definitions have no scope."""
        definitions = [
            Route("GET", f"{scope}{_PROVIDER}/{kind}/{{name}}", self._get_definition)
            for kind in _KINDS
            for scope in ("", "/{scope:path}")
        ]
        return [
            Route("GET", _ASSIGNMENTS, self._list),
            Route("PUT", f"{_ASSIGNMENTS}/{{name}}", self._put),
            Route("GET", f"{_ASSIGNMENTS}/{{name}}", self._get),
            *definitions,
        ]

    def _list(self, request: Request) -> Response:
        """Return the assignments at, above and, without `atScope()`, below the scope."""
        scope = _scope(request)
        at_scope = "atscope()" in request.query.get("$filter", "").lower()
        found = [
            each
            for each in self._assignments.values()
            if scope_contains(each["properties"]["scope"], scope)
            or (not at_scope and scope_contains(scope, each["properties"]["scope"]))
        ]
        return Response(200, {"value": found})

    def _put(self, request: Request) -> Response:
        scope = _scope(request)
        self._check_scope(scope)
        properties = request.json_object().get("properties") or {}
        return Response(201, self.assign(scope, request.parameters["name"], properties))

    def _get(self, request: Request) -> Response:
        name = request.parameters["name"]
        found = self._assignments.get(segments(f"{_scope(request)}/{name}"))
        if found is None:
            raise service(404, "PolicyAssignmentNotFound", f"The policy assignment '{name}' is not found.")
        return Response(200, found)

    def _get_definition(self, request: Request) -> Response:
        found = self._definitions.get(segments(request.path))
        if found is None:
            name = request.path.rpartition("/")[2]
            raise service(404, "PolicyDefinitionNotFound", f"The policy definition '{name}' could not be found.")
        return Response(200, found)


def _scope(request: Request) -> str:
    """Return the scope; clients that build the ID of a resource without a parent leave an empty segment in it."""
    return "/" + "/".join(part for part in request.parameters["scope"].split("/") if part)
