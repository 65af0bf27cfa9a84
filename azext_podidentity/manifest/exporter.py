# SPDX-License-Identifier: MIT
"""Export the pod identities and exceptions of a cluster as a YAML manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from azext_podidentity.profile.entries import Entries, Entry, EntryKey, PodIdentity, PodIdentityException, Profile
from azext_podidentity.profile.entry_types import SERVICE_EXCEPTION
from azext_podidentity.profile.text import one_line

# The text does not contain the cluster's name, so that equal entries on two clusters give the same text.
_HEADER = """\
# Pod identities of an AKS cluster, sorted by namespace and name. To apply them to a cluster, run:
#   az aks pod-identity apply --resource-group GROUP --cluster-name CLUSTER --file FILE
# --dry-run shows the changes; --prune also removes entries that are not in the file.
"""
_IDENTITIES = """
# A pod in the namespace gets the managed identity if its label aadpodidbinding has the value of bindingSelector,
# or of name if there is no bindingSelector.
"""
_EXCEPTIONS = """
# The node agent does not intercept a pod in the namespace that has any of the labels.
"""


def to_document(profile: Profile) -> dict[str, Any]:
    """Return the content of the manifest: the fields that users set, entries sorted by key.

    The exception that the service manages is left out.
    """
    return {
        "version": 1,
        "podIdentities": [_identity(entry) for entry in _sorted(profile.identities)],
        "exceptions": [_exception(entry) for entry in _sorted(profile.exceptions) if entry.key != SERVICE_EXCEPTION],
    }


def to_yaml(profile: Profile) -> str:
    """Return the text of the manifest in ASCII; the same entries in any order give the same text.

    Each entry in state Failed has a comment with the reason.
    """
    document = to_document(profile)
    failed = {entry.key: entry.reason[1] for entry in profile.identities if entry.failed}
    parts = [_HEADER, _yaml({"version": document["version"]}), _IDENTITIES]
    parts += _list("podIdentities", document["podIdentities"], failed)
    parts += [_EXCEPTIONS, *_list("exceptions", document["exceptions"], {})]
    return "".join(parts)


def _sorted(entries: Entries[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: entry.key)


def _identity(entry: PodIdentity) -> dict[str, Any]:
    selector = {"bindingSelector": entry.binding_selector} if entry.binding_selector else {}
    namespace, name = entry.key
    return {"namespace": namespace, "name": name, **selector, "identity": {"resourceId": entry.identity.resource_id}}


def _exception(entry: PodIdentityException) -> dict[str, Any]:
    namespace, name = entry.key
    return {"namespace": namespace, "name": name, "podLabels": dict(sorted(entry.pod_labels.items()))}


def _list(key: str, items: list[dict[str, Any]], failed: Mapping[EntryKey, str]) -> Iterator[str]:
    """Yield the parts of a list in YAML, with a comment above each entry that failed."""
    if not items:
        yield f"{key}: []\n"
        return
    yield f"{key}:\n"
    for item in items:
        reason = failed.get(EntryKey(item["namespace"], item["name"]))
        if reason is not None:
            yield f"# In state Failed; applying the file retries it: {_one_line(reason)}\n"
        yield _yaml([item])


def _one_line(text: str) -> str:
    return one_line(text).encode("unicode_escape").decode("ascii")


def _yaml(value: object) -> str:
    return str(yaml.safe_dump(value, sort_keys=False, default_flow_style=False, width=1000))
