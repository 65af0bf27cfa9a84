# SPDX-License-Identifier: MIT
"""The entries of `properties.podIdentityProfile`, as immutable values.

Each value keeps the JSON object that it was read from, so that unknown fields are sent back unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol, TypeVar

from azext_podidentity.profile.text import one_line, printable, state_name
from azext_podidentity.profile.validation import is_managed_identity_id

FAILED = "Failed"
_IDENTITIES = "userAssignedIdentities"
_EXCEPTIONS = "userAssignedIdentityExceptions"
_READ_ONLY = ("provisioningState", "provisioningInfo")


class EntryKey(NamedTuple):
    """The key of an entry in its list: the Kubernetes namespace and the name."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return printable(f"{self.namespace}/{self.name}", keep="")


@dataclass(frozen=True)
class ManagedIdentity:
    """A user-assigned managed identity. Client ID and object ID are None until they have been read from Azure."""

    resource_id: str
    client_id: str | None = None
    object_id: str | None = None
    tenant_id: str | None = None

    @property
    def name(self) -> str:
        """The last segment of the resource ID."""
        return self.resource_id.rpartition("/")[2]

    def same_as(self, other: ManagedIdentity) -> bool:
        """Return whether both have the same resource ID; ARM ignores case in resource IDs."""
        return self.resource_id.lower() == other.resource_id.lower()


@dataclass(frozen=True)
class NotFound:
    """A managed identity that does not exist. resource_group_too: whether its resource group is missing too."""

    resource_group_too: bool = False


@dataclass(frozen=True)
class Unreadable:
    """A value that could not be read. reason: a sentence that says why."""

    reason: str

    @classmethod
    def because(cls, error: Exception) -> Unreadable:
        """Return the value with the message of the error, in one line, as its reason."""
        return cls(one_line(error))


Found = ManagedIdentity | NotFound | Unreadable


@dataclass(frozen=True)
class PodIdentity:
    """One entry of `userAssignedIdentities`: a managed identity bound to a name in a namespace."""

    key: EntryKey
    identity: ManagedIdentity
    binding_selector: str | None = None
    provisioning_state: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> PodIdentity:
        """Read one entry from the JSON object that ARM sends."""
        identity = raw.get("identity") or {}
        return cls(
            key=_key(raw),
            identity=ManagedIdentity(
                resource_id=identity.get("resourceId") or "",
                client_id=identity.get("clientId"),
                object_id=identity.get("objectId"),
            ),
            binding_selector=raw.get("bindingSelector"),
            provisioning_state=state_name(raw.get("provisioningState")),
            raw=raw,
        )

    @property
    def effective_selector(self) -> str:
        """The value that a pod's `aadpodidbinding` label needs to get this identity: the selector or the name."""
        return self.binding_selector or self.key.name

    @property
    def failed(self) -> bool:
        """Return whether the entry is in state Failed."""
        return self.provisioning_state == FAILED

    @property
    def error(self) -> tuple[str, str] | None:
        """Code and message of `provisioningInfo.error`, None if it has none.

        The service nests an `error` object in `error` (ManagedClusterPodIdentityProvisioningError).
        """
        info = self.raw.get("provisioningInfo") or {}
        outer = info.get("error") or {}
        body = outer.get("error", outer) or {}
        code, message = body.get("code") or "", body.get("message") or ""
        return (code, message) if code or message else None

    @property
    def reason(self) -> tuple[str, str]:
        """Code and message of the entry's error, with a default message if the service gave none."""
        return self.error or ("", "the service gave no reason")

    @property
    def user_fields(self) -> dict[str, str]:
        """The fields that users set, and the state if it is Failed, because such an entry is retried."""
        state = {"provisioningState": FAILED} if self.failed else {}
        return {"identity": self.identity.resource_id, "bindingSelector": self.effective_selector, **state}

    def binds_as(self, other: PodIdentity) -> bool:
        """Return whether both bind the same managed identity to the same pods."""
        return (
            self.key == other.key
            and self.identity.same_as(other.identity)
            and self.effective_selector == other.effective_selector
        )

    def renewed(self) -> PodIdentity:
        """Return the entry without its state and the IDs of its managed identity, so that the service retries it."""
        return replace(
            self,
            identity=ManagedIdentity(self.identity.resource_id),
            provisioning_state=None,
            raw={name: value for name, value in self.raw.items() if name not in _READ_ONLY},
        )

    def bound_as(self, other: PodIdentity) -> PodIdentity:
        """Return the binding of `other` with the unknown fields of this entry."""
        known = (*_READ_ONLY, "bindingSelector", "identity")
        return replace(other, raw={name: value for name, value in self.raw.items() if name not in known})

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object to send, without the fields that only the service may set."""
        raw = {name: value for name, value in self.raw.items() if name not in _READ_ONLY}
        raw["namespace"], raw["name"] = self.key
        known = {
            "resourceId": self.identity.resource_id,
            "clientId": self.identity.client_id,
            "objectId": self.identity.object_id,
        }
        raw["identity"] = {**(raw.get("identity") or {}), **{k: v for k, v in known.items() if v is not None}}
        if self.binding_selector is not None:
            raw["bindingSelector"] = self.binding_selector
        return raw


@dataclass(frozen=True)
class PodIdentityException:
    """One entry of `userAssignedIdentityExceptions`: pods with any of the labels bypass the node agent."""

    key: EntryKey
    pod_labels: Mapping[str, str]
    raw: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> PodIdentityException:
        """Read one entry from the JSON object that ARM sends; `podLabels: null` of old versions means no labels."""
        return cls(key=_key(raw), pod_labels=raw.get("podLabels") or {}, raw=raw)

    @property
    def user_fields(self) -> dict[str, str]:
        """The labels as text."""
        return {"podLabels": ", ".join(f"{key}={value}" for key, value in sorted(self.pod_labels.items()))}

    @property
    def has_null_labels(self) -> bool:
        """Return whether it was read with `podLabels: null`, which the service refuses in a write."""
        return bool(self.raw) and self.raw.get("podLabels") is None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object to send, with `{}` for no labels, because the service refuses `podLabels: null`."""
        namespace, name = self.key
        return {**self.raw, "namespace": namespace, "name": name, "podLabels": dict(self.pod_labels)}


class Keyed(Protocol):
    """The interface that the entries of both lists share."""

    @property
    def key(self) -> EntryKey:
        """The namespace and name."""

    @property
    def user_fields(self) -> dict[str, str]:
        """The fields that users set, as text."""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object to send."""


Entry = TypeVar("Entry", bound=Keyed)


class Entries(tuple[Entry, ...]):
    """One list of the profile, in the order of the service."""

    def find(self, key: EntryKey) -> Entry | None:
        """Return the entry with that key, None if there is none."""
        return next((entry for entry in self if entry.key == key), None)

    def put(self, entry: Entry) -> Entries[Entry]:
        """Return the list with the entry of the same key replaced, or the entry appended."""
        if self.find(entry.key) is None:
            return Entries((*self, entry))
        return Entries(entry if other.key == entry.key else other for other in self)

    def remove(self, key: EntryKey) -> Entries[Entry]:
        """Return the list without the entry with that key."""
        return Entries(entry for entry in self if entry.key != key)


@dataclass(frozen=True)
class Profile:
    """The pod identity profile of a cluster."""

    enabled: bool = False
    allow_network_plugin_kubenet: bool | None = None
    identities: Entries[PodIdentity] = field(default_factory=Entries)
    exceptions: Entries[PodIdentityException] = field(default_factory=Entries)
    raw: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any] | None) -> Profile:
        """Read `podIdentityProfile`. None and `{}`, which the service returns after a disable, mean disabled."""
        raw = raw or {}
        return cls(
            enabled=bool(raw.get("enabled")),
            allow_network_plugin_kubenet=raw.get("allowNetworkPluginKubenet"),
            identities=Entries(map(PodIdentity.from_json, filter(None, raw.get(_IDENTITIES) or ()))),
            exceptions=Entries(map(PodIdentityException.from_json, filter(None, raw.get(_EXCEPTIONS) or ()))),
            raw=raw,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object to send, only `{"enabled": false}` for a disabled profile."""
        if not self.enabled:
            return {"enabled": False}
        raw: dict[str, Any] = {**self.raw, "enabled": True}
        if self.allow_network_plugin_kubenet is not None:
            raw["allowNetworkPluginKubenet"] = self.allow_network_plugin_kubenet
        for name, entries in ((_IDENTITIES, self.identities), (_EXCEPTIONS, self.exceptions)):
            if entries or name in self.raw:
                raw[name] = [entry.to_json() for entry in entries]
        return raw

    def bound_to(self, resource_id: str) -> Entries[PodIdentity]:
        """Return the pod identities that bind the managed identity with that resource ID."""
        wanted = ManagedIdentity(resource_id)
        return Entries(entry for entry in self.identities if entry.identity.same_as(wanted))

    def bindings(self) -> dict[str, Entries[PodIdentity]]:
        """Return the pod identities by the resource ID of their managed identity, in the order of the profile.

        Pod identities whose resource ID is not that of a managed identity are left out.
        """
        found: dict[str, list[PodIdentity]] = {}
        for entry in self.identities:
            if is_managed_identity_id(entry.identity.resource_id):
                found.setdefault(entry.identity.resource_id.lower(), []).append(entry)
        return {bound[0].identity.resource_id: Entries(bound) for bound in found.values()}


def _key(raw: Mapping[str, Any]) -> EntryKey:
    return EntryKey(namespace=raw.get("namespace") or "", name=raw.get("name") or "")
