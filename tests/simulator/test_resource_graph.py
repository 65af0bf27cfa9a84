# SPDX-License-Identifier: MIT
"""Resource Graph queries over the clusters of several subscriptions."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from azure_simulator import AZURE_LIMITS, NO_LIMITS, Simulator
from azure_simulator.clock import ManualClock
from azure_simulator.resources.resourcegraph.query import QueryError, run
from tests.support.arm import CLUSTER, GROUP, Arm

CLUSTERS = "resources | where type =~ 'Microsoft.ContainerService/managedClusters'"
ENABLED = f"{CLUSTERS} and properties.podIdentityProfile.enabled == true"
ROWS: list[dict[str, Any]] = [
    {"id": "/1", "name": "One", "properties": {"state": "On", "count": 2, "flag": True}},
    {"id": "/2", "name": "two", "properties": {"state": "off", "count": 3, "flag": False}},
    {"id": "/3", "name": "three", "properties": {}},
]


def ask(arm: Arm, query: str, **body: Any) -> httpx.Response:
    body = {"query": query, **body}
    return arm.send("POST", "/providers/Microsoft.ResourceGraph/resources", body)


def names(arm: Arm, query: str = CLUSTERS, **body: Any) -> list[str]:
    return [row["name"] for row in ask(arm, query, **body).raise_for_status().json()["data"]]


class TestQuery:
    @pytest.mark.parametrize(
        ("steps", "found"),
        [
            ("", ["/1", "/2", "/3"]),
            ("| where name == 'One'", ["/1"]),
            ("| where name == 'one'", []),
            ("| where name =~ 'one'", ["/1"]),
            ("| where name !~ 'one'", ["/2", "/3"]),
            ('| where name in~ ("ONE", "TWO")', ["/1", "/2"]),
            ("| where name in ('ONE', 'two')", ["/2"]),
            ("| where properties.state =~ 'on' and properties.count == 2", ["/1"]),
            ("| where properties.flag == true", ["/1"]),
            ("| where tobool(properties.flag) == false", ["/2"]),
            ("| where not(properties.flag == true)", ["/2", "/3"]),
            ("| where isnotnull(properties.state)", ["/1", "/2"]),
            ("| where isempty(properties.state)", ["/3"]),
            ("| where name contains 'HRE'", ["/3"]),
            ("| where name startswith 't' | limit 1", ["/2"]),
            ("| where name == 'a | b'", []),
            ("| order by name asc", ["/1", "/3", "/2"]),
            ("| sort by id", ["/3", "/2", "/1"]),
            ("| take 2", ["/1", "/2"]),
        ],
    )
    def test_operators(self, steps: str, found: list[str]) -> None:
        assert [row["id"] for row in run(f"Resources {steps}", ROWS)] == found

    def test_columns_are_projected(self) -> None:
        rows = run("resources | project id, count = properties.count, properties.state | limit 1", ROWS)
        assert rows == [{"id": "/1", "count": 2, "properties_state": "On"}]

    @pytest.mark.parametrize(
        "query",
        [
            "",
            "where where",
            "clusters",
            "resources | where",
            "resources | where name = 'One'",
            "resources | where name == One",
            "resources | where name == 'One' or name == 'two'",
            "resources | extend a = b",
            "resources | project",
            "resources | summarize count()",
            "resources | limit many",
            "resources; drop",
        ],
    )
    def test_unsupported_query_is_refused(self, query: str) -> None:
        with pytest.raises(QueryError):
            run(query, ROWS)


class TestAnswer:
    def test_row_is_cluster_with_lower_case_type(self, arm: Arm, simulator: Simulator) -> None:
        simulator.seed.cluster("Group", CLUSTER)
        (row,) = ask(arm, ENABLED).json()["data"]
        assert (row["type"], row["resourceGroup"]) == ("microsoft.containerservice/managedclusters", "group")
        assert row["subscriptionId"] == simulator.subscription_id
        assert row["properties"]["podIdentityProfile"] == {"enabled": True}
        assert row["identity"]["type"] == "SystemAssigned"

    def test_filter_by_enabled_add_on(self, arm: Arm, simulator: Simulator) -> None:
        simulator.seed.cluster(GROUP, "with")
        simulator.seed.cluster(GROUP, "without", pod_identity=False)
        assert names(arm, ENABLED) == ["with"]

    def test_subscriptions_option_ignores_unknown(self, arm: Arm, simulator: Simulator) -> None:
        second = simulator.second_subscription_id
        simulator.seed.cluster(GROUP, "first")
        simulator.seed.cluster(GROUP, "second", subscription_id=second)
        assert sorted(names(arm)) == ["first", "second"]
        assert names(arm, subscriptions=[second.upper(), "00000000-0000-0000-0000-000000000000"]) == ["second"]
        refused = ask(arm, CLUSTERS, subscriptions=["00000000-0000-0000-0000-000000000000"])
        assert refused.status_code == 400
        assert refused.json()["error"]["details"][0]["code"] == "NoValidSubscriptionsInQueryRequest"

    def test_paging(self, arm: Arm, simulator: Simulator) -> None:
        expected = [f"cluster{number}" for number in range(5)]
        for name in expected:
            simulator.seed.cluster(GROUP, name)
        options: dict[str, Any] = {"$top": 2}
        found, sizes = [], []
        while True:
            page = ask(arm, CLUSTERS, options=options).json()
            assert page["totalRecords"] == 5
            found += [row["name"] for row in page["data"]]
            sizes.append(page["count"])
            if "$skipToken" not in page:
                break
            options["$skipToken"] = page["$skipToken"]
        assert (found, sizes) == (expected, [2, 2, 1])

    def test_rows_without_id_are_truncated(self, arm: Arm, simulator: Simulator) -> None:
        for name in ("a", "b"):
            simulator.seed.cluster(GROUP, name)
        page = ask(arm, f"{CLUSTERS} | project name", options={"$top": 1}).json()
        assert (page["resultTruncated"], "$skipToken" in page) == ("true", False)

    def test_graph_lag(self, arm: Arm, simulator: Simulator) -> None:
        simulator.settings.graph_lag = 60
        simulator.seed.cluster(GROUP, "old")
        assert names(arm) == ["old"]
        simulator.seed.cluster(GROUP, "new")
        assert names(arm) == ["old"]
        arm.clock.advance(60)
        assert names(arm) == ["old", "new"]

    def test_sixteenth_query_is_throttled(self, arm: Arm, simulator: Simulator) -> None:
        simulator.limits = AZURE_LIMITS
        assert [ask(arm, CLUSTERS).status_code for _ in range(16)] == [200] * 15 + [429]
        refused = ask(arm, CLUSTERS)
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["error"]["code"] == "RateLimiting"
        arm.clock.advance(5)
        assert ask(arm, CLUSTERS).status_code == 200


def test_many_clusters_in_twelve_subscriptions() -> None:
    started = time.process_time()
    clock = ManualClock()
    with Simulator(clock=clock, limits=NO_LIMITS, subscription_count=12) as simulator:
        arm = Arm(simulator, clock)
        assert len(set(simulator.subscription_ids)) == 12
        for subscription in simulator.subscription_ids:
            for number in range(100):
                simulator.seed.cluster(GROUP, f"cluster{number}", subscription_id=subscription)
        page = ask(arm, CLUSTERS, options={"$top": 1000}).json()
        assert (page["totalRecords"], page["count"]) == (1200, 1000)
        listed = arm.get("/subscriptions").json()["value"]
        assert [each["subscriptionId"] for each in listed] == list(simulator.subscription_ids)
        assert simulator.cluster(GROUP, "cluster5", simulator.subscription_ids[7])["name"] == "cluster5"
        arm.close()
    assert time.process_time() - started < 30
