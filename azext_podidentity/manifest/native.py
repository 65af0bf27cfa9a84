# SPDX-License-Identifier: MIT
"""Read the file format of this extension, which `schema.json` describes."""

from __future__ import annotations

from collections.abc import Iterator

from azext_podidentity.manifest.collector import EntryCollector
from azext_podidentity.manifest.node_reader import NodeReader
from azext_podidentity.manifest.schema import check_schema
from azext_podidentity.manifest.selector import ClusterSelector
from azext_podidentity.manifest.yaml_documents import Document
from azext_podidentity.profile.entries import ManagedIdentity, PodIdentity, PodIdentityException
from azext_podidentity.profile.entry_types import EXCEPTION, SERVICE_EXCEPTION
from azext_podidentity.profile.validation import check_binding_selector, check_managed_identity_id, managed_identity_id


def read_native(document: Document, collector: EntryCollector, subscription: str) -> None:
    """Add the entries of the document to the collector.

    `subscription`: the ID of the default subscription of managed identities.
    """
    if collector.namespace:
        _fill_namespace(document, collector.namespace)
    check_schema(document, collector.problems)
    for part in _parts(document, "clusters"):
        collector.clusters.append(_selector(NodeReader(part, collector.problems)))
    for part in _parts(document, "podIdentities"):
        reader = NodeReader(part, collector.problems)
        identity = ManagedIdentity(_resource_id(reader, subscription))
        selector = reader.text("bindingSelector", check=check_binding_selector)
        collector.add_identity(PodIdentity(reader.key(), identity, selector or None), reader.place)
    for part in _parts(document, "exceptions"):
        reader = NodeReader(part, collector.problems)
        entry = PodIdentityException(reader.key(), reader.labels("podLabels"))
        if entry.key == SERVICE_EXCEPTION:
            reader.add_problem(f"{EXCEPTION.name(entry.key)} is managed by AKS; remove it from the manifest")
        collector.add_exception(entry, reader.place)


def _fill_namespace(document: Document, namespace: str) -> None:
    """Set the namespace of the entries that have none."""
    for part in (*_parts(document, "podIdentities"), *_parts(document, "exceptions")):
        part.value.setdefault("namespace", namespace)


def _parts(document: Document, key: str) -> Iterator[Document]:
    """Yield the mappings in the list with that key."""
    entries = document.value.get(key)
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield document.inside(key, index)


def _selector(reader: NodeReader) -> ClusterSelector:
    """Return the selector, and add a problem for an empty one, which would match every cluster."""
    name, group, subscription = (reader.text(key) for key in ("name", "resourceGroup", "subscription"))
    tags = reader.mapping("tags")
    if not (name or group or subscription or tags):
        reader.add_problem("a selector of clusters needs a name, resourceGroup, subscription or tags; name: '*' is all")
    return ClusterSelector(name or "*", group or "*", subscription or "*", tags)


def _resource_id(reader: NodeReader, subscription: str) -> str:
    """Return the resource ID, either as given or built from name and resource group."""
    if resource_id := reader.text("identity", "resourceId", check=check_managed_identity_id):
        return resource_id
    name, group = reader.text("identity", "name"), reader.text("identity", "resourceGroup")
    if not name or not group:
        return ""
    resource_id = managed_identity_id(reader.text("identity", "subscription") or subscription, group, name)
    reader.validate(check_managed_identity_id, resource_id, "identity")
    return resource_id
