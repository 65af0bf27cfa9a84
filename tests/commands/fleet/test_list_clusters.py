# SPDX-License-Identifier: MIT
"""Test `az aks pod-identity list-clusters` over all subscriptions, by one query or by lists."""

from __future__ import annotations

import pytest

from azure_simulator import Fault, Simulator
from tests.support.azure_cli import CLUSTER, GROUP, AzureCli
from tests.support.cluster_state import seed_entries
from tests.support.faults import forbidden

LIST = "aks pod-identity list-clusters"
GRAPH = "/Microsoft.ResourceGraph/"
LISTS = "/Microsoft.ContainerService/managedClusters$"


@pytest.fixture
def fleet(simulator: Simulator) -> Simulator:
    """Three clusters in two subscriptions; on one of them the add-on is disabled."""
    seed_entries(simulator, "app")
    simulator.seed.cluster(GROUP, "off", pod_identity=False)
    simulator.seed.cluster("other", "second", subscription_id=simulator.second_subscription_id)
    return simulator


def names(az: AzureCli, options: str = "") -> list[str]:
    return [row["name"] for row in az(f"{LIST} {options}").ok().json]


def test_one_query_for_all_subscriptions(az: AzureCli, fleet: Simulator) -> None:
    result = az(LIST).ok()
    assert {row["name"]: (row["podIdentities"], row["enabled"]) for row in result.json} == {
        CLUSTER: (1, True),
        "second": (0, True),
    }
    assert result.warnings == [
        "The add-on is enabled on 2 of 3 clusters in 2 subscriptions: 1 pod identity (0 Failed), 0 exceptions."
    ]
    assert [each.method for each in fleet.requests.all()] == ["POST"]


def test_limits_and_disabled_clusters(az: AzureCli, fleet: Simulator) -> None:
    assert names(az, "--include-disabled --subscriptions " + fleet.subscription_id) == [CLUSTER, "off"]
    assert names(az, "--subscription " + fleet.second_subscription_id) == ["second"]
    assert len(names(az, "--management-group platform")) == 2
    (query,) = [each.body for each in fleet.requests.matching("POST", GRAPH)][-1:]
    assert query["managementGroups"] == ["platform"]
    assert "az account list --refresh" in az(f"{LIST} --subscriptions nowhere").failed()
    assert "cannot be used together" in az(f"{LIST} --subscriptions a --management-group b").failed()


def test_ids_feed_other_commands(az: AzureCli, fleet: Simulator) -> None:
    ids = az(f'{LIST} --query "[].id" -o tsv').ok().stdout.split()
    shown = az(f"aks pod-identity check --ids {' '.join(ids)}").ok().json
    assert len(ids) == len(shown) == 2


def test_query_unavailable_lists_each_subscription(az: AzureCli, fleet: Simulator) -> None:
    rows = az(LIST).ok().json
    fleet.requests.clear()
    fleet.faults.add(forbidden("POST", GRAPH, times=2))
    result = az(LIST).ok()
    assert result.json == rows
    assert "Azure Resource Graph cannot be queried" in result.stderr
    assert len(fleet.requests.matching("GET", LISTS)) == len(fleet.subscription_ids)


def test_management_group_without_query(az: AzureCli, fleet: Simulator) -> None:
    rows = az(f"{LIST} --management-group platform").ok().json
    fleet.requests.clear()
    fleet.faults.add(forbidden("POST", GRAPH, times=3))
    result = az(f"{LIST} --management-group platform").ok()
    assert result.json == rows
    assert "Azure Resource Graph cannot be queried" in result.stderr
    assert len(fleet.requests.matching("GET", "/managementGroups/platform/descendants$")) == 2
    fleet.faults.add(forbidden("GET", LISTS))
    assert az(f"{LIST} --management-group platform").exit_code == 4
    fleet.faults.add(forbidden("GET", "/descendants$"))
    message = az(f"{LIST} --management-group platform").failed()
    assert "AuthorizationFailed" in message
    assert "its subscriptions with --subscriptions" in message


def test_unreadable_subscription(az: AzureCli, fleet: Simulator) -> None:
    fleet.faults.add(forbidden("POST", GRAPH))
    fleet.faults.add(forbidden("GET", f"{fleet.second_subscription_id}.*{LISTS}"))
    result = az(LIST)
    assert result.exit_code == 4
    assert [row["name"] for row in result.json] == [CLUSTER]
    assert f"({fleet.second_subscription_id}) cannot be read: " in result.stderr
    assert "Partial result: 1 subscription cannot be read." in result.stderr


def test_nothing_readable(az: AzureCli, fleet: Simulator) -> None:
    fleet.faults.add(forbidden("POST", GRAPH))
    fleet.faults.add(forbidden("GET", LISTS, times=2))
    message = az(LIST).failed()
    assert "AuthorizationFailed" in message
    assert "Ask an owner of that scope to grant a role" in message


@pytest.mark.parametrize("command", ["list-clusters", "check --all-clusters", "migrate --all-clusters"])
def test_no_cluster_at_all(az: AzureCli, simulator: Simulator, command: str) -> None:
    for output in ("json", "tsv", "table"):
        result = az(f"aks pod-identity {command} -o {output}").ok()
        assert result.stdout.strip() in ("", "[]")
        assert "The add-on is enabled on 0 of 0 clusters" in result.stderr
    simulator.faults.add(Fault("POST", GRAPH, status=429, code="TooManyRequests", message="Slow down.", times=2))
    assert az(f"aks pod-identity {command}").ok().json == []
