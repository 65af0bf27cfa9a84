"""Microsoft.Authorization: policy assignments, and the definitions and initiatives that they name.

Source: the published API of policy assignments. A policy is never enforced here: what matters is which assignments hold
at a cluster. `atScope()` returns those at the scope and above it; without it, those below it too.
"""

from __future__ import annotations

import copy
from typing import Any

from ..context import Context
from ..errors import ServiceError, front_door
from ..http import Request, Response, Route
from ..resource_ids import key, scope_contains

# "Kubernetes cluster containers should only use allowed capabilities", built in (Microsoft Learn).
CAPABILITIES_DEFINITION = "/providers/Microsoft.Authorization/policyDefinitions/c26596ff-4d70-4e6a-9a30-c2506bd2f80c"
_NAMESPACE = "providers/Microsoft.Authorization"
_ASSIGNMENTS = f"/{{scope:path}}/{_NAMESPACE}/policyAssignments"

Json = dict[str, Any]


class Policies:
    """Assignments and definitions by their ID, in lower case."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._assignments: dict[tuple[str, ...], Json] = {}
        self._definitions: dict[tuple[str, ...], Json] = {}
        self.define(CAPABILITIES_DEFINITION, {"policyType": "BuiltIn", "mode": "Microsoft.Kubernetes.Data"})

    def assign(self, scope: str, name: str, properties: Json) -> Json:
        """Create or replace an assignment."""
        resource_id = f"{scope}/{_NAMESPACE}/policyAssignments/{name}"
        assignment = {
            "id": resource_id,
            "name": name,
            "type": "Microsoft.Authorization/policyAssignments",
            "properties": {
                "displayName": name,
                "enforcementMode": "Default",
                "notScopes": [],
                "parameters": {},
                **copy.deepcopy(properties),
                "scope": scope,
            },
        }
        self._assignments[key(resource_id)] = assignment
        return assignment

    def define(self, resource_id: str, properties: Json) -> Json:
        """Create or replace a definition or, with `policyDefinitions`, an initiative."""
        *_, kind, name = resource_id.split("/")
        definition = {
            "id": resource_id,
            "name": name,
            "type": f"Microsoft.Authorization/{kind}",
            "properties": copy.deepcopy(properties),
        }
        self._definitions[key(resource_id)] = definition
        return definition

    def routes(self) -> list[Route]:
        """Return the routes of assignments at any scope, and of definitions."""
        kinds = ("policyDefinitions", "policySetDefinitions")
        return [
            Route("GET", _ASSIGNMENTS, self._list),
            Route("GET", f"{_ASSIGNMENTS}/{{name}}", self._get),
            Route("PUT", f"{_ASSIGNMENTS}/{{name}}", self._put),
            Route("DELETE", f"{_ASSIGNMENTS}/{{name}}", self._delete),
            *(Route("GET", f"/{_NAMESPACE}/{kind}/{{name}}", self._get_definition) for kind in kinds),
            *(Route("GET", f"/{{scope:path}}/{_NAMESPACE}/{kind}/{{name}}", self._get_definition) for kind in kinds),
        ]

    def _list(self, request: Request) -> Response:
        scope = _scope(request)
        at_scope = "atscope()" in request.query.get("$filter", "").lower()
        value = [
            assignment
            for assignment in self._assignments.values()
            if scope_contains(assignment["properties"]["scope"], scope)
            or (not at_scope and scope_contains(scope, assignment["properties"]["scope"]))
        ]
        return Response(200, {"value": value})

    def _get(self, request: Request) -> Response:
        assignment = self._assignments.get(key(request.path))
        if assignment is None:
            raise _not_found("PolicyAssignmentNotFound", "policy assignment", request)
        return Response(200, assignment)

    def _put(self, request: Request) -> Response:
        properties = request.json_object().get("properties") or {}
        if not properties.get("policyDefinitionId"):
            message = "The policy assignment create request is invalid. The 'policyDefinitionId' property is required."
            raise front_door(400, "InvalidCreatePolicyAssignmentRequest", message)
        return Response(201, self.assign(_scope(request), request.parameters["name"], properties))

    def _delete(self, request: Request) -> Response:
        assignment = self._assignments.pop(key(request.path), None)
        return Response(200, assignment) if assignment else Response(204)

    def _get_definition(self, request: Request) -> Response:
        definition = self._definitions.get(key(request.path))
        if definition is None:
            raise _not_found("PolicyDefinitionNotFound", "policy definition", request)
        return Response(200, definition)


def _scope(request: Request) -> str:
    return f"/{request.parameters['scope'].strip('/')}"


def _not_found(code: str, what: str, request: Request) -> ServiceError:
    return front_door(404, code, f"The {what} '{request.parameters['name']}' could not be found.")
