# SPDX-License-Identifier: MIT
"""The entries of `properties.podIdentityProfile`, as immutable values over the JSON that ARM sends.

Each value keeps the JSON object it was read from, so that fields this extension does not know
are sent back as they came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol, TypeVar

from azext_podidentity.profile.text import printable, state_name
from azext_podidentity.profile.validation import is_managed_identity_id

FAILED = "Failed"
_IDENTITIES = "userAssignedIdentities"
_EXCEPTIONS = "userAssignedIdentityExceptions"
_READ_ONLY = ("provisioningState", "provisioningInfo")


class EntryKey(NamedTuple):
    """What names an entry in its list: the Kubernetes namespace and the name in it."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return printable(f"{self.namespace}/{self.name}", keep="")


@dataclass(frozen=True)
class ManagedIdentity:
    """A user-assigned managed identity; its other IDs are None until Azure was asked for them."""

    resource_id: str
    client_id: str | None = None
    object_id: str | None = None
    tenant_id: str | None = None

    @property
    def name(self) -> str:
        """The last part of its resource ID."""
        return self.resource_id.rpartition("/")[2]

    def same_as(self, other: ManagedIdentity) -> bool:
        """Return whether both name one resource; ARM compares resource IDs without case."""
        return self.resource_id.lower() == other.resource_id.lower()


@dataclass(frozen=True)
class NotFound:
    """A managed identity that does not exist. resource_group_too: whether its resource group does not exist either."""

    resource_group_too: bool = False


@dataclass(frozen=True)
class Unreadable:
    """A value that could not be read. reason: why, in a sentence."""

    reason: str


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
        """The value of a pod's `aadpodidbinding` label that gets this identity."""
        return self.binding_selector or self.key.name

    @property
    def failed(self) -> bool:
        """Return whether the service gave up on the last change of this entry."""
        return self.provisioning_state == FAILED

    @property
    def error(self) -> tuple[str, str] | None:
        """Code and message of `provisioningInfo.error`, None where there is none.

        The service nests an `error` object in `error` (ManagedClusterPodIdentityProvisioningError).
        """
        info = self.raw.get("provisioningInfo") or {}
        outer = info.get("error") or {}
        body = outer.get("error", outer) or {}
        code, message = body.get("code") or "", body.get("message") or ""
        return (code, message) if code or message else None

    @property
    def reason(self) -> tuple[str, str]:
        """Code and message of why the service gave up on this entry, in words where it said nothing."""
        return self.error or ("", "the service gave no reason")

    def binds_as(self, other: PodIdentity) -> bool:
        """Return whether both give the same pods the same managed identity."""
        return (
            self.key == other.key
            and self.identity.same_as(other.identity)
            and self.effective_selector == other.effective_selector
        )

    def renewed(self) -> PodIdentity:
        """Return this entry as it is sent to be tried again: without its state and the IDs of its managed identity."""
        return replace(
            self,
            identity=ManagedIdentity(self.identity.resource_id),
            provisioning_state=None,
            raw={name: value for name, value in self.raw.items() if name not in _READ_ONLY},
        )

    def bound_as(self, other: PodIdentity) -> PodIdentity:
        """Return what `other` binds, with the fields of this entry that are not known to this extension."""
        known = (*_READ_ONLY, "bindingSelector", "identity")
        return replace(other, raw={name: value for name, value in self.raw.items() if name not in known})

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object to send: what was read, without what only the service may set."""
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
    """One entry of `userAssignedIdentityExceptions`: pods with any one of the labels bypass the node agent."""

    key: EntryKey
    pod_labels: Mapping[str, str]
    raw: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> PodIdentityException:
        """Read one entry from the JSON object that ARM sends; `podLabels: null` of old versions means no labels."""
        return cls(key=_key(raw), pod_labels=raw.get("podLabels") or {}, raw=raw)

    @property
    def has_null_labels(self) -> bool:
        """Return whether it was read with `podLabels: null`, which the service refuses to have sent back."""
        return bool(self.raw) and self.raw.get("podLabels") is None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object to send; the service refuses `podLabels: null`, so no labels are sent as `{}`."""
        namespace, name = self.key
        return {**self.raw, "namespace": namespace, "name": name, "podLabels": dict(self.pod_labels)}


class Keyed(Protocol):
    """What the entries of both lists have in common."""

    @property
    def key(self) -> EntryKey:
        """Its namespace and name."""

    def to_json(self) -> dict[str, Any]:
        """Its JSON object as the service has it."""


Entry = TypeVar("Entry", bound=Keyed)


class Entries(tuple[Entry, ...]):
    """One list of the profile, in the order ARM keeps it, each entry named by its key."""

    def find(self, key: EntryKey) -> Entry | None:
        """Return the entry with that key, None without one."""
        return next((entry for entry in self if entry.key == key), None)

    def put(self, entry: Entry) -> Entries[Entry]:
        """Return these entries with the given one in place of the one with its key, or at the end."""
        if self.find(entry.key) is None:
            return Entries((*self, entry))
        return Entries(entry if other.key == entry.key else other for other in self)

    def remove(self, key: EntryKey) -> Entries[Entry]:
        """Return these entries without the one with that key."""
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
        """Read `podIdentityProfile`; without one, or with `{}` as after a disable, the add-on is not enabled."""
        raw = raw or {}
        return cls(
            enabled=bool(raw.get("enabled")),
            allow_network_plugin_kubenet=raw.get("allowNetworkPluginKubenet"),
            identities=Entries(map(PodIdentity.from_json, filter(None, raw.get(_IDENTITIES) or ()))),
            exceptions=Entries(map(PodIdentityException.from_json, filter(None, raw.get(_EXCEPTIONS) or ()))),
            raw=raw,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object to send. A disabled profile is `{"enabled": false}` and nothing else."""
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
        """Return the pod identities by the resource ID of the managed identity they bind, in the order of the profile.

        Pod identities whose resource ID is not that of a managed identity are left out.
        """
        found: dict[str, list[PodIdentity]] = {}
        for entry in self.identities:
            if is_managed_identity_id(entry.identity.resource_id):
                found.setdefault(entry.identity.resource_id.lower(), []).append(entry)
        return {bound[0].identity.resource_id: Entries(bound) for bound in found.values()}


def _key(raw: Mapping[str, Any]) -> EntryKey:
    return EntryKey(namespace=raw.get("namespace") or "", name=raw.get("name") or "")
