# SPDX-License-Identifier: MIT
"""Read and write `results.json`, the stored figures, from which the tables in docs/ and README.md are created."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from dataclasses import asdict

from benchmarks.figures import Figure
from benchmarks.report import markdown
from development.paths import PLOTTER, ROOT

FOLDER = ROOT / "benchmarks"
_DATA = FOLDER / "results.json"


def load() -> list[Figure]:
    """Return the stored figures."""
    return [Figure(**each) for each in json.loads(_DATA.read_text("utf-8"))]


def merged(kept: Iterable[Figure], measured: Iterable[Figure]) -> list[Figure]:
    """Return the stored figures with the measured sections replaced."""
    sections: dict[str, list[Figure]] = {}
    for figure in kept:
        sections.setdefault(figure.section, []).append(figure)
    again: dict[str, list[Figure]] = {}
    for figure in measured:
        again.setdefault(figure.section, []).append(figure)
    return [figure for figures in {**sections, **again}.values() for figure in figures]


def keep(measured: Iterable[Figure], machine: str) -> None:
    """Write results.json, results.md and results.png with the measured sections replaced."""
    figures = merged(load(), measured)
    _DATA.write_text(json.dumps([asdict(figure) for figure in figures], indent=1) + "\n", "utf-8")
    (FOLDER / "results.md").write_text(markdown(figures, machine), "utf-8")
    subprocess.run([PLOTTER.python, FOLDER / "plot.py", _DATA, FOLDER / "results.png"], check=True)
