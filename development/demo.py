"""`./demo`: sets up, then goes on in the private environment as the walk or as the shell."""

from __future__ import annotations

import argparse

from development.environments import prepare_demo
from development.program import continue_as

_DESCRIPTION = """Shows the extension at work: real az commands against a local simulated Azure.
Needs Python 3.10 or newer and, the first time, a package index. What it makes stays in .build/;
your own az, its sign-in and your ssh keys are left alone."""
_EPILOG = """examples:
  ./demo                                   the whole walk, about two minutes
  ./demo > walk.txt                        the same into a file, errors of az included
  ./demo shell                             a shell where az talks to the simulated Azure
  ./demo shell -c 'az aks list -o table'   one command, then the end"""


def main(arguments: list[str]) -> int:
    """Replace this process with the walk or the shell; return only by SetupError or SystemExit."""
    parser = argparse.ArgumentParser(
        "./demo",
        usage="./demo [shell [-c COMMAND]]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    shell = parser.add_subparsers(dest="mode", metavar="", title="instead of the walk", prog="./demo").add_parser(
        "shell",
        help="a shell where az talks to the simulated Azure; a cluster and a managed identity are there",
    )
    shell.add_argument("-c", dest="command", metavar="COMMAND", help="run only this command there")
    chosen = parser.parse_args(arguments)
    prepare_demo()
    if chosen.mode == "shell":
        continue_as("development.shell", [] if chosen.command is None else [chosen.command])
    continue_as("development.walkthrough", [])
