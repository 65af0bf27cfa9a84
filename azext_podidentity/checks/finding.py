"""What a check has to say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from azext_podidentity.profile.entries import EntryKey
from azext_podidentity.profile.text import some_of

Severity = Literal["error", "warning", "info"]
# Worst first.
SEVERITIES: tuple[str, ...] = ("error", "warning", "info")
_NAMED = 5


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, may be, or is good to know.

    subject: what it is about, the cluster's name or entries as namespace/name. message: what is found. command: what
    mends it, to be pasted, a command a line; None where no command can. check: which check found it; `table.run` sets
    it.
    """

    severity: Severity
    subject: str
    message: str
    command: str | None = None
    check: str = ""

    def to_json(self) -> dict[str, str | None]:
        """The JSON object that scripts get."""
        return {
            "severity": self.severity,
            "check": self.check,
            "subject": self.subject,
            "message": self.message,
            "command": self.command,
        }


def at_or_above(findings: Iterable[Finding], severity: str) -> list[Finding]:
    """The findings that are at least that bad."""
    return [each for each in findings if SEVERITIES.index(each.severity) <= SEVERITIES.index(severity)]


def subject_of(keys: Iterable[EntryKey]) -> str:
    """How a finding names the entries that it is about."""
    return some_of(dict.fromkeys(keys), _NAMED)


def commands_of(advice: str | None) -> str | None:
    """The lines of an advice that are commands to be pasted, None where there is none."""
    return "\n".join(line for line in (advice or "").splitlines() if line.startswith("az ")) or None
