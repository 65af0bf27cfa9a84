# SPDX-License-Identifier: MIT
"""Run the programs in this folder with plain messages instead of tracebacks, and with exit codes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from development.console import INTERRUPTED, SetupError, fail, note
from development.paths import NEWEST, ROOT
from development.process import clean_environment


def run(work: Callable[[], int]) -> int:
    """Run the work in a clean environment; return its exit code, 1 if set-up failed, or 130 if it was interrupted."""
    clean_environment()
    signal.signal(signal.SIGTERM, _stop)
    try:
        return work()
    except SetupError as error:
        fail(str(error))
        return 1
    except KeyboardInterrupt:
        note("\nStopped.")
        return INTERRUPTED


def continue_as(module: str, arguments: list[str]) -> NoReturn:
    """Replace this process with the module, run by the interpreter that has the newest azure-cli and the simulator."""
    sys.stdout.flush()
    # So that it finds this package from any working directory; it forgets the variable as soon as it runs.
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    os.execve(NEWEST.python, [str(NEWEST.python), "-m", module, *arguments], environ)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
