# SPDX-License-Identifier: MIT
"""Child processes that tests start."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from tests.support.fork_server import end_with_parent

# Seconds after which a process is taken to hang. On a loaded machine a command can take a minute.
PATIENCE = 300


def child_setup() -> Callable[[], None]:
    """Return the `preexec_fn` for child processes of `subprocess` and pexpect.

    With it, the child ends with this process or the thread that starts it (on Linux), and Ctrl-C reaches it: a shell
    without job control starts background commands with SIGINT ignored, which children inherit.
    """
    parent = os.getpid()

    def set_up() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        end_with_parent(parent)

    return set_up
