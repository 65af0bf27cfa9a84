# SPDX-License-Identifier: MIT
"""A process that has imported az, and forks a child for each command: `python fork_server.py SOCKET`.

Importing takes most of a command's time. A child runs the real `azure.cli` from its first line to the interpreter's
end, with the arguments, standard streams, environment and working directory that it receives, so its exit code, output
and signals are az's. Variables that Python and azure-cli read during their import have the values of this process.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1  # prctl(2)
_LEARN = ["aks", "show", "--resource-group", "none", "--name", "none"]


def main(path: str) -> list[str]:
    """Serve until killed. In each child, return the arguments of its command."""
    sys.path[0] = str(Path.cwd())  # as with `python -m`
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(128)
        _import(_modules_of(_LEARN))
        gc.freeze()  # prevents copies of memory that children do not change
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # prevents zombie keepers
        os.write(1, b"ready\n")
        while True:
            connection, _ = listener.accept()
            server = os.getpid()
            if os.fork() == 0:
                end_with_parent(server)
                listener.close()
                return _keep(connection)
            connection.close()


def _keep(connection: socket.socket) -> list[str]:
    """Fork the command and return in it. Send its process ID and, at its end, its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    message, streams, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    request: dict[str, Any] = json.loads(message)
    keeper = os.getpid()
    child = os.fork()
    if child:
        for stream in (*streams, 0, 1, 2):
            os.close(stream)
        with contextlib.suppress(BrokenPipeError):
            connection.sendall(f"{child}\n".encode())
            _, status = os.waitpid(child, 0)
            connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os._exit(0)
    end_with_parent(keeper)
    connection.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.path[0] = request["folder"]
    if request["clock"]:
        runpy.run_path(request["clock"]["client"])["join"](request["clock"]["folder"])
    elif request["speed"] != 1:
        _speed_up(request["speed"])
    arguments: list[str] = request["arguments"]
    return arguments


def end_with_parent(parent: int) -> None:
    """Let the system kill this process when its parent, whose process ID is given, has ended. Only Linux can."""
    if _LIBC is None:
        return
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the call
        os._exit(1)


def _speed_up(factor: float) -> None:
    """Divide the command's sleeps by the factor and speed up its monotonic clock accordingly."""
    sleep, monotonic, started = time.sleep, time.monotonic, time.monotonic()
    time.sleep = lambda seconds: sleep(float(seconds) / factor)
    time.monotonic = lambda: started + (monotonic() - started) * factor


def _modules_of(arguments: list[str]) -> list[str]:
    """Return the names of the modules that a command imports."""
    ours, theirs = os.pipe()
    if os.fork() == 0:
        os.close(ours)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        with contextlib.suppress(BaseException):
            _run(arguments)
        with contextlib.suppress(BaseException):
            for name in ("azure.mgmt.containerservice", "azure.mgmt.authorization", "azure.mgmt.msi"):
                importlib.import_module(name)
                importlib.import_module(f"{name}.models")
            importlib.import_module("msrest.serialization")  # used by az to wait for operations
        with os.fdopen(theirs, "w") as pipe:
            pipe.write("\n".join(sys.modules))
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as pipe:
        return pipe.read().split()


def _import(names: list[str]) -> None:
    """Import the modules, and those of the installed extensions, whose folders az adds to the path in the same way."""
    for folder in sorted(Path(os.environ["AZURE_EXTENSION_DIR"]).iterdir()):
        sys.path.append(str(folder))
        names += [".".join(each.relative_to(folder).with_suffix("").parts) for each in folder.glob("azext_*/**/*.py")]
    for name in names:
        if name != "__main__":
            with contextlib.suppress(Exception):
                importlib.import_module(name.removesuffix(".__init__"))


def _run(arguments: list[str]) -> None:
    sys.argv = ["az", *arguments]
    runpy.run_module("azure.cli", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _run(main(sys.argv[1]))
