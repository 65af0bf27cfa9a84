"""Manifests of the open-source project aad-pod-identity → entries.

`AzureIdentity`, `AzureIdentityBinding` and `AzurePodIdentityException` of `aadpodidentity.k8s.io`, by themselves or in
a list. Keys are found without regard to case: Kubernetes does so, and early versions wrote them with capitals.
A binding is of the AzureIdentity of its own namespace, and the add-on gives it to pods of that namespace only; the
open-source project did so where it ran with `forceNamespaced`, and else gave it to pods of every namespace.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from azext_podidentity.manifest.collector import Found
from azext_podidentity.manifest.problems import Place
from azext_podidentity.manifest.reader import Reader
from azext_podidentity.manifest.source import Document, Unquoted, is_foreign
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, PodIdentity, PodIdentityException
from azext_podidentity.profile.entry_types import SERVICE_EXCEPTION
from azext_podidentity.profile.validation import check_binding_selector, check_managed_identity_id, check_name

_SERVICE_PRINCIPALS = {"1": "a service principal with a secret", "2": "a service principal with a certificate"}
NAMESPACED = (
    "Manifests of the open-source project are read: the add-on gives an identity to pods of the same namespace only, "
    "not to those of every namespace."
)


@dataclass(frozen=True)
class _Binding:
    """An AzureIdentityBinding: its own key, that of the AzureIdentity, and the selector."""

    key: EntryKey
    identity: EntryKey
    selector: str
    reader: Reader


@dataclass
class OpenSource:
    """The open-source resources of all files; `finish` makes entries of them once all are there."""

    found: Found
    ignored: int = 0
    _identities: dict[EntryKey, tuple[str, Place]] = field(default_factory=dict)
    _bindings: list[_Binding] = field(default_factory=list)

    def read(self, document: Document) -> None:
        """Takes one Kubernetes object in, or each of a list; counts in `ignored` what has nothing to do with it."""
        kind = document.value.get("kind")
        items = document.value.get("items")
        if isinstance(kind, str) and kind.endswith("List") and isinstance(items, list):
            for part in _mappings(document, items):
                self.read(part)
            return
        read = {
            "AzureIdentity": self._read_identity,
            "AzureIdentityBinding": self._read_binding,
            "AzurePodIdentityException": self._read_exception,
        }.get(str(kind))
        if read is None or is_foreign(document.value):
            self.ignored += 1
        else:
            read(Reader(document, self.found.problems, any_case=True))

    def finish(self) -> None:
        """Adds the entries to what was found: one for each binding, named after its AzureIdentity.

        Where several bindings name one AzureIdentity, each entry is named after its binding.
        """
        for binding in self._bindings:
            if binding.identity not in self._identities:
                binding.reader.wrong(f"the files have no AzureIdentity {binding.identity}", "spec", "azureIdentity")
                continue
            alone = sum(other.identity == binding.identity for other in self._bindings) == 1
            key = binding.identity if alone else binding.key
            selector = None if binding.selector == key.name else binding.selector
            identity = ManagedIdentity(self._identities[binding.identity][0])
            self.found.add_identity(PodIdentity(key, identity, selector), binding.reader.place)
        bound = {binding.identity for binding in self._bindings}
        for key, (_, place) in self._identities.items():
            if key not in bound:
                self.found.notes.append(f"{place}: AzureIdentity {key} is not applied: no binding names it.")
        if self._bindings:
            self.found.notes.append(NAMESPACED)

    def _read_identity(self, reader: Reader) -> None:
        key = reader.key("metadata")
        kind = _number(reader.find("spec", "type"))
        if kind in _SERVICE_PRINCIPALS:
            reader.wrong(
                f"AzureIdentity {key} is {_SERVICE_PRINCIPALS[kind]}: the add-on knows managed identities only, type 0",
                *("spec", "type"),
            )
            return
        if kind not in ("", "0"):
            reader.wrong(f"spec.type: {kind} is not known; managed identities have type 0", "spec", "type")
        resource_id = reader.text("spec", "resourceID", check=check_managed_identity_id, required=True)
        if key not in self._identities:
            self._identities[key] = (resource_id, reader.place)
        elif all(key):
            reader.wrong(f"AzureIdentity {key} is here again, first at {self._identities[key][1]}")

    def _read_binding(self, reader: Reader) -> None:
        key = reader.key("metadata")
        identity = reader.text("spec", "azureIdentity", check=check_name, required=True)
        selector = reader.text("spec", "selector", check=check_binding_selector, required=True)
        if identity and key.namespace:
            self._bindings.append(_Binding(key, EntryKey(key.namespace, identity), selector, reader))

    def _read_exception(self, reader: Reader) -> None:
        entry = PodIdentityException(reader.key("metadata"), reader.labels("spec", "podLabels"))
        if entry.key == SERVICE_EXCEPTION:
            self.found.notes.append(f"{reader.place}: {entry.key} belongs to the service and is not applied.")
        else:
            self.found.add_exception(entry, reader.place)


def _mappings(document: Document, items: list[Any]) -> Iterator[Document]:
    for index, item in enumerate(items):
        if isinstance(item, dict):
            yield document.inside("items", index)


def _number(value: Any) -> str:
    return value.text if isinstance(value, Unquoted) else "" if value is None else str(value)
