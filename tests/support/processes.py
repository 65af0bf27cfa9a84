# SPDX-License-Identifier: MIT
"""Child processes that tests start."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from tests.support.fork_server import end_with_parent


def child_setup() -> Callable[[], None]:
    """Return what a child must run before its program: the `preexec_fn` of `subprocess` and pexpect.

    The child then ends when this process, or the thread that starts it, does (on Linux), and Ctrl-C reaches it: a shell
    without job control starts background commands with SIGINT ignored, and children inherit that.
    """
    parent = os.getpid()

    def set_up() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        end_with_parent(parent)

    return set_up
