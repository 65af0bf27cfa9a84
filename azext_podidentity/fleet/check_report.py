# SPDX-License-Identifier: MIT
"""Create the Markdown report of the checks of many clusters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from azext_podidentity.checks.finding import SEVERITIES
from azext_podidentity.fleet.findings import FleetFinding, counts, suggested_commands
from azext_podidentity.fleet.inventory import Inventory
from azext_podidentity.fleet.markdown import code_block, table


def check_report(inventory: Inventory, findings: Sequence[FleetFinding]) -> str:
    """Return the report: counts, a row per cluster, the findings by check, and the commands. It has no date.

    `findings` are worst first.
    """
    parts = [
        "# Pod identities of all clusters\n",
        f"{inventory.summary()}\n",
        f"Findings: {counts(each.finding for each in findings)}.\n",
        "## Clusters\n",
        _clusters(inventory, findings),
    ]
    by_check: dict[str, list[FleetFinding]] = defaultdict(list)
    for each in findings:
        by_check[each.finding.check].append(each)
    for check, found in by_check.items():
        rows = [
            (each.finding.severity, each.cluster.name, each.finding.subject, each.finding.message) for each in found
        ]
        parts += [f"## {check}\n", table(("Severity", "Cluster", "Subject", "Finding"), rows)]
    if commands := suggested_commands(findings):
        parts += ["## Suggested commands\n", code_block(commands, "sh")]
    return "\n".join(parts)


def _clusters(inventory: Inventory, findings: Sequence[FleetFinding]) -> str:
    severities: dict[str, list[str]] = defaultdict(list)
    for each in findings:
        severities[each.cluster.id].append(each.finding.severity)
    rows = [
        (
            each.name,
            each.cluster.reference.resource_group,
            each.subscription_name,
            len(each.cluster.profile.identities),
            *(severities[each.id].count(severity) for severity in SEVERITIES),
        )
        for each in inventory.enabled
    ]
    header = ("Cluster", "Resource group", "Subscription", "Pod identities", "Errors", "Warnings", "Info")
    return table(header, rows)
