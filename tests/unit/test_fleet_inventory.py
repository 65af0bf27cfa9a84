# SPDX-License-Identifier: MIT
"""The rows and the table of `list-clusters`."""

from __future__ import annotations

from typing import Any

from tabulate import tabulate  # type: ignore[import-untyped]

from azext_podidentity._format_fleet import clusters_table
from azext_podidentity.fleet.inventory import Inventory
from tests.support.fleet import IDENTITY, SUBSCRIPTION, inventory_of, raw_cluster


def user_assigned(name: str) -> dict[str, Any]:
    return {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY + name: {"principalId": f"object of {name}"}}}


def entry(name: str, state: str = "Assigned") -> dict[str, Any]:
    return {"namespace": "a", "name": name, "identity": {"resourceId": IDENTITY + name}, "provisioningState": state}


def test_row_of_cluster() -> None:
    profile = {
        "enabled": True,
        "allowNetworkPluginKubenet": True,
        "userAssignedIdentities": [entry("one"), entry("two", "Failed"), None],
        "userAssignedIdentityExceptions": [{"namespace": "a", "name": "x", "podLabels": None}],
    }
    properties = {
        "podIdentityProfile": profile,
        "networkProfile": {"networkPlugin": "kubenet"},
        "kubernetesVersion": "1.30",
        "currentKubernetesVersion": "1.30.4",
        "oidcIssuerProfile": {"enabled": True},
        "securityProfile": {"workloadIdentity": {"enabled": False}},
    }
    (row,) = inventory_of(raw_cluster("one", properties=properties, identity=user_assigned("cp"))).rows()
    assert row == {
        "id": raw_cluster("one")["id"],
        "name": "one",
        "resourceGroup": "rg",
        "subscriptionId": SUBSCRIPTION,
        "subscription": "Production",
        "location": "eastus",
        "kubernetesVersion": "1.30.4",
        "networkPlugin": "kubenet",
        "allowNetworkPluginKubenet": True,
        "enabled": True,
        "podIdentities": 2,
        "exceptions": 1,
        "failed": 1,
        "oidcIssuer": True,
        "workloadIdentity": False,
        "clusterIdentity": {
            "type": "UserAssigned",
            "principalId": "object of cp",
            "resourceId": f"{IDENTITY}cp",
            "sharedWith": [],
        },
    }


def test_shared_cluster_identity_includes_disabled_clusters() -> None:
    off = raw_cluster("off", properties={"podIdentityProfile": None}, identity=user_assigned("CP"))
    found = inventory_of(
        raw_cluster("one", identity=user_assigned("cp")), off, raw_cluster("alone", identity=user_assigned("other"))
    )
    shared = {row["name"]: row["clusterIdentity"]["sharedWith"] for row in found.rows()}
    assert shared == {"one": [off["id"]], "alone": []}


def test_rows_are_sorted_and_unique() -> None:
    found = inventory_of(
        raw_cluster("b"),
        raw_cluster("a", subscription="z"),
        raw_cluster("c", group="A"),
        raw_cluster("b"),
        raw_cluster("off", properties={"podIdentityProfile": {}}),
    )
    assert [row["name"] for row in found.rows()] == ["c", "b", "a"]
    assert [row["name"] for row in found.rows(include_disabled=True)] == ["c", "b", "off", "a"]
    assert found.summary() == (
        "The add-on is enabled on 3 of 4 clusters in 2 subscriptions: 0 pod identities (0 Failed), 0 exceptions."
    )


def test_service_principal_cluster_identity() -> None:
    (row,) = inventory_of(raw_cluster("one")).rows()
    assert row["clusterIdentity"]["type"] == "ServicePrincipal"


def test_table_width_with_longest_names() -> None:
    entries = [entry(f"entry{number}", "Failed") for number in range(200)]
    properties = {
        "podIdentityProfile": {"enabled": True, "allowNetworkPluginKubenet": True, "userAssignedIdentities": entries},
        "networkProfile": {"networkPlugin": "kubenet"},
        "currentKubernetesVersion": "1.30.100",
    }
    long = [
        raw_cluster(
            f"{number}" * 63,
            group="g" * 90,
            location="southcentraluseuap",
            properties=properties,
            identity=user_assigned("i" * 128),
        )
        for number in range(3)
    ]
    rows = clusters_table(Inventory.of(long, {SUBSCRIPTION: "s" * 64}).rows())
    printed = tabulate(rows, headers="keys", tablefmt="simple")
    assert max(map(len, printed.splitlines())) <= 160
    assert rows[0]["Entries"] == "200+0\n200 Failed"
    assert rows[0]["Identity"].replace("\n", "").endswith("(+2)")
    assert rows[0]["Network"] == "kubenet (ok)"
