"""`./benchmarks/run`: sets up, then goes on in the private environment as the benchmark asked for."""

from __future__ import annotations

import argparse
import sys

from development.prepare import prepare_demo
from development.program import continue_as, run

_BENCHMARKS = ("start_up", "write", "parallel", "check", "migrate")
_EPILOG = """  start_up   what a command costs before it does anything, next to the host's own commands
  write      how long az waits after the service is done
  parallel   many people changing one cluster at the same time
  check      a check of a cluster with 40 pod identities
  migrate    a plan for 200 pod identities and 2,000 workloads

./benchmarks/run NAME --help says what a benchmark takes. Exit code 1 where a bound is missed."""


def main(arguments: list[str]) -> int:
    """Does not return, except by SetupError or SystemExit: the benchmark takes this process over."""
    parser = argparse.ArgumentParser(
        "./benchmarks/run", epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=_BENCHMARKS)
    parser.add_argument("options", nargs=argparse.REMAINDER, help="options of the benchmark")
    chosen = parser.parse_args(arguments)
    prepare_demo()
    continue_as(f"benchmarks.{chosen.name}", chosen.options)


if __name__ == "__main__":
    sys.exit(run(lambda: main(sys.argv[1:])))
