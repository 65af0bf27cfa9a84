# SPDX-License-Identifier: MIT
"""Run one benchmark or all, print the table, and store the results for the README and docs/."""

from __future__ import annotations

import argparse
import importlib
import sys
import time

from benchmarks.figures import Figure
from benchmarks.names import BENCHMARKS, FULL
from benchmarks.report import markdown, this_machine
from benchmarks.results import keep
from development.console import note
from development.program import run


def main(arguments: list[str]) -> int:
    """Run the benchmark `NAME` with its options, or `all`. Return 0, or 1 if a bound is missed."""
    name, *options = arguments
    machine = this_machine()
    if name == "all":
        parser = argparse.ArgumentParser("./benchmarks/run all", description="Runs all benchmarks, keeps the results.")
        parser.add_argument("--full", action="store_true", help="more runs of each, about half an hour")
        asked = FULL if parser.parse_args(options).full else {}
        figures = [figure for each in BENCHMARKS for figure in _measure(each, asked.get(each, []))[0]]
        kept = True
    else:
        figures, kept = _measure(name, options)
    print(markdown(figures, machine))
    if kept:
        keep(figures, machine)
    return 0 if all(figure.passes for figure in figures) else 1


def _measure(name: str, options: list[str]) -> tuple[list[Figure], bool]:
    """Return the figures of one benchmark, and whether its options ask to keep them."""
    module = importlib.import_module(f"benchmarks.{name}")
    parser = argparse.ArgumentParser(
        f"./benchmarks/run {name}", description=module.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keep", action="store_true", help="add the figures to benchmarks/results.*")
    module.add_options(parser)
    chosen = parser.parse_args(options)
    started = time.perf_counter()
    note(f"{name} ...")
    figures = list(module.measure(chosen))
    note(f"{name}: measured in {time.perf_counter() - started:.0f} s")
    return figures, chosen.keep


if __name__ == "__main__":
    sys.exit(run(lambda: main(sys.argv[1:])))
