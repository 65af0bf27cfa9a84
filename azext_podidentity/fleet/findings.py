# SPDX-License-Identifier: MIT
"""The findings of checks on many clusters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from azext_podidentity.checks.finding import SEVERITIES, Finding
from azext_podidentity.fleet.inventory import FleetCluster
from azext_podidentity.profile.text import one_line

# The name of the check in the finding about a cluster that could not be checked.
UNREADABLE = "cluster-unreadable"


@dataclass(frozen=True)
class FleetFinding:
    """A finding and its cluster."""

    cluster: FleetCluster
    finding: Finding

    def to_json(self) -> dict[str, str | None]:
        """Return the JSON object that the command prints: the finding with its cluster."""
        severity, *rest = self.finding.to_json().items()
        return dict([severity, ("cluster", self.cluster.name), ("clusterId", self.cluster.id), *rest])


def unreadable(cluster: FleetCluster, reason: str) -> FleetFinding:
    """Return the finding about a cluster that could not be checked."""
    message = one_line(reason)
    return FleetFinding(cluster, Finding("error", cluster.name, message, check=UNREADABLE))


def worst_first(findings: Iterable[FleetFinding]) -> list[FleetFinding]:
    """Return the findings worst first; those of the same severity keep their order."""
    return sorted(findings, key=lambda each: SEVERITIES.index(each.finding.severity))


def suggested_commands(findings: Iterable[FleetFinding]) -> str:
    """Return the commands as a shell script, each group below a comment with its cluster and subject."""
    groups = [
        "\n".join((f"# {each.finding.severity}: {each.cluster.name}: {each.finding.subject}", *each.finding.commands))
        for each in findings
        if each.finding.commands
    ]
    return "\n\n".join(groups)


def counts(findings: Iterable[Finding]) -> str:
    """Return the number of findings of each severity, for example `2 error, 1 info`."""
    severities = [each.severity for each in findings]
    found = [f"{severities.count(each)} {each}" for each in SEVERITIES if each in severities]
    return ", ".join(found) or "no findings"
