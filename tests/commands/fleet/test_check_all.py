# SPDX-License-Identifier: MIT
"""Test `az aks pod-identity check --all-clusters`: one list of findings, with few requests."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from azext_podidentity.profile.net_raw_policy import DEFINITION
from azure_simulator import Fault, Simulator
from tests.support.azure_cli import AzureCli, Result, signal_at
from tests.support.cluster_state import pod_identity, principal_id
from tests.support.faults import FORBIDDEN, forbidden
from tests.support.workload_manifests import ENABLED

CHECK = "aks pod-identity check --all-clusters"
BUILTIN = f"/providers/Microsoft.Authorization/policyDefinitions/{DEFINITION}"
INITIATIVE = "/providers/Microsoft.Authorization/policySetDefinitions/baseline"
ADD_ON: dict[str, Any] = {"addonProfiles": {"azurepolicy": {"enabled": True}}}
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


def test_problems_of_all_clusters_in_one_list(az: AzureCli, fleet: Simulator, tmp_path: Path) -> None:
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


def test_table_has_cluster_column(az: AzureCli, fleet: Simulator) -> None:
    gone = fleet.cluster("group0", "c0")["properties"]["podIdentityProfile"]["userAssignedIdentities"][0]
    fleet.remove_managed_identity(gone["identity"]["resourceId"])
    shown = az(f"{CHECK} --subscription {fleet.subscription_id} -o table").ok().stdout
    assert shown.startswith("Cluster ")
    assert "Suggested commands:\n\n# error: c0: " in shown
    assert max(map(len, shown.partition("Suggested")[0].splitlines())) <= 100


def test_cluster_deleted_meanwhile(az: AzureCli, fleet: Simulator) -> None:
    fleet.settings.graph_lag = 1e12
    az("aks pod-identity list-clusters").ok()
    fleet.faults.add(
        Fault("GET", "/managedClusters/c3$", status=404, code="ResourceNotFound", message="It was not found.")
    )
    result = az(CHECK)
    assert result.exit_code == 4
    assert problems(result) == [("cluster-unreadable", "c3")]


def test_interrupt_shows_checked_and_names_rest(az: AzureCli, fleet: Simulator) -> None:
    result = signal_at(az, fleet, f"{CHECK} --parallel 1", "GET", "/managedClusters/c2$", signal.SIGINT, answer=False)
    assert result.exit_code == 4, result.stderr
    assert problems(result) == [("cluster-unreadable", name) for name in ("c2", "c1", "c3")]
    assert [each["cluster"] for each in result.json if each["check"] == "deprecation"] == ["c0"]


def test_policies_are_listed_once_per_subscription(az: AzureCli, simulator: Simulator) -> None:
    group, subscription = "rg", simulator.subscription_id
    clusters = [simulator.seed.cluster(group, name, network_plugin="kubenet", **ADD_ON) for name in ("k0", "k1", "k2")]
    passed = {"effect": {"value": "Deny"}, "requiredDropCapabilities": {"value": ["NET_RAW"]}}
    uses = [{"policyDefinitionId": BUILTIN, "parameters": passed}]
    simulator.seed.policy_definition(INITIATIVE, policyDefinitions=uses, parameters={})
    simulator.seed.policy_assignment(clusters[0]["id"], "of-one", BUILTIN, {"effect": "Audit"})
    risks = [each for each in az(CHECK).ok().json if each["check"] == "net-raw-policy"]
    assert {each["severity"] for each in risks} == {"warning"}
    scope = f"/subscriptions/{subscription}"
    simulator.seed.policy_assignment(scope, "baseline", INITIATIVE, {})
    simulator.requests.clear()

    risks = [each for each in az(CHECK).ok().json if each["check"] == "net-raw-policy"]

    assert {(each["cluster"], each["severity"]) for each in risks} == {("k0", "info"), ("k1", "info"), ("k2", "info")}
    assert len(simulator.requests.matching("GET", "/policyAssignments$")) == 1
    assert len(simulator.requests.matching("GET", "/policySetDefinitions/")) == 1


def test_policies_unreadable(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster("rg", "k0", network_plugin="kubenet", **ADD_ON)
    simulator.faults.add(forbidden("GET", "policyAssignments$"))
    (risk,) = [each for each in az(CHECK).ok().json if each["check"] == "net-raw-policy"]
    assert (risk["severity"], FORBIDDEN in risk["message"]) == ("warning", True)


def test_bindings_listed_only_for_capable_clusters(az: AzureCli, fleet: Simulator) -> None:
    bound = fleet.seed.managed_identity("group0", "bound")
    fleet.seed.cluster("group9", "c9", **ENABLED)
    fleet.seed.identity_binding("group9", "c9", "gone", bound["id"])
    fleet.remove_managed_identity(bound["id"])
    fleet.requests.clear()

    assert problems(az(CHECK).ok()) == [("identity-binding-identity", "c9")]

    assert [each.path.split("/")[8] for each in fleet.requests.matching("GET", "/identityBindings$")] == ["c9"]
    assert fleet.requests.matching("GET", "/federatedIdentityCredentials$") == []
    fleet.faults.add(forbidden("GET", "/identityBindings$"))
    assert problems(az(CHECK).ok()) == [("identity-binding-unreadable", "c9")]


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
def test_incompatible_options(az: AzureCli, options: str, words: str) -> None:
    assert words in az(f"aks pod-identity check {options}").failed()
