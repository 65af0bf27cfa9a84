# SPDX-License-Identifier: MIT
"""The clusters that a manifest selects, and the report on them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from azext_podidentity._format import difference_table
from azext_podidentity.fleet.apply_results import (
    CHANGED,
    FAILED,
    WOULD_CHANGE,
    ClusterResult,
    apply_report,
    patch_report,
    select,
    summary,
)
from azext_podidentity.manifest.apply_plan import ApplyManifest, ApplyPlan
from azext_podidentity.manifest.parser import Manifest, parse_manifest
from azext_podidentity.manifest.selector import ClusterSelector
from tests.support.fleet import SUBSCRIPTION, fleet_cluster

ONE = fleet_cluster(
    "prod-one",
    group="Group",
    tags={"Team": "a", "env": "prod"},
    identity={"type": "SystemAssigned", "principalId": "p"},
)
TWO = fleet_cluster("test-two", group="other")


def manifest(*names: str) -> Manifest:
    entries = "".join(
        f"- {{namespace: a, name: {name}, identity: {{name: {name}, resourceGroup: rg}}}}\n" for name in names
    )
    text = f"version: 1\npodIdentities:\n{entries}" if names else "version: 1\n"
    return parse_manifest([("file", text.encode())], SUBSCRIPTION)


def plan(*names: str) -> ApplyPlan:
    return ApplyPlan.create(ApplyManifest(manifest(*names), {}), ONE.cluster)


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ({"name": "*"}, ["prod-one", "test-two"]),
        ({"name": "PROD-*"}, ["prod-one"]),
        ({"name": "test-tw?"}, ["test-two"]),
        ({"name": "[pt]*"}, []),
        ({"resource_group": "group"}, ["prod-one"]),
        ({"subscription": "production"}, ["prod-one", "test-two"]),
        ({"subscription": SUBSCRIPTION}, ["prod-one", "test-two"]),
        ({"subscription": "other"}, []),
        ({"tags": {"team": "a", "ENV": "prod"}}, ["prod-one"]),
        ({"tags": {"team": "A"}}, []),
        ({"name": "test-*", "tags": {"team": "a"}}, []),
    ],
)
def test_selector_requires_all_fields(selector: Mapping[str, object], selected: list[str]) -> None:
    found = select([ONE, TWO], [ClusterSelector(**selector)])  # type: ignore[arg-type]
    assert [each.name for each in found] == selected


def test_selectors_of_all_files_are_combined() -> None:
    texts = ["clusters: [{name: prod-one}]", "clusters: [{resourceGroup: other, tags: {a: b}}, {name: t*}]"]
    files = [(f"file{number}", f"version: 1\n{text}\n".encode()) for number, text in enumerate(texts)]
    parsed = parse_manifest(files, SUBSCRIPTION)
    assert len(parsed.clusters) == 3
    assert len(select([ONE, TWO], parsed.clusters)) == 2


def test_report_groups_clusters_with_equal_changes() -> None:
    error = ClusterResult(fleet_cluster("broken"), FAILED, error="(Forbidden) No.", steps=("Ask.",))
    results = [ClusterResult(ONE, WOULD_CHANGE, plan("x")), ClusterResult(TWO, WOULD_CHANGE, plan("x")), error]
    report = apply_report(results)
    assert summary(results) == "3 clusters: 2 would change, 1 failed."
    assert "| prod-one | Production | WouldChange | 1 | 0 | 0 | 0 |  |\n" in report
    assert "| broken | Production | Failed | 0 | 0 | 0 | 0 | (Forbidden) No. |\n" in report
    assert report.count("```diff") == 1
    assert "## `prod-one`, `test-two`\n\n```diff\n--- a/prod-one.yaml\n+++ b/prod-one.yaml\n" in report
    assert "\n+- namespace: a\n+  name: x\n" in report
    assert error.to_json()["recommendation"] == "Ask."


def test_patch_is_independent_of_file_order() -> None:
    assert patch_report(plan("x", "y"), "c") == patch_report(plan("y", "x"), "c")
    assert "```diff" in patch_report(plan("x"), "c")
    assert "```diff" not in patch_report(plan(), "c")


def test_table_has_row_per_cluster() -> None:
    rows = difference_table([ClusterResult(ONE, CHANGED, plan("x")).to_json()], 100)
    assert rows == [
        {
            "Cluster": "prod-one",
            "State": "Changed",
            "Added": "1",
            "Changed": "0",
            "Removed": "0",
            "Unchanged": "0",
            "Error": "",
        }
    ]
