# SPDX-License-Identifier: MIT
"""Role definitions: the built-in roles this project meets, with their published IDs and actions, and custom ones."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from ..context import new_id
from ..errors import ServiceError, front_door
from ..http import Request, Response, Route

_TYPE = "Microsoft.Authorization/roleDefinitions"
_DEFINITIONS = f"/{{scope:path}}/providers/{_TYPE}"
_ROLE_NAME = re.compile(r"roleName eq '([^']*)'", re.IGNORECASE)


class Role(NamedTuple):
    """A role definition. `actions` and `not_actions` may contain `*`."""

    id: str
    name: str
    description: str
    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()
    built_in: bool = True

    def grants(self, action: tuple[str, ...]) -> bool:
        """Return whether the role allows an action in one of its forms, ignoring case, and excludes none of them."""

        def any_matches(patterns: tuple[str, ...]) -> bool:
            return any(fnmatchcase(form.lower(), pattern.lower()) for form in action for pattern in patterns)

        return any_matches(self.actions) and not any_matches(self.not_actions)

    def to_json(self, subscription: str) -> dict[str, Any]:
        return {
            "properties": {
                "roleName": self.name,
                "type": "BuiltInRole" if self.built_in else "CustomRole",
                "description": self.description,
                "assignableScopes": ["/"] if self.built_in else [f"/subscriptions/{subscription}"],
                "permissions": [
                    {
                        "actions": list(self.actions),
                        "notActions": list(self.not_actions),
                        "dataActions": [],
                        "notDataActions": [],
                    }
                ],
                "createdOn": "2015-02-02T21:55:09.8806423Z",
                "updatedOn": "2021-11-11T20:13:38.9523759Z",
                "createdBy": None,
                "updatedBy": None,
            },
            "id": f"/subscriptions/{subscription}/providers/{_TYPE}/{self.id}",
            "type": _TYPE,
            "name": self.id,
        }


_COMMON = (
    "Microsoft.Authorization/*/read",
    "Microsoft.Insights/alertRules/*",
    "Microsoft.Resources/deployments/*",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Support/*",
)
_NO_GRANTS = ("Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write")

BUILT_IN_ROLES = (
    Role("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner", "Full access, including assigning roles", ("*",)),
    Role(
        "b24988ac-6180-42a0-ab88-20f7382dd24c",
        "Contributor",
        "Full access, except assigning roles",
        ("*",),
        _NO_GRANTS,
    ),
    Role("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader", "Read everything", ("*/read",)),
    Role(
        "f1a07417-d97a-45cb-824c-7a7467783830",
        "Managed Identity Operator",
        "Read and Assign User Assigned Identity",
        (
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
            *_COMMON,
        ),
    ),
    Role(
        "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59",
        "Managed Identity Contributor",
        "Create, Read, Update, and Delete User Assigned Identity",
        (
            "Microsoft.ManagedIdentity/userAssignedIdentities/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/write",
            "Microsoft.ManagedIdentity/userAssignedIdentities/delete",
            *_COMMON,
        ),
    ),
    Role(
        "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
        "Virtual Machine Contributor",
        "Manage virtual machines",
        ("Microsoft.Compute/virtualMachines/*", "Microsoft.Compute/virtualMachineScaleSets/*", *_COMMON),
    ),
    Role(
        "4d97b98b-1d4f-4787-a291-c67834d212e7",
        "Network Contributor",
        "Manage networks",
        ("Microsoft.Network/*", *_COMMON),
    ),
    Role(
        "7f951dda-4ed3-4680-a7ca-43fe172d538d",
        "AcrPull",
        "Pull images from a container registry",
        ("Microsoft.ContainerRegistry/registries/pull/read",),
    ),
)


class RoleDefinitions:
    """The built-in roles and the custom ones that were added."""

    def __init__(self) -> None:
        self._roles = list(BUILT_IN_ROLES)

    def add(self, name: str, actions: Iterable[str], not_actions: Iterable[str]) -> Role:
        """Create a custom role, which may be assigned anywhere."""
        role = Role(new_id(), name, "A custom role", tuple(actions), tuple(not_actions), built_in=False)
        self._roles.append(role)
        return role

    def find(self, name_or_id: str) -> Role | None:
        """Return the role with this name or ID, alone or at the end of a role definition ID."""
        wanted = name_or_id.rpartition("/")[2].lower()
        return next((role for role in self._roles if wanted in (role.id, role.name.lower())), None)

    def routes(self) -> list[Route]:
        """Return the routes of role definitions at any scope and at none."""
        return [
            Route("GET", _DEFINITIONS, self._list),
            Route("GET", f"{_DEFINITIONS}/{{name}}", self._get),
            Route("GET", f"/providers/{_TYPE}/{{name}}", self._get),
        ]

    def _list(self, request: Request) -> Response:
        wanted = _ROLE_NAME.search(request.query.get("$filter", ""))
        value = [
            role.to_json(subscription_of(request.parameters["scope"]))
            for role in self._roles
            if wanted is None or role.name.lower() == wanted[1].lower()
        ]
        return Response(200, {"value": value})

    def _get(self, request: Request) -> Response:
        role = self.find(request.parameters["name"])
        if role is None:
            raise role_definition_not_found(request.parameters["name"])
        return Response(200, role.to_json(subscription_of(request.parameters.get("scope", ""))))


def subscription_of(scope: str) -> str:
    """Return the subscription ID of a scope, or "" outside of subscriptions."""
    parts = scope.strip("/").split("/")
    return parts[1] if len(parts) > 1 and parts[0].lower() == "subscriptions" else ""


def role_definition_not_found(definition_id: str) -> ServiceError:
    """Return the error about a role definition that does not exist."""
    name = definition_id.rpartition("/")[2]
    message = f"The specified role definition with ID '{name}' does not exist."
    return front_door(404, "RoleDefinitionDoesNotExist", message)
