"""Microsoft.ManagedIdentity: user-assigned managed identities and their federated identity credentials."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

from ..context import Context, new_id
from ..entra import Directory
from ..errors import front_door, resource_not_found, service
from ..http import Answer, Call, Operation
from ..resource_ids import IDENTITY_TYPE, identity_id, key, parse
from .resources import ResourceGroups

MAXIMUM_CREDENTIALS = 20
_CREDENTIAL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,119}")
_BY_SUBSCRIPTION = f"/subscriptions/{{subscription}}/providers/{IDENTITY_TYPE}"
_BY_GROUP = f"/subscriptions/{{subscription}}/resourcegroups/{{group}}/providers/{IDENTITY_TYPE}"
_IDENTITY = f"{_BY_GROUP}/{{name}}"
_CREDENTIALS = f"{_IDENTITY}/federatedIdentityCredentials"


class ManagedIdentities:
    """Identities by (subscription, group, name), their credentials by (those, credential name)."""

    def __init__(self, context: Context, groups: ResourceGroups, directory: Directory) -> None:
        self._context = context
        self._groups = groups
        self._directory = directory
        self._identities: dict[tuple[str, ...], dict[str, Any]] = {}
        self._credentials: dict[tuple[str, ...], dict[str, dict[str, Any]]] = {}

    def put(
        self, subscription: str, group: str, name: str, body: dict[str, Any], replicated: bool = False
    ) -> dict[str, Any]:
        """Create or replace. A new identity, also one under an old name, gets new client and object ids."""
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
        """The identity with this resource id, in whatever subscription; None where there is none."""
        parts = parse(resource_id)
        if parts is None or parts.type.lower() != IDENTITY_TYPE.lower():
            return None
        return self._identities.get(key(parts.subscription, parts.group, parts.name))

    def all(self) -> Iterator[dict[str, Any]]:
        yield from self._identities.values()

    def remove(self, subscription: str, group: str, name: str) -> bool:
        """Whether there was one to remove. Its role assignments stay behind, as in Azure."""
        identity = self._identities.pop(key(subscription, group, name), None)
        self._credentials.pop(key(subscription, group, name), None)
        if identity:
            self._directory.remove(identity["properties"]["principalId"])
        return identity is not None

    def remove_group(self, subscription: str, group: str) -> None:
        for place in [place for place in self._identities if place[:2] == key(subscription, group)]:
            self.remove(*place)

    def operations(self) -> list[Operation]:
        return [
            Operation("GET", _BY_SUBSCRIPTION, self._list),
            Operation("GET", _BY_GROUP, self._list),
            Operation("PUT", _IDENTITY, self._put),
            Operation("PATCH", _IDENTITY, self._patch),
            Operation("GET", _IDENTITY, self._get),
            Operation("DELETE", _IDENTITY, self._delete),
            Operation("GET", _CREDENTIALS, self._list_credentials),
            Operation("PUT", f"{_CREDENTIALS}/{{credential}}", self._put_credential),
            Operation("GET", f"{_CREDENTIALS}/{{credential}}", self._get_credential),
            Operation("DELETE", f"{_CREDENTIALS}/{{credential}}", self._delete_credential),
        ]

    @staticmethod
    def _place(call: Call) -> tuple[str, str, str]:
        return call.parameters["subscription"], call.parameters["group"], call.parameters["name"]

    def _existing(self, call: Call) -> dict[str, Any]:
        subscription, group, name = self._place(call)
        self._groups.get(subscription, group)
        identity = self._identities.get(key(subscription, group, name))
        if identity is None:
            raise resource_not_found(IDENTITY_TYPE, name, group)
        return identity

    def _list(self, call: Call) -> Answer:
        subscription, group = call.parameters["subscription"], call.parameters.get("group")
        self._groups.check_subscription(subscription)
        if group:
            self._groups.get(subscription, group)
        wanted = key(subscription, group) if group else key(subscription)
        value = [item for place, item in self._identities.items() if place[: len(wanted)] == wanted]
        return Answer(200, {"value": value})

    def _put(self, call: Call) -> Answer:
        subscription, group, name = self._place(call)
        known = key(subscription, group, name) in self._identities
        identity = self.put(subscription, group, name, call.json_object())
        return Answer(200 if known else 201, identity, {} if known else {"location": identity["id"]})

    def _patch(self, call: Call) -> Answer:
        return Answer(200, self.put(*self._place(call), {**self._existing(call), **call.json_object()}))

    def _get(self, call: Call) -> Answer:
        return Answer(200, self._existing(call))

    def _delete(self, call: Call) -> Answer:
        subscription, group, name = self._place(call)
        self._groups.get(subscription, group)
        return Answer(200 if self.remove(subscription, group, name) else 204)

    def _credentials_of(self, call: Call) -> dict[str, dict[str, Any]]:
        self._existing(call)
        return self._credentials.setdefault(key(*self._place(call)), {})

    def _list_credentials(self, call: Call) -> Answer:
        return Answer(200, {"value": list(self._credentials_of(call).values())})

    def _get_credential(self, call: Call) -> Answer:
        name = call.parameters["credential"]
        credential = self._credentials_of(call).get(name.lower())
        if credential is None:
            subject = f"{IDENTITY_TYPE}/{call.parameters['name']}/federatedIdentityCredentials"
            message = f"The Resource '{subject}/{name}' was not found."
            raise front_door(404, "NotFound", message)
        return Answer(200, credential)

    def _put_credential(self, call: Call) -> Answer:
        credentials, name = self._credentials_of(call), call.parameters["credential"]
        known = credentials.get(name.lower())
        properties = call.json_object().get("properties") or {}
        self._check_credential(credentials, name, properties)
        parent = self._existing(call)["id"]
        credential: dict[str, Any] = {
            "id": f"{parent}/federatedIdentityCredentials/{known['name'] if known else name}",
            "name": known["name"] if known else name,
            "type": f"{IDENTITY_TYPE}/federatedIdentityCredentials",
            "properties": {part: properties[part] for part in ("issuer", "subject", "audiences")},
        }
        credentials[name.lower()] = credential
        return Answer(200 if known else 201, credential, {} if known else {"location": credential["id"]})

    @staticmethod
    def _check_credential(credentials: dict[str, dict[str, Any]], name: str, properties: dict[str, Any]) -> None:
        """Limits as published; no error of this kind was ever recorded, so the messages are assumptions."""
        if not _CREDENTIAL_NAME.fullmatch(name):
            raise service(400, "BadRequest", f"The federated identity credential name '{name}' is invalid.")
        missing = [part for part in ("issuer", "subject", "audiences") if not properties.get(part)]
        if missing:
            raise service(400, "BadRequest", f"The property '{missing[0]}' is required.")
        others = [entry["properties"] for other, entry in credentials.items() if other != name.lower()]
        pair = (properties["issuer"], properties["subject"])
        if any((entry["issuer"], entry["subject"]) == pair for entry in others):
            message = "Issuer and subject combination already exists for this Managed Identity."
            raise service(409, "Conflict", message)
        if len(others) >= MAXIMUM_CREDENTIALS:
            message = f"Too many Federated Identity Credentials: at most {MAXIMUM_CREDENTIALS} are allowed."
            raise service(400, "BadRequest", message)

    def _delete_credential(self, call: Call) -> Answer:
        removed = self._credentials_of(call).pop(call.parameters["credential"].lower(), None)
        return Answer(200 if removed else 204)
