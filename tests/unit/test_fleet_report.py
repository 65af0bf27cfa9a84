# SPDX-License-Identifier: MIT
"""The findings of many clusters, in JSON and as a Markdown report."""

from __future__ import annotations

from azext_podidentity.checks.finding import Finding
from azext_podidentity.fleet.check_report import check_report
from azext_podidentity.fleet.findings import FleetFinding, counts, unreadable, worst_first
from azext_podidentity.fleet.markdown import cell, code_block
from tests.support.fleet import fleet_cluster, inventory_of, raw_cluster

ONE, TWO = fleet_cluster("one"), fleet_cluster("two")
FINDINGS = worst_first(
    [
        FleetFinding(ONE, Finding("info", "one", "It is deprecated.", check="deprecation")),
        FleetFinding(TWO, Finding("error", "a/b", "No | role.", ("az role create",), check="managed-identity-role")),
        unreadable(ONE, "(Forbidden) You\nmay not."),
    ]
)


def test_findings_name_cluster_and_sort_by_severity() -> None:
    assert FINDINGS[0].to_json() == {
        "severity": "error",
        "cluster": "two",
        "clusterId": TWO.id,
        "check": "managed-identity-role",
        "subject": "a/b",
        "message": "No | role.",
        "command": "az role create",
    }
    assert [(each.finding.severity, each.cluster.name) for each in FINDINGS] == [
        ("error", "two"),
        ("error", "one"),
        ("info", "one"),
    ]
    assert counts(each.finding for each in FINDINGS) == "2 error, 1 info"
    assert counts([]) == "no findings"


def test_report_with_counts_table_and_findings() -> None:
    report = check_report(inventory_of(raw_cluster("one"), raw_cluster("two")), FINDINGS)
    assert report == (
        "# Pod identities of all clusters\n\n"
        "The add-on is enabled on 2 of 2 clusters in 1 subscription: 0 pod identities (0 Failed), 0 exceptions.\n\n"
        "Findings: 2 error, 1 info.\n\n"
        "## Clusters\n\n"
        "| Cluster | Resource group | Subscription | Pod identities | Errors | Warnings | Info |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n"
        "| one | rg | Production | 0 | 1 | 0 | 1 |\n"
        "| two | rg | Production | 0 | 1 | 0 | 0 |\n\n"
        "## managed-identity-role\n\n"
        "| Severity | Cluster | Subject | Finding |\n"
        "| --- | --- | --- | --- |\n"
        "| error | two | a/b | No \\| role. |\n\n"
        "## cluster-unreadable\n\n"
        "| Severity | Cluster | Subject | Finding |\n"
        "| --- | --- | --- | --- |\n"
        "| error | one | one | (Forbidden) You may not. |\n\n"
        "## deprecation\n\n"
        "| Severity | Cluster | Subject | Finding |\n"
        "| --- | --- | --- | --- |\n"
        "| info | one | one | It is deprecated. |\n\n"
        "## Suggested commands\n\n"
        "```sh\n# error: two: a/b\naz role create\n```\n"
    )


def test_service_text_is_escaped_in_markdown() -> None:
    assert cell("<b>*x*</b> [a](b)\n\x1b") == r"&lt;b&gt;\*x\*&lt;/b&gt; \[a\](b) \\x1b"
    assert code_block("```\nx").startswith("````\n")
