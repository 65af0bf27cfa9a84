# SPDX-License-Identifier: MIT
"""The migration state of clusters, and the credential limit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from azext_podidentity._format_migrate import migration_table
from azext_podidentity.fleet.migration_status import (
    IN_PROGRESS,
    NOT_STARTED,
    READY,
    UNKNOWN,
    ClusterMigration,
    migration_report,
    over_limit,
    summary,
)
from azext_podidentity.fleet.workload_progress import WorkloadProgress
from azext_podidentity.profile.entries import ManagedIdentity, NotFound, Unreadable
from azext_podidentity.profile.identity_bindings import IdentityBinding
from azext_podidentity.profile.workload_credentials import FederatedCredential, IdentityCredentials, IdentityLookup
from tests.support.fleet import fleet_cluster

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
ISSUER = "https://eastus.oic.prod-aks.azure.com/tenant/{}/"


def identity_id(name: str) -> str:
    return (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/"
        f"userAssignedIdentities/{name}"
    )


def lookup(name: str, *subjects: tuple[str, str]) -> IdentityLookup:
    """Return a managed identity that trusts service accounts (cluster, namespace)."""
    credentials = [
        FederatedCredential(f"c{number}", ISSUER.format(cluster), f"system:serviceaccount:{namespace}:account")
        for number, (cluster, namespace) in enumerate(subjects)
    ]
    return IdentityCredentials(ManagedIdentity(identity_id(name)), tuple(credentials))


def binding(name: str, state: str = "Succeeded") -> IdentityBinding:
    return IdentityBinding(f"{name}-binding", identity_id(name).upper(), state=state)


def migration(
    name: str,
    bound: dict[str, IdentityLookup],
    *bindings: IdentityBinding,
    issuer: bool = True,
    workload: bool = True,
) -> ClusterMigration:
    """Return a cluster with one entry per managed identity."""
    entries = [{"namespace": "a", "name": each, "identity": {"resourceId": identity_id(each)}} for each in bound]
    properties: dict[str, Any] = {
        "podIdentityProfile": {"enabled": True, "userAssignedIdentities": entries},
        "securityProfile": {"workloadIdentity": {"enabled": workload}},
        "oidcIssuerProfile": {"enabled": issuer, **({"issuerURL": ISSUER.format(name)} if issuer else {})},
    }
    cluster = fleet_cluster(name, properties=properties)
    return ClusterMigration(cluster, {identity_id(key).lower(): each for key, each in bound.items()}, bindings=bindings)


@pytest.mark.parametrize(
    ("cluster", "state"),
    [
        (migration("c", {"x": lookup("x")}, issuer=False, workload=False), NOT_STARTED),
        (migration("c", {"x": lookup("x")}, workload=False), IN_PROGRESS),
        (migration("c", {"x": lookup("x")}), IN_PROGRESS),
        (migration("c", {"x": lookup("x", ("other", "a"))}), IN_PROGRESS),
        (migration("c", {"x": lookup("x", ("c", "a")), "y": lookup("y")}), IN_PROGRESS),
        (migration("c", {"x": lookup("x", ("c", "a"))}, workload=False), IN_PROGRESS),
        (migration("c", {"x": lookup("x", ("c", "a"))}), READY),
        (migration("c", {"x": lookup("x", ("c", "a")), "gone": NotFound()}), READY),
        (migration("c", {}, issuer=False), READY),
        (migration("c", {"x": lookup("x")}, binding("x")), READY),
        (migration("c", {"x": lookup("x", ("c", "a")), "y": lookup("y")}, binding("y")), READY),
        (migration("c", {"x": lookup("x"), "y": lookup("y")}, binding("y")), IN_PROGRESS),
        (migration("c", {"x": lookup("x")}, binding("other")), IN_PROGRESS),
        (migration("c", {"x": lookup("x")}, binding("x", "Failed")), IN_PROGRESS),
        (migration("c", {"x": Unreadable("You may not.")}, binding("x")), UNKNOWN),
        (migration("c", {"x": Unreadable("You may not.")}), UNKNOWN),
        (ClusterMigration(fleet_cluster("c"), error="It hangs."), UNKNOWN),
    ],
)
def test_state_of_cluster(cluster: ClusterMigration, state: str) -> None:
    assert cluster.state == state
    assert (cluster.reason is not None) is (state == UNKNOWN)


@pytest.mark.parametrize(
    ("workloads", "state"),
    [
        (WorkloadProgress("context", ready=2), READY),
        (WorkloadProgress("context", ready=1, not_ready=1), IN_PROGRESS),
        (WorkloadProgress("context", reason="It hangs."), IN_PROGRESS),
        (WorkloadProgress(reason="No kubectl context matches the cluster."), IN_PROGRESS),
    ],
)
def test_state_with_workloads(workloads: WorkloadProgress, state: str) -> None:
    cluster = migration("c", {"x": lookup("x", ("c", "a"))})
    assert replace(cluster, workloads=workloads).state == state


@pytest.mark.parametrize(
    ("issuer", "audience"),
    [(ISSUER.format("c").rstrip("/"), "api://AzureADTokenExchange"), (ISSUER.format("c"), "api://other")],
)
def test_unusable_credential(issuer: str, audience: str) -> None:
    credential = FederatedCredential("c0", issuer, "system:serviceaccount:a:account", (audience,))
    found = migration("c", {"x": IdentityCredentials(ManagedIdentity(identity_id("x")), (credential,))})
    assert (found.state, found.with_credentials) == (IN_PROGRESS, 0)


def test_row_counts_credentials_and_entries() -> None:
    row = migration("c", {"x": lookup("x", ("c", "a")), "y": lookup("y")}, binding("x")).to_json()
    assert (row["oidcIssuer"], row["workloadIdentity"], row["state"]) == ("Enabled", "Enabled", IN_PROGRESS)
    assert (row["managedIdentities"], row["withCredentials"], row["withBindings"], row["podIdentities"]) == (2, 1, 1, 2)
    (shown,) = migration_table([row], 100)
    assert (shown["Credentials"], shown["Bindings"]) == ("1 of 2", "1 of 2")


@pytest.mark.parametrize(
    ("cluster", "expected"),
    [
        (migration("c", {"x": lookup("x")}), True),
        (migration("c", {"x": lookup("x", ("c", "a")), "y": lookup("y")}), True),
        (migration("c", {"x": lookup("x", ("c", "a")), "gone": NotFound()}), False),
        (migration("c", {"x": lookup("x")}, workload=False), False),
        (migration("c", {}), False),
    ],
)
def test_bindings_are_read_if_state_depends_on_bindings(cluster: ClusterMigration, expected: bool) -> None:
    assert cluster.depends_on_bindings is expected


def test_credential_limit_is_checked_in_advance() -> None:
    shared = lookup("x", *[("old", f"n{number}") for number in range(10)], ("c0", "a"))
    clusters = [migration(f"c{number}", {"x": shared}) for number in range(10)]
    assert over_limit(clusters) == []  # 11 exist, and 9 are missing
    (found,) = over_limit([*clusters, migration("c10", {"x": shared})])
    assert (found.existing, found.needed, len(found.clusters)) == (11, 21, 11)
    assert over_limit([*clusters, migration("c10", {"x": shared}, binding("x"))]) == []
    assert "bound on 11 clusters and would need at least 21 federated identity credentials (11 exist)" in str(found)


def test_report_has_row_per_cluster_and_limits() -> None:
    shared = lookup("x")
    clusters = [migration(f"c{number}", {"x": shared}) for number in range(21)]
    report = migration_report(clusters, 30, over_limit(clusters))
    assert summary(clusters, 30) == "The add-on is enabled on 21 of 30 clusters: 21 InProgress."
    assert summary([], 3) == "The add-on is enabled on 0 of 3 clusters."
    assert "| c20 | Production | InProgress | Enabled | Enabled | 0 of 1 | 0 of 1 | 1 |\n" in report
    assert "## Credential limit" in report
