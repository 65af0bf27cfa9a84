# SPDX-License-Identifier: MIT
"""Runs one benchmark or all, prints the table, and keeps the results of all for the README."""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
import time
from dataclasses import asdict

from benchmarks.figures import Figure
from benchmarks.names import BENCHMARKS, FULL
from benchmarks.report import markdown, this_machine
from development.console import note
from development.paths import PLOTTER, ROOT
from development.program import run

FOLDER = ROOT / "benchmarks"


def main(arguments: list[str]) -> int:
    """`NAME` and its options, or `all`; 0, or 1 where a bound is missed."""
    name, *options = arguments
    machine = this_machine()
    if name == "all":
        parser = argparse.ArgumentParser("./benchmarks/run all", description="Runs all benchmarks, keeps the results.")
        parser.add_argument("--full", action="store_true", help="more runs of each, about half an hour")
        asked = FULL if parser.parse_args(options).full else {}
        figures = [figure for each in BENCHMARKS for figure in _measure(each, asked.get(each, []))]
        table = markdown(figures, machine)
        data = FOLDER / "results.json"
        data.write_text(json.dumps([asdict(figure) for figure in figures], indent=1) + "\n", "utf-8")
        (FOLDER / "results.md").write_text(table, "utf-8")
        plot = FOLDER / "plot.py"
        subprocess.run([PLOTTER.python, plot, data, FOLDER / "results.png"], check=True)
    else:
        figures = _measure(name, options)
        table = markdown(figures, machine)
    print(table)
    return 0 if all(figure.passes for figure in figures) else 1


def _measure(name: str, options: list[str]) -> list[Figure]:
    module = importlib.import_module(f"benchmarks.{name}")
    parser = argparse.ArgumentParser(
        f"./benchmarks/run {name}", description=module.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    module.add_options(parser)
    chosen = parser.parse_args(options)
    started = time.perf_counter()
    note(f"{name} ...")
    figures = list(module.measure(chosen))
    note(f"{name}: measured in {time.perf_counter() - started:.0f} s")
    return figures


if __name__ == "__main__":
    sys.exit(run(lambda: main(sys.argv[1:])))
