"""What `--output table` shows: one row an entry, in the cluster's order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def pod_identities_table(cluster: Mapping[str, Any]) -> list[dict[str, str]]:
    """Rows of the pod identities of a managed cluster (its JSON as az prints it)."""
    return [
        {
            "Namespace": entry.get("namespace") or "",
            "Name": entry.get("name") or "",
            "BindingSelector": entry.get("bindingSelector") or entry.get("name") or "",
            "ManagedIdentity": ((entry.get("identity") or {}).get("resourceId") or "").rpartition("/")[2],
            "ProvisioningState": entry.get("provisioningState") or "",
        }
        for entry in _profile(cluster).get("userAssignedIdentities") or ()
    ]


def exceptions_table(cluster: Mapping[str, Any]) -> list[dict[str, str]]:
    """Rows of the pod identity exceptions of a managed cluster (its JSON as az prints it)."""
    return [
        {
            "Namespace": entry.get("namespace") or "",
            "Name": entry.get("name") or "",
            "PodLabels": ", ".join(f"{key}={value}" for key, value in (entry.get("podLabels") or {}).items()),
        }
        for entry in _profile(cluster).get("userAssignedIdentityExceptions") or ()
    ]


def _profile(cluster: Mapping[str, Any]) -> Mapping[str, Any]:
    return cluster.get("podIdentityProfile") or {}
