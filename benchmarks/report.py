"""The table a benchmark ends with, and the machine that it ran on."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass

from development.paths import NEWEST


@dataclass(frozen=True)
class Figure:
    """One measured value. The bound is the highest value that passes; None where the value only informs."""

    name: str
    value: float
    unit: str
    bound: float | None = None

    @property
    def passes(self) -> bool:
        """Whether the value keeps its bound."""
        return self.bound is None or self.value <= self.bound


def report(figures: Iterable[Figure]) -> int:
    """Prints the table; 0, or 1 where a bound is missed."""
    rows = list(figures)
    print(f"\n{_machine()}\n")
    print(f"{'Figure':<62} {'Measured':>11} {'Bound':>11}  Verdict")
    for row in rows:
        bound = "" if row.bound is None else f"{row.bound:.3f} {row.unit:<2}"
        verdict = "" if row.bound is None else "kept" if row.passes else "MISSED"
        print(f"{row.name:<62} {row.value:>8.3f} {row.unit:<2} {bound:>11}  {verdict}".rstrip())
    return 0 if all(row.passes for row in rows) else 1


def _machine() -> str:
    version = subprocess.run(
        [NEWEST.python, "-c", "import azure.cli.core; print(azure.cli.core.__version__)"],
        capture_output=True,
        text=True,
        check=True,
    )
    cores, python = os.cpu_count(), platform.python_version()
    software = f"Python {python}, azure-cli {version.stdout.strip()}"
    # Beyond the number of cores, other programs took part of the machine and the figures say little.
    return f"{cores} cores, {platform.machine()}, load {os.getloadavg()[0]:.1f}, {software}"
