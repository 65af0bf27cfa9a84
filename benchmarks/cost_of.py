# SPDX-License-Identifier: MIT
"""Run the command in the arguments and print its seconds and `ru_maxrss`.

This is a separate program, because the memory of a process includes that of its parent, and this one needs little.
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
