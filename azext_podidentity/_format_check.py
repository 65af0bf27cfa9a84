# SPDX-License-Identifier: MIT
"""The tables of `check`, which fit the width of the terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from azext_podidentity._format import Rows, wrapped

# Widths in the table of findings: the severity, the narrowest and the widest subject, the narrowest message, and the
# gap between columns. az makes a column at least two wider than its header.
_SEVERITY, _MIN_SUBJECT, _MAX_SUBJECT, _MIN_MESSAGE, _GAP = 10, 9, 24, 30, 2
_OF_FINDING = ("severity", "subject", "message")
# The column of the steps of a pod.
_STEP = 24
_MARKS = {"Ok": "\u2713", "Warning": "!", "Error": "\u2717", "Unknown": "?"}
_PLAIN_MARKS = {**_MARKS, "Ok": "+", "Error": "x"}


def check_table(result: Sequence[Mapping[str, Any]], width: int) -> Rows:
    """Return the rows of the result of `check`: findings, or the steps of a pod."""
    return steps_table(result, width) if result and "step" in result[0] else findings_table(result, width)


def steps_table(steps: Sequence[Mapping[str, Any]], width: int) -> Rows:
    """Return the rows of the steps of a pod, each with a mark for its state."""
    marks = _MARKS if (sys.stdout.encoding or "").lower().startswith("utf") else _PLAIN_MARKS
    return [
        {
            "Step": f"{marks[each['state']]} {each['step']}",
            "Detail": wrapped(each["detail"], width - _STEP - _GAP),
        }
        for each in steps
    ]


def findings_table(findings: Sequence[Mapping[str, Any]], width: int) -> Rows:
    """Return the rows of the findings of `check`, one per finding, wrapped between words to the width.

    Findings of many clusters have a Cluster column. Managed identities are shown by name. The commands are printed
    below the table, so that they can be copied.
    """
    if findings and "cluster" in findings[0]:
        left = width - max(_MIN_SUBJECT, *(len(finding["cluster"]) for finding in findings)) - _GAP
        rows = findings_table([{key: each[key] for key in _OF_FINDING} for each in findings], left)
        return [{"Cluster": each["cluster"], **row} for each, row in zip(findings, rows, strict=True)]
    widest = max((len(finding["subject"]) for finding in findings), default=0)
    subjects = [wrapped(finding["subject"], min(max(widest, _MIN_SUBJECT), _MAX_SUBJECT)) for finding in findings]
    # Long names are not broken, so the column can be wider than its maximum.
    subject = max((len(line) for cell in subjects for line in cell.splitlines()), default=0)
    message = max(width - _SEVERITY - max(subject, _MIN_SUBJECT) - 2 * _GAP, _MIN_MESSAGE)
    return [
        {
            "Severity": finding["severity"],
            "Subject": cell,
            "Message": wrapped(finding["message"], message),
        }
        for finding, cell in zip(findings, subjects, strict=True)
    ]
