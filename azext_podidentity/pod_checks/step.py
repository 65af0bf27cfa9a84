# SPDX-License-Identifier: MIT
"""One step in the chain from the label of a pod to its token."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from azext_podidentity.checks.finding import SEVERITIES, Finding

State = Literal["Ok", "Warning", "Error", "Unknown"]
_OF_SEVERITY: dict[str, State] = {"error": "Error", "warning": "Warning", "info": "Ok"}


@dataclass(frozen=True)
class Step:
    """A step, its state, and the reason.

    `detail`: one or two sentences. `command`: command lines that fix the problem or show more, one per line.
    """

    step: str
    state: State
    detail: str
    command: str | None = None

    def to_json(self) -> dict[str, str | None]:
        """Return the JSON object that the command prints."""
        return {"step": self.step, "state": self.state, "detail": self.detail, "command": self.command}


def step_of(name: str, findings: Iterable[Finding], ok: str) -> Step:
    """Return the step with its worst finding, or with `ok` if nothing was found."""
    found = sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))
    if not found:
        return Step(name, "Ok", ok)
    worst = found[0]
    return Step(name, _OF_SEVERITY[worst.severity], worst.message, "\n".join(worst.commands) or None)


def unread_step(name: str, findings: Iterable[Finding], otherwise: Step) -> Step:
    """Return an unknown step if there are findings about unreadable values, else `otherwise`."""
    reasons = [finding.message for finding in findings]
    return Step(name, "Unknown", reasons[0]) if reasons and otherwise.state == "Ok" else otherwise
