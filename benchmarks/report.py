# SPDX-License-Identifier: MIT
"""Create the table of figures in Markdown, with a description of the machine."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable
from itertools import groupby

from benchmarks.figures import Figure
from development.paths import NEWEST

_TERMS = (
    "The service minimum is what a client takes that sends only the requests that the change cannot do without. A "
    "value passes up to its bound."
)
_HEAD = "| case | what | measured | runs | bound | |\n| --- | --- | ---: | ---: | ---: | --- |"


def markdown(figures: Iterable[Figure], machine: str) -> str:
    """Return one table per section, in the order of the figures, below the machine and the terms."""
    parts = [f"Measured on: {machine}", _TERMS]
    for section, rows in groupby(figures, lambda figure: figure.section):
        parts += [f"## {section}", "\n".join((_HEAD, *map(_row, rows)))]
    return "\n\n".join(parts) + "\n"


def _row(figure: Figure) -> str:
    measured = f"{number(figure.value)} {figure.unit}".strip()
    bound = "" if figure.bound is None else f"{number(figure.bound)} {figure.unit}".strip()
    action = "" if figure.bound is None else "kept" if figure.passes else "MISSED"
    return f"| {figure.case} | {figure.subject} | {measured} | {figure.runs} | {bound} | {action} |"


def number(value: float) -> str:
    """Return integers without a fraction, other numbers with two decimals, or one decimal from 100 on."""
    if value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 100 else f"{value:.2f}"


def this_machine() -> str:
    """Return cores, load, Python and azure-cli version in one line."""
    version = subprocess.run(
        [NEWEST.python, "-c", "import azure.cli.core; print(azure.cli.core.__version__)"],
        capture_output=True,
        text=True,
        check=True,
    )
    cores, python = os.cpu_count(), platform.python_version()
    software = f"Python {python}, azure-cli {version.stdout.strip()}"
    # If the load exceeds the number of cores, other programs were running and the figures are not reliable.
    return f"{cores} cores, {platform.machine()}, load at the start {os.getloadavg()[0]:.1f}, {software}"
