# SPDX-License-Identifier: MIT
"""`./benchmarks/run`: set up the private environment, and run the selected benchmark in it."""

from __future__ import annotations

import argparse
import sys

from benchmarks.names import ALONE, BENCHMARKS
from development.environments import prepare_benchmarks
from development.program import continue_as, run

_TITLES = "\n".join(f"  {name:<10} {title}" for name, title in {**BENCHMARKS, "all": "all of these", **ALONE}.items())
_EPILOG = f"""{_TITLES}

all is the default; it writes benchmarks/results.md, results.json and results.png, in about 20 minutes
(all --full: half an hour).
./benchmarks/run NAME --keep adds the figures of one benchmark to these files, and
python3 -m development.documentation copies them into docs/ and README.md.
./benchmarks/run NAME --help shows the options. Exit code 1 if a bound is missed."""


def main(arguments: list[str]) -> int:
    """Replace this process with the benchmark. Raise SetupError or SystemExit if that fails."""
    parser = argparse.ArgumentParser(
        "./benchmarks/run", epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", nargs="?", choices=(*BENCHMARKS, *ALONE, "all"), default="all")
    parser.add_argument("options", nargs=argparse.REMAINDER, help="options of the benchmark")
    chosen = parser.parse_args(arguments)
    prepare_benchmarks()
    continue_as("benchmarks.measure", [chosen.name, *chosen.options])


if __name__ == "__main__":
    sys.exit(run(lambda: main(sys.argv[1:])))
