# SPDX-License-Identifier: MIT
"""`./demo`: set up the private environment, and run the walkthrough or the shell in it."""

from __future__ import annotations

import argparse

from development.environments import prepare_demo
from development.program import continue_as

_DESCRIPTION = """Runs real az commands with the extension against a simulated Azure on this machine.
It needs Python 3.10 or later and, the first time, a package index. Everything stays in .build/;
your own az, its sign-in and your ssh keys are not touched."""
_EPILOG = """examples:
  ./demo                                   run the whole walkthrough (about two minutes)
  ./demo --fast                            its first two parts, without the waiting
  ./demo > walk.txt                        write it to a file, including the errors of az
  ./demo shell                             open a shell in which az uses the simulated Azure
  ./demo shell -c 'az aks list -o table'   run one command and exit"""


def main(arguments: list[str]) -> int:
    """Replace this process with the walkthrough or the shell. Raise SetupError or SystemExit if that fails."""
    parser = argparse.ArgumentParser(
        "./demo",
        usage="./demo [--fast | shell [--empty] [-c COMMAND]]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--fast", action="store_true", help="only the first two parts, where operations end at once")
    shell = parser.add_subparsers(dest="mode", metavar="", title="instead of the walk", prog="./demo").add_parser(
        "shell",
        help="open a shell in which az uses the simulated Azure, with a cluster and a managed identity",
    )
    shell.add_argument("-c", dest="command", metavar="COMMAND", help="run only this command")
    shell.add_argument("--empty", action="store_true", help="start without the cluster and the managed identity")
    chosen = parser.parse_args(arguments)
    prepare_demo()
    if chosen.mode == "shell":
        options = ["--empty"] if chosen.empty else []
        continue_as("development.shell", options if chosen.command is None else [*options, chosen.command])
    continue_as("development.walkthrough", ["--fast"] if chosen.fast else [])
