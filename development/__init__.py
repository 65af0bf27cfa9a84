# SPDX-License-Identifier: MIT
"""How a checkout sets itself up: private environments, the wheel, the demo and the test run.

Needs nothing but Python's standard library until the private environments exist.
"""

import shutil
import sys

# An interpreter that is too old reads this file first, so this one keeps to syntax it knows.
if sys.version_info < (3, 10):  # noqa: UP036
    newer = [name for name in ("python3.13", "python3.12", "python3.11", "python3.10") if shutil.which(name)]
    sys.exit(
        f"This needs Python 3.10 or newer; {sys.executable} is {sys.version.split()[0]}.\n"
        + (f"Run it as: {newer[0]} {sys.argv[0]}" if newer else "Install a newer Python, then run it again.")
    )
