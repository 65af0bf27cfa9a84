# SPDX-License-Identifier: MIT
"""`az aks pod-identity check --all-clusters`: one list of findings, with few requests."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from azure_simulator import Fault, Simulator
from tests.support.azure_cli import AzureCli, Result, signal_at
from tests.support.cluster_state import pod_identity, principal_id
from tests.support.faults import forbidden

CHECK = "aks pod-identity check --all-clusters"
ENTRIES = 6


def seed_fleet(simulator: Simulator, clusters: int, entries: int = ENTRIES) -> None:
    """Clusters with healthy entries, in both subscriptions by turns."""
    for number in range(clusters):
        subscription = simulator.subscription_ids[number % 2]
        group = f"group{number}"
        identities = [
            simulator.seed.managed_identity(group, f"id{number}-{index}", subscription_id=subscription)
            for index in range(entries)
        ]
        profile = {
            "enabled": True,
            "userAssignedIdentities": [pod_identity(each, each["name"]) for each in identities],
        }
        cluster = simulator.seed.cluster(group, f"c{number}", subscription_id=subscription, pod_identity=profile)
        for each in identities:
            simulator.seed.role_assignment(each["id"], principal_id(cluster))


@pytest.fixture
def fleet(simulator: Simulator) -> Simulator:
    seed_fleet(simulator, 4)
    return simulator


def problems(result: Result) -> list[tuple[str, str]]:
    """The check and the cluster of each finding that is not about the deprecation."""
    found: list[dict[str, Any]] = result.json
    return [(each["check"], each["cluster"]) for each in found if each["check"] != "deprecation"]


def test_requests_are_shared(az: AzureCli, fleet: Simulator) -> None:
    result = az(CHECK).ok()
    assert [each["cluster"] for each in result.json] == ["c0", "c2", "c1", "c3"]
    assert problems(result) == []
    paths = [each.path for each in fleet.requests.all()]
    # The query, each cluster, and per subscription its identities, assignments, feature and provider.
    assert len(paths) == 1 + 4 + 2 * 4, paths
    assert result.stderr.count("Checking clusters: ") == 4


def test_what_is_wrong_with_each_cluster_is_in_one_list(az: AzureCli, fleet: Simulator, tmp_path: Path) -> None:
    broken = fleet.cluster("group2", "c2")["properties"]["podIdentityProfile"]["userAssignedIdentities"][0]
    fleet.remove_role_assignments(broken["identity"]["resourceId"])
    fleet.faults.add(forbidden("GET", "/managedClusters/c1$"))
    report = tmp_path / "report.md"
    result = az(f"{CHECK} --report {report}")
    assert result.exit_code == 4
    assert problems(result) == [("managed-identity-role", "c2"), ("cluster-unreadable", "c1")]
    assert "Partial result: 1 cluster could not be checked." in result.stderr
    assert "| c2 | group2 |" in report.read_text("utf-8")
    fleet.requests.clear()
    assert az(f"{CHECK} --fail-on error").exit_code == 1
    assert len(fleet.requests.all()) <= 6 * 4


def test_the_table_has_a_cluster_column(az: AzureCli, fleet: Simulator) -> None:
    gone = fleet.cluster("group0", "c0")["properties"]["podIdentityProfile"]["userAssignedIdentities"][0]
    fleet.remove_managed_identity(gone["identity"]["resourceId"])
    shown = az(f"{CHECK} --subscription {fleet.subscription_id} -o table").ok().stdout
    assert shown.startswith("Cluster ")
    assert "Suggested commands:\n\n# error: c0: " in shown
    assert max(map(len, shown.partition("Suggested")[0].splitlines())) <= 100


def test_a_cluster_that_was_deleted_meanwhile_is_a_row(az: AzureCli, fleet: Simulator) -> None:
    fleet.settings.graph_lag = 1e12
    az("aks pod-identity list-clusters").ok()
    fleet.faults.add(
        Fault("GET", "/managedClusters/c3$", status=404, code="ResourceNotFound", message="It was not found.")
    )
    result = az(CHECK)
    assert result.exit_code == 4
    assert problems(result) == [("cluster-unreadable", "c3")]


def test_after_ctrl_c_what_was_checked_is_shown_and_the_rest_is_named(az: AzureCli, fleet: Simulator) -> None:
    result = signal_at(az, fleet, f"{CHECK} --parallel 1", "GET", "/managedClusters/c2$", signal.SIGINT, answer=False)
    assert result.exit_code == 4, result.stderr
    assert problems(result) == [("cluster-unreadable", name) for name in ("c2", "c1", "c3")]
    assert [each["cluster"] for each in result.json if each["check"] == "deprecation"] == ["c0"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--all-clusters --cluster-name a", "--all-clusters and --cluster-name cannot be used together."),
        ("--all-clusters -g rg", "--all-clusters and --resource-group cannot be used together."),
        ("--all-clusters --parallel 0", "--parallel must be between 1 and 32."),
        ("--all-clusters --timeout 0", "--timeout must be at least 1 second."),
        ("-g rg --cluster-name a --report x.md", "--report requires --all-clusters."),
        ("--all-clusters --report /nowhere/at/all.md", "does not exist."),
    ],
)
def test_options_that_do_not_go_together(az: AzureCli, options: str, words: str) -> None:
    assert words in az(f"aks pod-identity check {options}").failed()
