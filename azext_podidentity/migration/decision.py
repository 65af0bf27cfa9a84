# SPDX-License-Identifier: MIT
"""Decisions: what you have to decide in a migration, or should know about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from azext_podidentity.profile.text import some_of

if TYPE_CHECKING:
    from azext_podidentity.migration.workloads import ObjectKey

Severity = Literal["ActionRequired", "Info"]
ACTION_REQUIRED: Severity = "ActionRequired"
INFO: Severity = "Info"
_LISTED = 5


@dataclass(frozen=True)
class Decision:
    """One decision of a plan.

    `code`: one of a fixed set, for scripts. `subject`: the object of the decision. `reason`: why it matters.
    `resolution`: what to do. `command`: the command that does it, if there is one. `blocked_workloads`: the workloads
    that are skipped until you have taken the decision.
    """

    code: str
    severity: Severity
    subject: str
    reason: str
    resolution: str
    blocked_workloads: tuple[ObjectKey, ...] = ()
    command: str | None = None


def listed(items: Iterable[object]) -> str:
    """Return the items in one line, shortened if there are many."""
    return some_of(items, _LISTED)
