# SPDX-License-Identifier: MIT
"""Clusters of a fleet as JSON."""

from __future__ import annotations

from typing import Any

from azext_podidentity.fleet.inventory import FleetCluster, Inventory

SUBSCRIPTION = "00000000-0000-0000-0000-00000000000a"
IDENTITY = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/"


def raw_cluster(name: str, *, subscription: str = SUBSCRIPTION, group: str = "rg", **more: Any) -> dict[str, Any]:
    """Return the JSON of a cluster with the add-on enabled; `more` are its members."""
    resource_id = (
        f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerService/"
        f"managedClusters/{name}"
    )
    profile: dict[str, Any] = {"podIdentityProfile": {"enabled": True}}
    return {"id": resource_id, "location": "eastus", **more, "properties": {**profile, **more.get("properties", {})}}


def fleet_cluster(name: str, **more: Any) -> FleetCluster:
    """Return the cluster in the subscription 'Production'."""
    return FleetCluster.from_json(raw_cluster(name, **more), {SUBSCRIPTION: "Production"})


def inventory_of(*clusters: dict[str, Any]) -> Inventory:
    """Return the inventory of clusters in JSON."""
    return Inventory.of(clusters, {SUBSCRIPTION: "Production"})
