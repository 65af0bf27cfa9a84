# SPDX-License-Identifier: MIT
"""Parse the AzureIdentity and AzureIdentityBinding objects of a cluster, which assign managed identities to pods.

The add-on creates them from its pod identities; others are created manually or belong to the open-source controller.
The node agent uses all of them. https://azure.github.io/aad-pod-identity/docs/concepts/azureidentitybinding/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from azext_podidentity.migration.json_values import mapping, text
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, PodIdentity
from azext_podidentity.profile.validation import is_managed_identity_id

IDENTITY, BINDING = "AzureIdentity", "AzureIdentityBinding"
GROUP = "aadpodidentity.k8s.io"
_MANAGED_IDENTITY = ("0", "")


def is_azure_identity(raw: Mapping[str, Any]) -> bool:
    """Return whether the object is an AzureIdentity or AzureIdentityBinding."""
    return raw.get("kind") in (IDENTITY, BINDING) and str(raw.get("apiVersion")).startswith(f"{GROUP}/")


def pod_identities(objects: Iterable[tuple[EntryKey, Mapping[str, Any]]]) -> tuple[PodIdentity, ...]:
    """Return a pod identity for each AzureIdentityBinding whose AzureIdentity is a user-assigned managed identity.

    `objects`: the key and the JSON of each object.
    """
    listed = list(objects)
    identities = {key: spec_of(raw) for key, raw in listed if raw.get("kind") == IDENTITY}
    found = []
    for key, raw in listed:
        spec = spec_of(raw)
        identity = identities.get(EntryKey(key.namespace, text(spec.get("azureidentity"))), {})
        resource_id = text(identity.get("resourceid"))
        is_managed = text(identity.get("type")) in _MANAGED_IDENTITY and is_managed_identity_id(resource_id)
        if raw.get("kind") == BINDING and is_managed and text(spec.get("selector")):
            managed = ManagedIdentity(resource_id, text(identity.get("clientid")) or None)
            found.append(PodIdentity(key, managed, text(spec.get("selector"))))
    return tuple(sorted(found, key=lambda entry: entry.key))


def spec_of(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the spec with its keys in lower case, because early versions wrote them with uppercase letters."""
    return {str(key).lower(): value for key, value in mapping(raw.get("spec")).items()}
