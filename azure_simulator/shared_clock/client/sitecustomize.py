# SPDX-License-Identifier: MIT
"""Put this process on the clock of a `SharedClock`: `time.sleep`, `time.monotonic` and `time.time` follow it.

Python imports this module by itself if its folder is on PYTHONPATH, and it looks for the clock in the environment. A
process that is forked calls `join`. Only the standard library is imported: this runs inside other programs.
"""

from __future__ import annotations

import mmap
import os
import socket
import struct
import threading
import time
from collections.abc import Callable

VARIABLE = "AZURE_SIMULATOR_CLOCK"
# Messages of a process: it joins (its process ID) or sleeps (the thread ID, and the end).
MESSAGE = struct.Struct("=cQd")
JOIN, SLEEP = b"j", b"s"
OFFSET = struct.Struct("=d")

# Open until the process ends, which is how the clock detects its end.
_joined: list[socket.socket] = []


def join(folder: str) -> None:
    """Follow the clock in that folder until this process ends."""
    file = os.open(f"{folder}/offset", os.O_RDONLY)
    offset = mmap.mmap(file, OFFSET.size, access=mmap.ACCESS_READ)
    os.close(file)
    sleep, monotonic, wall = time.sleep, time.monotonic, time.time

    def ahead() -> float:
        seconds: float = OFFSET.unpack(offset[: OFFSET.size])[0]
        return seconds

    def sleep_on_the_clock(seconds: float) -> None:
        if seconds <= 0:
            sleep(seconds)
            return
        end = time.monotonic() + seconds
        try:
            with _send(folder, SLEEP, threading.get_native_id(), end) as connection:
                woken = connection.recv(1)
        except OSError:
            woken = b""
        if not woken:  # the clock has stopped
            sleep(max(0.0, end - time.monotonic()))

    _joined.append(_send(folder, JOIN, os.getpid(), 0.0))
    _replace("monotonic", lambda: monotonic() + ahead())
    _replace("time", lambda: wall() + ahead())
    _replace("sleep", sleep_on_the_clock)


def _send(folder: str, kind: bytes, number: int, end: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(f"{folder}/socket")
        connection.sendall(MESSAGE.pack(kind, number, end))
    except OSError:
        connection.close()
        raise
    return connection


def _replace(name: str, function: Callable[..., object]) -> None:
    setattr(time, name, function)


if VARIABLE in os.environ and __name__ == "sitecustomize":
    join(os.environ[VARIABLE])
