"""A cluster's pod identities → the text of a file meant for git."""

from __future__ import annotations

from typing import Any

import yaml

from azext_podidentity.profile.entries import Profile
from azext_podidentity.profile.kinds import SERVICE_EXCEPTION

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
        "podIdentities": [
            {
                "namespace": entry.key.namespace,
                "name": entry.key.name,
                **({"bindingSelector": entry.binding_selector} if entry.binding_selector else {}),
                "identity": {"resourceId": entry.identity.resource_id},
            }
            for entry in sorted(profile.identities, key=lambda entry: entry.key)
        ],
        "exceptions": [
            {
                "namespace": entry.key.namespace,
                "name": entry.key.name,
                "podLabels": dict(sorted(entry.pod_labels.items())),
            }
            for entry in sorted(profile.exceptions, key=lambda entry: entry.key)
            if entry.key != SERVICE_EXCEPTION
        ],
    }


def write(profile: Profile) -> str:
    """The text of the file, ASCII whatever the names are; the same for the same entries in any order."""
    document = document_of(profile)
    parts = (
        (_HEADER, "version"),
        (_IDENTITIES, "podIdentities"),
        (_EXCEPTIONS, "exceptions"),
    )
    return "".join(comment + _yaml({key: document[key]}) for comment, key in parts)


def _yaml(value: dict[str, Any]) -> str:
    return str(yaml.safe_dump(value, sort_keys=False, default_flow_style=False, width=1000))
