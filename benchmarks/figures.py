# SPDX-License-Identifier: MIT
"""The figures of a benchmark, stored as JSON so that the table and the plot can be created again."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured value: of whom (`subject`), in which `case`, in which `section` of the results.

    `runs` says of how many the value is the median. The bound is the highest value that passes; None where the value
    only informs.
    """

    section: str
    case: str
    subject: str
    value: float
    unit: str = ""
    runs: int = 1
    bound: float | None = None

    @property
    def passes(self) -> bool:
        """Return whether the value keeps its bound."""
        return self.bound is None or self.value <= self.bound


def median(
    section: str, case: str, subject: str, values: Sequence[float], unit: str = "", bound: float | None = None
) -> Figure:
    """Return the median of the values of several runs as a figure."""
    return Figure(section, case, subject, statistics.median(values), unit, len(values), bound)
