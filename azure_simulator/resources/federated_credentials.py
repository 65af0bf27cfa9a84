# SPDX-License-Identifier: MIT
"""Federated identity credentials of managed identities."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

from ..context import Context
from ..errors import front_door, service
from ..http import Request, Response, Route
from ..resource_ids import IDENTITY_TYPE

MAXIMUM = 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,119}")

Json = dict[str, Any]


class FederatedCredentials:
    """Credentials by identity ID and name. `existing` finds the identity of a request.

    A write is in progress until its response is sent. During that time, other writes to the same identity are refused.
    """

    def __init__(self, context: Context, existing: Callable[[Request], Json]) -> None:
        self._context = context
        self._existing = existing
        self._credentials: dict[str, dict[str, Json]] = {}
        self._written_until: dict[str, float] = {}

    def routes(self, identity_path: str) -> list[Route]:
        """Return the routes below the path of a managed identity."""
        path = f"{identity_path}/federatedIdentityCredentials"
        return [
            Route("GET", path, self._list),
            Route("PUT", f"{path}/{{credential}}", self._put),
            Route("GET", f"{path}/{{credential}}", self._get),
            Route("DELETE", f"{path}/{{credential}}", self._delete),
        ]

    def of(self, identity: Json) -> dict[str, Json]:
        """Return the stored credentials of an identity by lowercase name."""
        return self._credentials.setdefault(identity["id"].lower(), {})

    def put(self, identity: Json, name: str, properties: Json) -> Json:
        """Create or replace a credential without checks."""
        known = self.of(identity).get(name.lower())
        name = known["name"] if known else name
        credential = {
            "id": f"{identity['id']}/federatedIdentityCredentials/{name}",
            "name": name,
            "type": f"{IDENTITY_TYPE}/federatedIdentityCredentials",
            "properties": {part: copy.deepcopy(properties[part]) for part in ("issuer", "subject", "audiences")},
        }
        self.of(identity)[name.lower()] = credential
        return credential

    def remove_all(self, identity: Json) -> None:
        self._credentials.pop(identity["id"].lower(), None)

    def _list(self, request: Request) -> Response:
        return Response(200, {"value": list(self.of(self._existing(request)).values())})

    def _get(self, request: Request) -> Response:
        name = request.parameters["credential"]
        credential = self.of(self._existing(request)).get(name.lower())
        if credential is None:
            subject = f"{IDENTITY_TYPE}/{request.parameters['name']}/federatedIdentityCredentials"
            message = f"The Resource '{subject}/{name}' was not found."
            raise front_door(404, "NotFound", message)
        return Response(200, credential)

    def _put(self, request: Request) -> Response:
        identity, name = self._existing(request), request.parameters["credential"]
        properties = request.json_object().get("properties") or {}
        known = name.lower() in self.of(identity)
        self._begin_write(identity)
        _check(self.of(identity), name, properties)
        credential = self.put(identity, name, properties)
        return Response(200 if known else 201, credential, {} if known else {"location": credential["id"]})

    def _delete(self, request: Request) -> Response:
        identity = self._existing(request)
        self._begin_write(identity)
        removed = self.of(identity).pop(request.parameters["credential"].lower(), None)
        return Response(200 if removed else 204)

    def _begin_write(self, identity: Json) -> None:
        """Raise the conflict of public reports while another write to the identity is in progress."""
        identity_key, now = identity["id"].lower(), self._context.now()
        if now < self._written_until.get(identity_key, now):
            raise service(
                409,
                "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
                "Too many Federated Identity Credentials are written concurrently for the managed identity "
                f"'{identity['id']}'. Concurrent Federated Identity Credentials writes under the same managed identity "
                "are not supported.",
            )
        # Ends before the response arrives, so that a client that waits for it can continue immediately.
        self._written_until[identity_key] = now + 0.9 * self._context.settings.azure_cli_latency


def _check(credentials: dict[str, Json], name: str, properties: Json) -> None:
    """Raise if a published limit is exceeded. No recording has such an error: the messages are assumptions."""
    if not _NAME.fullmatch(name):
        raise service(400, "BadRequest", f"The federated identity credential name '{name}' is invalid.")
    missing = [part for part in ("issuer", "subject", "audiences") if not properties.get(part)]
    if missing:
        raise service(400, "BadRequest", f"The property '{missing[0]}' is required.")
    others = [entry["properties"] for other, entry in credentials.items() if other != name.lower()]
    pair = (properties["issuer"], properties["subject"])
    if any((entry["issuer"], entry["subject"]) == pair for entry in others):
        message = "Issuer and subject combination already exists for this Managed Identity."
        raise service(409, "Conflict", message)
    if len(others) >= MAXIMUM:
        message = f"Too many Federated Identity Credentials: at most {MAXIMUM} are allowed."
        raise service(400, "BadRequest", message)
