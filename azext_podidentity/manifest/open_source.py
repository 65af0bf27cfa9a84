# SPDX-License-Identifier: MIT
"""Read manifests of the open-source project aad-pod-identity.

The kinds are `AzureIdentity`, `AzureIdentityBinding` and `AzurePodIdentityException` of `aadpodidentity.k8s.io`, alone
or in a list. Keys are compared without case, as Kubernetes does, because early versions wrote them with uppercase
letters. A binding refers to an AzureIdentity in its own namespace. The add-on assigns the identity only to pods in that
namespace; the open-source project does so only with `forceNamespaced`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from azext_podidentity.manifest.collector import EntryCollector
from azext_podidentity.manifest.node_reader import NodeReader
from azext_podidentity.manifest.problems import Place
from azext_podidentity.manifest.yaml_documents import Document, Unquoted, is_foreign
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, PodIdentity, PodIdentityException
from azext_podidentity.profile.entry_types import SERVICE_EXCEPTION
from azext_podidentity.profile.validation import check_binding_selector, check_managed_identity_id, check_name

_SERVICE_PRINCIPALS = {"1": "a service principal with a secret", "2": "a service principal with a certificate"}
NAMESPACED = (
    "The files contain manifests of the open-source project aad-pod-identity. The add-on assigns an identity only to "
    "pods in the same namespace."
)


@dataclass(frozen=True)
class _Binding:
    """An AzureIdentityBinding: its key, the key of its AzureIdentity, and the selector."""

    key: EntryKey
    identity: EntryKey
    selector: str
    reader: NodeReader = field(compare=False)


@dataclass
class OpenSourceReader:
    """Read the open-source resources of all files; `finish` converts them after all files were read.

    `ignored`: the number of Kubernetes objects of other kinds.
    """

    collector: EntryCollector
    ignored: int = 0
    _identities: dict[EntryKey, tuple[str, Place]] = field(default_factory=dict)
    _unsupported: set[EntryKey] = field(default_factory=set)
    _bindings: list[_Binding] = field(default_factory=list)

    def read(self, document: Document) -> None:
        """Read one Kubernetes object, or each object of a list."""
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
            read(NodeReader(document, self.collector.problems, any_case=True))

    def finish(self) -> None:
        """Add an entry for each binding, named after its AzureIdentity.

        If several bindings refer to one AzureIdentity, each entry is named after its binding.
        """
        for binding in self._bindings:
            if binding.identity in self._unsupported:
                continue
            if binding.identity not in self._identities:
                binding.reader.add_problem(
                    f"AzureIdentity {binding.identity} is not in the manifest", "spec", "azureIdentity"
                )
                continue
            alone = sum(other.identity == binding.identity for other in self._bindings) == 1
            key = binding.identity if alone else binding.key
            selector = None if binding.selector == key.name else binding.selector
            identity = ManagedIdentity(self._identities[binding.identity][0])
            self.collector.add_identity(PodIdentity(key, identity, selector), binding.reader.place)
        bound = {binding.identity for binding in self._bindings}
        for key, (_, place) in self._identities.items():
            if key not in bound:
                self.collector.notes.append(
                    f"{place}: AzureIdentity {key} is not applied, because no binding refers to it."
                )
        if self._bindings:
            self.collector.notes.append(NAMESPACED)

    def _read_identity(self, reader: NodeReader) -> None:
        key = reader.key("metadata", namespace=self.collector.namespace)
        kind = _number(reader.find("spec", "type"))
        if kind in _SERVICE_PRINCIPALS:
            self._unsupported.add(key)
            self.collector.notes.append(
                f"{reader.place}: AzureIdentity {key} is not applied, because it is {_SERVICE_PRINCIPALS[kind]}. The "
                "add-on supports managed identities only."
            )
            return
        if kind not in ("", "0"):
            reader.add_problem(f"spec.type {kind} is unknown; managed identities have type 0", "spec", "type")
        resource_id = reader.text("spec", "resourceID", check=check_managed_identity_id, required=True)
        if key not in self._identities:
            self._identities[key] = (resource_id, reader.place)
        elif all(key) and resource_id.lower() != self._identities[key][0].lower():
            reader.add_problem(f"AzureIdentity {key} is defined twice, first at {self._identities[key][1]}")

    def _read_binding(self, reader: NodeReader) -> None:
        key = reader.key("metadata", namespace=self.collector.namespace)
        identity = reader.text("spec", "azureIdentity", check=check_name, required=True)
        selector = reader.text("spec", "selector", check=check_binding_selector, required=True)
        binding = _Binding(key, EntryKey(key.namespace, identity), selector, reader)
        if identity and key.namespace and binding not in self._bindings:
            self._bindings.append(binding)

    def _read_exception(self, reader: NodeReader) -> None:
        entry = PodIdentityException(
            reader.key("metadata", namespace=self.collector.namespace), reader.labels("spec", "podLabels")
        )
        if entry.key == SERVICE_EXCEPTION:
            self.collector.notes.append(f"{reader.place}: {entry.key} is managed by AKS, so it is not applied.")
        elif entry not in (known for known, _ in self.collector.exceptions.values()):
            self.collector.add_exception(entry, reader.place)


def _mappings(document: Document, items: list[Any]) -> Iterator[Document]:
    for index, item in enumerate(items):
        if isinstance(item, dict):
            yield document.inside("items", index)


def _number(value: Any) -> str:
    return value.text if isinstance(value, Unquoted) else "" if value is None else str(value)
