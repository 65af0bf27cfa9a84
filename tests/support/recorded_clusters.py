# SPDX-License-Identifier: MIT
"""Clusters of real recorded exchanges, if the recordings are beside the checkout."""

from __future__ import annotations

import json
from typing import Any

import pytest

from azure_simulator import Simulator
from development.paths import ROOT
from tests.support.azure_cli import CLUSTER, GROUP

FOLDER = ROOT.parent / "shared" / "arm-examples"
_NO_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
without_recordings = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the recorded exchanges are not beside this checkout"
)


def recorded_clusters() -> dict[str, Any]:
    """Return the body of every recorded GET of an idle cluster with a managed identity, by file name."""
    clusters: dict[str, Any] = {}
    for path in sorted(FOLDER.glob("*get-200*.json")):
        body = json.loads(path.read_text("utf-8"))["response"]["body"]
        if _is_idle_cluster(body):
            clusters[path.stem] = body
    return clusters


def seed_recorded(simulator: Simulator, body: Any) -> None:
    """Seed a recorded cluster in the simulator's subscription, with fields of a future API version at every level.

    Its cluster identities are created. Its recorded pod identities, whose managed identities are missing, are removed.
    """
    body = json.loads(json.dumps(body).replace(_NO_SUBSCRIPTION, simulator.subscription_id))
    assigned = body["identity"].get("userAssignedIdentities") or {}
    for resource_id in assigned:
        segments = resource_id.split("/")
        simulator.seed.managed_identity(segments[4], segments[-1])
    properties = body["properties"]
    properties.get("podIdentityProfile", {}).pop("userAssignedIdentities", None)
    properties["futureProfile"] = {"enabled": True, "nothing": None}
    properties.setdefault("networkProfile", {})["futureSetting"] = ["a", 1]
    for pool in properties.get("agentPoolProfiles") or ():
        pool["futureSetting"] = {"b": {}}
    simulator.seed.cluster(GROUP, CLUSTER, body=body)
    simulator.requests.clear()


def _is_idle_cluster(body: Any) -> bool:
    return (
        isinstance(body, dict)
        and str(body.get("type")).lower() == "microsoft.containerservice/managedclusters"
        and body.get("properties", {}).get("provisioningState") == "Succeeded"
        and bool(body.get("identity"))
    )
