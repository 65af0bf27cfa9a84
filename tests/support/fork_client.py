# SPDX-License-Identifier: MIT
"""The `az` of a shell, run by a fork server: `python -I -S fork_client.py SOCKET ARGUMENTS`.

It sends its arguments, environment, working directory and standard streams, and ends as the command ends.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from pathlib import Path

_CLOCK = "AZURE_SIMULATOR_CLOCK"


def main(path: str, arguments: list[str]) -> int:
    """Return the exit code of the command; a signal that ended it ends this process, too."""
    environment = dict(os.environ)
    clock = environment.pop(_CLOCK, None)
    client = environment.pop("PYTHONPATH", "").split(os.pathsep)[0]
    request = {
        "arguments": arguments,
        "environment": {**environment, "AZ_INSTALLER": "PIP"},
        "folder": str(Path.cwd()),
        "speed": 1,
        "clock": clock and {"client": f"{client}/sitecustomize.py", "folder": clock},
    }
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        socket.send_fds(connection, [json.dumps(request).encode()], [0, 1, 2])
        with connection.makefile("r") as lines:
            command = int(lines.readline())
            signal.signal(signal.SIGINT, lambda number, _: os.kill(command, number))
            code = int(lines.readline())
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
