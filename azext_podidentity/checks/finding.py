# SPDX-License-Identifier: MIT
"""A finding: the result of a check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from azext_podidentity.profile.entries import EntryKey
from azext_podidentity.profile.text import some_of

Severity = Literal["error", "warning", "info"]
# From worst to best.
SEVERITIES: tuple[str, ...] = ("error", "warning", "info")
_MAX_NAMES = 5


@dataclass(frozen=True)
class Finding:
    """One problem, possible problem or piece of information.

    subject: the cluster's name, or entries as namespace/name. message: one or two sentences on one line. commands: the
    command lines that fix it, to be run in this order; empty if there are none. check: the name of the check in the
    registry, which `run_checks` sets.
    """

    severity: Severity
    subject: str
    message: str
    commands: tuple[str, ...] = ()
    check: str = ""

    def to_json(self) -> dict[str, str | None]:
        """Return the JSON object that the command prints. `command` has one command per line, or is null."""
        return {
            "severity": self.severity,
            "check": self.check,
            "subject": self.subject,
            "message": self.message,
            "command": "\n".join(self.commands) or None,
        }


def at_or_above(findings: Iterable[Finding], severity: str) -> list[Finding]:
    """Return the findings with that severity or a worse one."""
    return [each for each in findings if SEVERITIES.index(each.severity) <= SEVERITIES.index(severity)]


def join_keys(keys: Iterable[EntryKey]) -> str:
    """Return the subject of a finding about the entries: at most five of them as namespace/name."""
    return some_of(dict.fromkeys(keys), _MAX_NAMES)


def suggested_commands(findings: Iterable[Finding]) -> str:
    """Return the commands of the findings as a shell script, each group below a comment with its subject."""
    groups = [
        "\n".join((f"# {finding.severity}: {finding.subject}", *finding.commands))
        for finding in findings
        if finding.commands
    ]
    return "\n\n".join(groups)
