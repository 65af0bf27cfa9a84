# SPDX-License-Identifier: MIT
"""The figures that are kept: `results.json`, from which the pages of docs/ and README.md take theirs."""

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
    """Return the figures that are kept."""
    return [Figure(**each) for each in json.loads(_DATA.read_text("utf-8"))]


def merged(kept: Iterable[Figure], measured: Iterable[Figure]) -> list[Figure]:
    """Return the kept figures with the sections that were measured in place of their former figures."""
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
