"""A cluster's pod identities → the text of a file meant for git."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from azext_podidentity.profile.entries import Entries, Entry, EntryKey, PodIdentity, PodIdentityException, Profile
from azext_podidentity.profile.entry_types import SERVICE_EXCEPTION

# Nothing in the text names the cluster it came from: applied to another cluster and exported there, it is the same.
_HEADER = """\
# Pod identities of an AKS cluster, in the order of namespaces and names. Make a cluster have them with:
#   az aks pod-identity apply --resource-group GROUP --cluster-name CLUSTER --file FILE
# --dry-run shows what would change; --prune also removes from the cluster what is not in the file.
"""
_IDENTITIES = """
# A pod in the namespace whose label aadpodidbinding is the bindingSelector gets the managed identity.
# Without bindingSelector the label must be the name.
"""
_EXCEPTIONS = """
# A pod in the namespace that has any one of the labels is left alone by the node agent.
"""


def document_of(profile: Profile) -> dict[str, Any]:
    """The JSON object of the file: what people decide and nothing that the service adds, entries sorted by key.

    The service's own exception is left out.
    """
    return {
        "version": 1,
        "podIdentities": [_identity(entry) for entry in _sorted(profile.identities)],
        "exceptions": [_exception(entry) for entry in _sorted(profile.exceptions) if entry.key != SERVICE_EXCEPTION],
    }


def write(profile: Profile) -> str:
    """The text of the file, ASCII whatever the names are; the same for the same entries in any order.

    A comment tells of each entry in state Failed.
    """
    document = document_of(profile)
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
    """The list in YAML, with a comment above each that failed, and why."""
    if not items:
        yield f"{key}: []\n"
        return
    yield f"{key}:\n"
    for item in items:
        reason = failed.get(EntryKey(item["namespace"], item["name"]))
        if reason is not None:
            yield f"# In state Failed, tried again when applied: {_one_line(reason)}\n"
        yield _yaml([item])


def _one_line(text: str) -> str:
    return " ".join(text.split()).encode("unicode_escape").decode("ascii")


def _yaml(value: object) -> str:
    return str(yaml.safe_dump(value, sort_keys=False, default_flow_style=False, width=1000))
