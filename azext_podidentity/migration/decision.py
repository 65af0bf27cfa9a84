# SPDX-License-Identifier: MIT
"""A decision: what the owner of a migration has to decide, or should know."""

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

    `code` is one of a fixed set, for programs. `subject` names what it is about, `reason` says why it matters,
    `resolution` what can be done, `command` is the command that does it, if one does. Workloads in
    `blocked_workloads` are skipped until the decision is taken.
    """

    code: str
    severity: Severity
    subject: str
    reason: str
    resolution: str
    blocked_workloads: tuple[ObjectKey, ...] = ()
    command: str | None = None


def listed(items: Iterable[object]) -> str:
    """Return the items in one line, the first ones if there are many."""
    return some_of(items, _LISTED)
