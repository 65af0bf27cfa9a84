# SPDX-License-Identifier: MIT
"""Microsoft Entra ID: sign-in of the only service principal, the directory, and parts of Microsoft Graph.

`az role assignment create --assignee` and `az role assignment list` use Graph.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from dataclasses import dataclass
from typing import Any

from azure_simulator.context import CALLER_OBJECT_ID, CLIENT_ID, Context
from azure_simulator.http import Request, Response, Route

TOKEN_LIFETIME = 24 * 3600
_NAME_FILTER = re.compile(r"servicePrincipalNames/any\(c:\s*c eq '([^']*)'\)", re.IGNORECASE)
_EQUALS_FILTER = re.compile(r"(appId|id|displayName) eq '([^']*)'", re.IGNORECASE)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Tokens:
    """Signed bearer tokens. They are not stored, so they stay valid after a reset of the simulator."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def issue(self, claims: dict[str, Any]) -> str:
        head = _base64url(json.dumps({"typ": "JWT", "alg": "HS256"}).encode())
        signed = f"{head}.{_base64url(json.dumps(claims).encode())}"
        return f"{signed}.{self._signature(signed)}"

    def valid(self, token: str) -> bool:
        signed, _, signature = token.rpartition(".")
        return hmac.compare_digest(signature.encode(), self._signature(signed).encode())

    def _signature(self, signed: str) -> str:
        return _base64url(hmac.new(self._key, signed.encode(), hashlib.sha256).digest())


@dataclass(frozen=True)
class Principal:
    """A service principal: a managed identity, a cluster or the caller. `created` is a clock reading."""

    object_id: str
    client_id: str
    display_name: str
    created: float
    type: str = "ServicePrincipal"

    def graph(self) -> dict[str, Any]:
        return {
            "@odata.type": "#microsoft.graph.servicePrincipal",
            "id": self.object_id,
            "appId": self.client_id,
            "displayName": self.display_name,
            "servicePrincipalNames": [self.client_id],
            "servicePrincipalType": "ManagedIdentity",
        }


class Directory:
    """The principals of the tenant, by object ID."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._principals: dict[str, Principal] = {}
        self._groups: dict[str, frozenset[str]] = {}
        self.add(CALLER_OBJECT_ID, CLIENT_ID, "azure-simulator", replicated=True)

    def add(self, object_id: str, client_id: str, display_name: str, replicated: bool = False) -> None:
        """Add a principal. A `replicated` one is known everywhere at once."""
        created = float("-inf") if replicated else self._context.now()
        self._principals[object_id.lower()] = Principal(object_id, client_id, display_name, created)

    def remove(self, object_id: str) -> None:
        self._principals.pop(object_id.lower(), None)

    def add_group(self, object_id: str, *members: str) -> None:
        """Add a security group. `members` are object IDs."""
        self._groups[object_id.lower()] = frozenset(member.lower() for member in members)

    def acts_as(self, object_id: str) -> frozenset[str]:
        """Return the lowercase object IDs whose role assignments count for the principal: its own and its groups'."""
        groups = {group for group, members in self._groups.items() if object_id.lower() in members}
        return frozenset({object_id.lower(), *groups})

    def find(self, object_id: str) -> Principal | None:
        return self._principals.get(object_id.lower())

    def replicated(self, object_id: str) -> bool:
        """Return whether the principal has replicated to role assignments."""
        principal = self.find(object_id)
        delay = self._context.durations.principal_replication * self._context.scale
        return principal is not None and self._context.now() >= principal.created + delay

    def routes(self) -> list[Route]:
        graph = "/graph/v1.0"
        return [
            Route("GET", f"{graph}/servicePrincipals", self._list_service_principals),
            Route("GET", f"{graph}/users", lambda request: Response(200, {"value": []})),
            Route("GET", f"{graph}/groups", lambda request: Response(200, {"value": []})),
            Route("POST", f"{graph}/directoryObjects/getByIds", self._get_by_ids),
        ]

    def _list_service_principals(self, request: Request) -> Response:
        condition = request.query.get("$filter", "")
        name, equals = _NAME_FILTER.search(condition), _EQUALS_FILTER.search(condition)
        found = [principal.graph() for principal in self._principals.values()]
        if name:
            found = [entry for entry in found if entry["appId"].lower() == name[1].lower()]
        elif equals:
            field = {"appid": "appId", "id": "id", "displayname": "displayName"}[equals[1].lower()]
            found = [entry for entry in found if entry[field].lower() == equals[2].lower()]
        return Response(200, {"value": found})

    def _get_by_ids(self, request: Request) -> Response:
        ids = request.json_object().get("ids", [])
        found = [self.find(str(object_id)) for object_id in ids]
        return Response(200, {"value": [principal.graph() for principal in found if principal]})


class Login:
    """The OpenID Connect endpoints of a client-credentials sign-in."""

    def __init__(self, context: Context, tokens: Tokens, client_secret: str) -> None:
        self._context = context
        self._tokens = tokens
        self._client_secret = client_secret

    def routes(self) -> list[Route]:
        configuration = "/{tenant}/v2.0/.well-known/openid-configuration"
        return [
            Route("GET", configuration, self._configuration, anonymous=True),
            Route("POST", "/{tenant}/oauth2/v2.0/token", self._token, anonymous=True),
        ]

    def _configuration(self, request: Request) -> Response:
        base = f"{self._context.url}/{self._context.tenant_id}"
        return Response(
            200,
            {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
            },
        )

    def _token(self, request: Request) -> Response:
        if request.parameters["tenant"].lower() != self._context.tenant_id:
            return self._refused("invalid_request", "AADSTS90002: Tenant not found.")
        if request.form.get("client_id", "").lower() != CLIENT_ID:
            return self._refused("unauthorized_client", "AADSTS700016: Application not found.")
        if not hmac.compare_digest(request.form.get("client_secret", ""), self._client_secret):
            return self._refused("invalid_client", "AADSTS7000215: Invalid client secret provided.")
        issued = int(time.time())
        claims = {
            "aud": self._context.url,
            "iss": f"{self._context.url}/{self._context.tenant_id}/v2.0",
            "iat": issued,
            "exp": issued + TOKEN_LIFETIME,
            "appid": CLIENT_ID,
            "oid": CALLER_OBJECT_ID,
            "tid": self._context.tenant_id,
            "idtyp": "app",
        }
        token = self._tokens.issue(claims)
        return Response(200, {"token_type": "Bearer", "expires_in": TOKEN_LIFETIME, "access_token": token})

    @staticmethod
    def _refused(error: str, description: str) -> Response:
        return Response(401, {"error": error, "error_description": description})
