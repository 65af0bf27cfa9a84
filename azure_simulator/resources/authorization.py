# SPDX-License-Identifier: MIT
"""Microsoft.Authorization: role assignments and role definitions."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from azure_simulator.resources.role_definitions import Role, RoleDefinitions, role_definition_not_found, subscription_of

from ..context import Context, new_id
from ..entra import Directory
from ..errors import service
from ..http import Request, Response, Route
from ..resource_ids import scope_contains, segments

_ASSIGNMENTS = "/{scope:path}/providers/Microsoft.Authorization/roleAssignments"
_AT_SCOPE = re.compile(r"\batScope\(\)", re.IGNORECASE)
_PRINCIPAL = re.compile(r"(?P<by>assignedTo\(|principalId eq )'(?P<id>[^']+)'", re.IGNORECASE)
_TYPE = "ServicePrincipal"


@dataclass
class RoleAssignment:
    """One assignment. Other providers honor it from the clock reading `effective_from` on."""

    name: str
    scope: str
    principal_id: str
    role: Role
    properties: dict[str, Any]
    effective_from: float

    def to_json(self) -> dict[str, Any]:
        """Return the JSON. Scope and ID repeat the scope of the request, letter case included (public recordings)."""
        return {
            "properties": dict(self.properties),
            "id": f"{self.scope}/providers/Microsoft.Authorization/roleAssignments/{self.name}",
            "type": "Microsoft.Authorization/roleAssignments",
            "name": self.name,
        }

    def triple(self) -> tuple[tuple[str, ...], str, str]:
        return segments(self.scope), self.principal_id.lower(), self.role.id


class RoleAssignments:
    """All assignments of the tenant by name. `check_scope` raises if an assignment's scope does not exist."""

    def __init__(self, context: Context, directory: Directory, check_scope: Callable[[str], None]) -> None:
        self._context = context
        self._directory = directory
        self._check_scope = check_scope
        self.definitions = RoleDefinitions()
        # Removed assignments, and until when other providers still honor them.
        self._removed: list[tuple[RoleAssignment, float]] = []
        self._assignments: dict[str, RoleAssignment] = {}

    def put(self, scope: str, name: str, properties: dict[str, Any]) -> dict[str, Any]:
        """Create or change an assignment, which propagates within `durations.role_propagation`.

        The response to a PUT never names the creator, that to a GET does (public recordings).
        """
        role, principal = self._requested(properties)
        self._check_scope(scope)
        known = self._assignments.get(name.lower())
        propagated = self._context.after(self._context.durations.role_propagation, scope.lower())
        assignment = RoleAssignment(
            name,
            scope,
            principal,
            role,
            self._properties(scope, principal, properties, known),
            known.effective_from if known and known.role == role else propagated,
        )
        self._check_unique(assignment, known)
        self._assignments[name.lower()] = assignment
        shown = assignment.to_json()
        shown["properties"]["createdBy"] = None
        return shown

    def grant(
        self, scope: str, principal_id: str, role: Role, name: str | None = None, age: float = 0.0
    ) -> dict[str, Any]:
        """Create an assignment that is effective immediately and was created `age` seconds ago."""
        requested = {"roleDefinitionId": _definition_id(scope, role), "principalId": principal_id}
        created = self._context.timestamp(self._context.now() - age)
        properties = {
            **self._properties(scope, principal_id, requested, None),
            "createdOn": created,
            "updatedOn": created,
        }
        assignment = RoleAssignment(name or new_id(), scope, principal_id, role, properties, float("-inf"))
        self._assignments[assignment.name.lower()] = assignment
        return assignment.to_json()

    def revoke(self, scope: str, principal_id: str | None = None) -> None:
        """Remove the assignments at exactly this scope, of one principal or of all."""
        for assignment in list(self._assignments.values()):
            same_principal = principal_id is None or assignment.principal_id.lower() == principal_id.lower()
            if same_principal and segments(assignment.scope) == segments(scope):
                del self._assignments[assignment.name.lower()]

    def of(self, principal_id: str) -> list[dict[str, Any]]:
        """Return the principal's own assignments as JSON, at any scope."""
        return [
            each.to_json() for each in self._assignments.values() if each.principal_id.lower() == principal_id.lower()
        ]

    def allows(self, principal_id: str, action: tuple[str, ...], resource_id: str) -> bool:
        """Return whether a propagated assignment, at the resource or above it, grants the action."""
        principals = self._directory.acts_as(principal_id)
        return any(
            assignment.principal_id.lower() in principals
            and assignment.effective_from <= self._context.now()
            and assignment.role.grants(action)
            and scope_contains(assignment.scope, resource_id)
            for assignment in (*self._assignments.values(), *self._lingering())
        )

    def _lingering(self) -> list[RoleAssignment]:
        """Return the removed assignments whose removal has not propagated."""
        now = self._context.now()
        self._removed = [(assignment, until) for assignment, until in self._removed if now < until]
        return [assignment for assignment, _ in self._removed]

    def routes(self) -> list[Route]:
        return [
            Route("GET", _ASSIGNMENTS, self._list),
            Route("PUT", f"{_ASSIGNMENTS}/{{name}}", self._put),
            Route("GET", f"{_ASSIGNMENTS}/{{name}}", self._get),
            Route("DELETE", f"{_ASSIGNMENTS}/{{name}}", self._delete),
            *self.definitions.routes(),
        ]

    def _requested(self, properties: dict[str, Any]) -> tuple[Role, str]:
        """Return the requested role and principal. Raise the service's error if it refuses them."""
        definition_id, principal_id = properties.get("roleDefinitionId"), properties.get("principalId")
        if not isinstance(definition_id, str) or not isinstance(principal_id, str):
            raise service(400, "InvalidRequestContent", "roleDefinitionId and principalId are required.")
        role = self.definitions.find(definition_id)
        if role is None or role.id != definition_id.rpartition("/")[2].lower():
            raise role_definition_not_found(definition_id)
        self._check_principal(principal_id, properties.get("principalType"))
        return role, principal_id

    def _check_principal(self, principal_id: str, principal_type: str | None) -> None:
        principal = self._directory.find(principal_id)
        plain = principal_id.replace("-", "")
        typed = principal_type is not None and self._context.settings.principal_type_helps
        if not (typed or self._directory.replicated(principal_id)):
            raise service(
                400,
                "PrincipalNotFound",
                f"Principal {plain} does not exist in the directory {self._context.tenant_id}. "
                "Check that you have the correct principal ID. If you are creating this principal and then "
                "immediately assigning a role, this error might be related to a replication delay. In this "
                "case, set the role assignment principalType property to a value, such as ServicePrincipal, "
                "User, or Group.  See https://aka.ms/docs-principaltype",
            )
        if principal and principal_type and principal_type != principal.type:
            raise service(
                400,
                "UnmatchedPrincipalType",
                f"The PrincipalId '{plain}' has type '{principal.type}' , "
                f"which is different from specified PrinciaplType '{principal_type}'.",
            )

    def _check_unique(self, assignment: RoleAssignment, known: RoleAssignment | None) -> None:
        if known and known.triple()[:2] != assignment.triple()[:2]:
            message = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated."
            raise service(400, "RoleAssignmentUpdateNotPermitted", message)
        others = (other for other in self._assignments.values() if other is not known)
        if any(other.triple() == assignment.triple() for other in others):
            raise service(409, "RoleAssignmentExists", "The role assignment already exists.")

    def _properties(
        self, scope: str, principal_id: str, requested: dict[str, Any], known: RoleAssignment | None
    ) -> dict[str, Any]:
        principal, now = self._directory.find(principal_id), self._context.timestamp()
        caller = self._context.caller_object_id
        return {
            "roleDefinitionId": requested["roleDefinitionId"],
            "principalId": principal_id,
            "principalType": principal.type if principal else requested.get("principalType", _TYPE),
            "scope": scope,
            "condition": requested.get("condition"),
            "conditionVersion": requested.get("conditionVersion"),
            "createdOn": known.properties["createdOn"] if known else now,
            "updatedOn": now,
            "createdBy": caller,
            "updatedBy": caller,
            "delegatedManagedIdentityResourceId": None,
            "description": requested.get("description"),
        }

    def _put(self, request: Request) -> Response:
        name = request.parameters["name"]
        try:
            uuid.UUID(name)
        except ValueError:
            message = f"The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID."
            raise service(400, "InvalidRoleAssignmentId", message) from None
        properties = request.json_object().get("properties") or {}
        return Response(201, self.put(_scope(request), name, properties))

    def _find(self, request: Request) -> RoleAssignment | None:
        assignment = self._assignments.get(request.parameters["name"].lower())
        same_scope = assignment is not None and segments(assignment.scope) == segments(_scope(request))
        return assignment if same_scope else None

    def _get(self, request: Request) -> Response:
        assignment = self._find(request)
        if assignment is None:
            message = f"The role assignment '{request.parameters['name']}' is not found."
            raise service(404, "RoleAssignmentNotFound", message)
        return Response(200, assignment.to_json())

    def _delete(self, request: Request) -> Response:
        """Return 200 with the deleted assignment, updatedOn moved (public recordings), or 204 if it does not exist."""
        assignment = self._find(request)
        if assignment is None:
            return Response(204)
        del self._assignments[assignment.name.lower()]
        until = self._context.after(self._context.durations.role_removal, assignment.scope.lower())
        self._removed.append((assignment, until))
        assignment.properties["updatedOn"] = self._context.timestamp()
        return Response(200, assignment.to_json())

    def _list(self, request: Request) -> Response:
        return Response(200, {"value": list(self._matching(_scope(request), request.query.get("$filter", "")))})

    def _matching(self, scope: str, condition: str) -> Iterator[dict[str, Any]]:
        """Return the assignments at, above and, without `atScope()`, below the scope.

        `assignedTo()` counts a principal's groups, `principalId eq` does not.
        """
        at_scope, principals = _AT_SCOPE.search(condition), self._principals(condition)
        for assignment in self._assignments.values():
            above = scope_contains(assignment.scope, scope)
            below = not at_scope and scope_contains(scope, assignment.scope)
            right_principal = principals is None or assignment.principal_id.lower() in principals
            if (above or below) and right_principal:
                yield assignment.to_json()

    def _principals(self, condition: str) -> frozenset[str] | None:
        """Return the principals that the filter names, or None for all."""
        match = _PRINCIPAL.search(condition)
        if match is None:
            return None
        if match["by"].lower().startswith("assignedto"):
            return self._directory.acts_as(match["id"])
        return frozenset({match["id"].lower()})


def _scope(request: Request) -> str:
    return f"/{request.parameters['scope'].strip('/')}"


def _definition_id(scope: str, role: Role) -> str:
    return str(role.to_json(subscription_of(scope))["id"])
