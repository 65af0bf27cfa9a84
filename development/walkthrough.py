# SPDX-License-Identifier: MIT
"""Run the walkthrough: print each command, run it, and show its output."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time

from development.console import BOLD, CYAN, DIM, fail, note, paint
from development.paths import wheel
from development.program import run
from development.session import signed_in
from development.walk import WALK, Step

# With --fast: how long operations take, of their usual time, and how many parts are played.
_AT_ONCE, _FAST_SECTIONS = 1e-6, 2

_GO_ON = """
That was the walk, in {seconds:.0f} s. How to go on:

  ./demo shell          a shell where az talks to the simulated Azure
  ./demo --help         what else the demo can do

In your own az, against a real subscription:

  az extension add --source {wheel}
"""


def main(arguments: list[str]) -> int:
    """Play the walk, or its first parts with --fast, until a step ends unexpectedly; return the exit code."""
    started = time.monotonic()
    note("Starting the simulated Azure and signing in to it ...")
    fast = "--fast" in arguments
    with signed_in(scale=_AT_ONCE if fast else 1) as (_, environ):
        for section in WALK[:_FAST_SECTIONS] if fast else WALK:
            print(f"\n{paint(section.title, BOLD)}\n{paint('-' * len(section.title), BOLD)}")
            for step in section.steps:
                if not _play(step, environ):
                    return 1
    print(_GO_ON.format(seconds=time.monotonic() - started, wheel=shlex.quote(str(wheel()))))
    return 0


def _play(step: Step, environ: dict[str, str]) -> bool:
    """Return whether the step ended as it should. What it is to keep becomes an environment variable."""
    shown = f"{step.keep_as}=$({step.command})" if step.keep_as else step.command
    print(f"\n{paint(f'# {step.purpose}', DIM)}\n{paint(f'$ {shown}', CYAN)}", flush=True)
    # In a file, what az says on standard error belongs between its output; a variable holds output alone.
    mixed = not step.keep_as and not sys.stdout.isatty()
    result = subprocess.run(
        ["sh", "-c", step.command],
        env=environ,
        cwd=environ["HOME"],  # az would import the checkout's sources, and not the wheel's, in the checkout
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if step.keep_as else None,
        stderr=subprocess.STDOUT if mixed else None,
        text=True,
        check=False,
    )
    if step.keep_as:
        environ[step.keep_as] = result.stdout.strip()
    if result.returncode != step.exit_code:
        fail(f"\nThe demo stops: that ended with exit code {result.returncode} instead of {step.exit_code}.")
        return False
    if step.exit_code:
        print(paint(f"# refused, exit code {result.returncode}", DIM))
    return True


if __name__ == "__main__":
    sys.exit(run(lambda: main(sys.argv[1:])))
