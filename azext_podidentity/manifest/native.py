"""The file format of this extension, as `schema.json` has it → entries."""

from __future__ import annotations

from collections.abc import Iterator

from azext_podidentity.manifest.collector import Found
from azext_podidentity.manifest.reader import Reader
from azext_podidentity.manifest.schema import check_schema
from azext_podidentity.manifest.source import Document
from azext_podidentity.profile.entries import ManagedIdentity, PodIdentity, PodIdentityException
from azext_podidentity.profile.entry_types import EXCEPTION, SERVICE_EXCEPTION
from azext_podidentity.profile.validation import check_binding_selector, check_managed_identity_id, managed_identity_id


def read_own(document: Document, found: Found, subscription: str) -> None:
    """Adds the document's entries to `found`; `subscription` is that of managed identities that name none."""
    check_schema(document, found.problems)
    for part in _parts(document, "podIdentities"):
        reader = Reader(part, found.problems)
        identity = ManagedIdentity(_resource_id(reader, subscription))
        selector = reader.text("bindingSelector", check=check_binding_selector)
        found.add_identity(PodIdentity(reader.key(), identity, selector or None), reader.place)
    for part in _parts(document, "exceptions"):
        reader = Reader(part, found.problems)
        entry = PodIdentityException(reader.key(), reader.labels("podLabels"))
        if entry.key == SERVICE_EXCEPTION:
            reader.wrong(f"{EXCEPTION.name(entry.key)} belongs to the service: leave it out")
        found.add_exception(entry, reader.place)


def _parts(document: Document, key: str) -> Iterator[Document]:
    """The mappings in the list under that key."""
    entries = document.value.get(key)
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield document.inside(key, index)


def _resource_id(reader: Reader, subscription: str) -> str:
    """The resource id that is there, or the one of the name and resource group that are."""
    if resource_id := reader.text("identity", "resourceId", check=check_managed_identity_id):
        return resource_id
    name, group = reader.text("identity", "name"), reader.text("identity", "resourceGroup")
    if not name or not group:
        return ""
    resource_id = managed_identity_id(reader.text("identity", "subscription") or subscription, group, name)
    reader.obey(check_managed_identity_id, resource_id, "identity")
    return resource_id
