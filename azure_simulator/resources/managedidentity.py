# SPDX-License-Identifier: MIT
"""Microsoft.ManagedIdentity: user-assigned managed identities."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from azure_simulator.resources.federated_credentials import FederatedCredentials
from azure_simulator.resources.resources import ResourceGroups

from ..context import Context, new_id
from ..entra import Directory
from ..errors import resource_not_found
from ..http import Request, Response, Route
from ..resource_ids import IDENTITY_TYPE, identity_id, key, parse

_BY_SUBSCRIPTION = f"/subscriptions/{{subscription}}/providers/{IDENTITY_TYPE}"
_BY_GROUP = f"/subscriptions/{{subscription}}/resourcegroups/{{group}}/providers/{IDENTITY_TYPE}"
_IDENTITY = f"{_BY_GROUP}/{{name}}"


class ManagedIdentities:
    """Identities by (subscription, group, name)."""

    def __init__(self, context: Context, groups: ResourceGroups, directory: Directory) -> None:
        self._context = context
        self._groups = groups
        self._directory = directory
        self._identities: dict[tuple[str, ...], dict[str, Any]] = {}
        self.credentials = FederatedCredentials(context, self._existing)

    def put(
        self, subscription: str, group: str, name: str, body: dict[str, Any], replicated: bool = False
    ) -> dict[str, Any]:
        """Create or replace an identity. A new one gets new client and object IDs, also under an old name."""
        owner = self._groups.get(subscription, group)
        known = self._identities.get(key(subscription, group, name))
        identity = {
            "location": body.get("location") or (known or owner)["location"],
            "tags": copy.deepcopy(body.get("tags") or {}),
            "id": known["id"] if known else identity_id(subscription, owner["name"], name),
            "name": known["name"] if known else name,
            "type": IDENTITY_TYPE,
            "properties": known["properties"] if known else self._new_principal(name, replicated),
        }
        self._identities[key(subscription, group, name)] = identity
        return identity

    def _new_principal(self, name: str, replicated: bool) -> dict[str, str]:
        principal, client = new_id(), new_id()
        self._directory.add(principal, client, name, replicated)
        return {"tenantId": self._context.tenant_id, "principalId": principal, "clientId": client}

    def find(self, resource_id: object) -> dict[str, Any] | None:
        """Return the identity with this resource ID, in any subscription, or None."""
        parts = parse(resource_id)
        if parts is None or parts.type.lower() != IDENTITY_TYPE.lower():
            return None
        return self._identities.get(key(parts.subscription, parts.group, parts.name))

    def all(self) -> Iterator[dict[str, Any]]:
        yield from self._identities.values()

    def remove(self, subscription: str, group: str, name: str) -> bool:
        """Remove an identity and return whether it existed. Its role assignments stay, as in Azure."""
        identity = self._identities.pop(key(subscription, group, name), None)
        if identity:
            self.credentials.remove_all(identity)
            self._directory.remove(identity["properties"]["principalId"])
        return identity is not None

    def remove_group(self, subscription: str, group: str) -> None:
        for names in [each for each in self._identities if each[:2] == key(subscription, group)]:
            self.remove(*names)

    def routes(self) -> list[Route]:
        return [
            Route("GET", _BY_SUBSCRIPTION, self._list),
            Route("GET", _BY_GROUP, self._list),
            Route("PUT", _IDENTITY, self._put),
            Route("PATCH", _IDENTITY, self._patch),
            Route("GET", _IDENTITY, self._get),
            Route("DELETE", _IDENTITY, self._delete),
            *self.credentials.routes(_IDENTITY),
        ]

    @staticmethod
    def _names(request: Request) -> tuple[str, str, str]:
        return request.parameters["subscription"], request.parameters["group"], request.parameters["name"]

    def _existing(self, request: Request) -> dict[str, Any]:
        subscription, group, name = self._names(request)
        self._groups.get(subscription, group)
        identity = self._identities.get(key(subscription, group, name))
        if identity is None:
            raise resource_not_found(IDENTITY_TYPE, name, group)
        return identity

    def _list(self, request: Request) -> Response:
        subscription, group = request.parameters["subscription"], request.parameters.get("group")
        self._groups.check_subscription(subscription)
        if group:
            self._groups.get(subscription, group)
        wanted = key(subscription, group) if group else key(subscription)
        value = [item for names, item in self._identities.items() if names[: len(wanted)] == wanted]
        return Response(200, {"value": value})

    def _put(self, request: Request) -> Response:
        subscription, group, name = self._names(request)
        known = key(subscription, group, name) in self._identities
        identity = self.put(subscription, group, name, request.json_object())
        return Response(200 if known else 201, identity, {} if known else {"location": identity["id"]})

    def _patch(self, request: Request) -> Response:
        return Response(200, self.put(*self._names(request), {**self._existing(request), **request.json_object()}))

    def _get(self, request: Request) -> Response:
        return Response(200, self._existing(request))

    def _delete(self, request: Request) -> Response:
        subscription, group, name = self._names(request)
        self._groups.get(subscription, group)
        return Response(200 if self.remove(subscription, group, name) else 204)
