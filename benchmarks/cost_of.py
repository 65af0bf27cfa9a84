# SPDX-License-Identifier: MIT
"""Runs the command it is given and prints its seconds and `ru_maxrss`.

A program of its own, because a process counts the memory of the one that started it, and this one has little.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

if __name__ == "__main__":
    started = time.perf_counter()
    quiet = subprocess.DEVNULL
    code = subprocess.call(sys.argv[1:], stdin=quiet, stdout=quiet, stderr=quiet)
    took = time.perf_counter() - started
    print(took, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    sys.exit(code)
