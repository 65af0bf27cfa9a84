# SPDX-License-Identifier: MIT
"""The clock itself, and the service that wakes the processes on it."""

from __future__ import annotations

import mmap
import os
import selectors
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

from azure_simulator.shared_clock.client.sitecustomize import JOIN, MESSAGE, OFFSET, VARIABLE
from azure_simulator.shared_clock.threads import Snapshot, waiting_threads

_CLIENT = Path(__file__).with_name("client")
# Seconds between two looks at processes that work, and how many equal looks in a row show that all of them wait.
_LOOK, _LOOKS = 0.003, 3


class SharedClock:
    """A clock that runs like the machine's while any process works, and jumps to the next wake-up while all wait.

    It is a `Clock` of simulators, which call `watch`; processes join it by `environment` or by the client's `join`.
    Use as a context manager, or call `close`. Needs Linux: elsewhere it never jumps.

    How it works: a process that joins keeps a connection open, and `time.sleep` in it registers its end. All
    wait if at least one sleeps, no simulator has a request to respond to, and no thread of the processes has run since
    the last look. Then the offset, which all read from shared memory, grows until the first sleeper wakes.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="clock-")
        self._offset = _shared_offset(Path(self._folder.name) / "offset")
        self._epoch, self._start = datetime.now(timezone.utc), time.monotonic()
        self._watched: list[tuple[int, Callable[[], bool]]] = []
        self._holds = 0
        self._looked: Snapshot | None = None
        self._waiting: Snapshot | None = None
        self._looks = 0
        self._processes: dict[socket.socket, int] = {}
        self._sleepers: dict[socket.socket, tuple[int, float]] = {}
        self._selector = selectors.DefaultSelector()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"{self._folder.name}/socket")
        self._listener.listen(128)
        self._waker, self._woken = socket.socketpair()
        for each in (self._listener, self._woken):
            each.setblocking(False)
            self._selector.register(each, selectors.EVENT_READ)
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="shared-clock", daemon=True)
        self._thread.start()

    def __enter__(self) -> SharedClock:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop. Sleeping processes continue on the machine's clock."""
        self._closed = True
        self._waker.send(b"x")
        self._thread.join()
        for each in (self._listener, self._woken, self._waker, *self._processes, *self._sleepers):
            each.close()
        self._selector.close()
        self._folder.cleanup()

    @property
    def folder(self) -> str:
        """Return the folder with which a process joins."""
        return self._folder.name

    @property
    def client(self) -> Path:
        """Return the file with the function `join`, which puts a process on this clock."""
        return _CLIENT / "sitecustomize.py"

    def environment(self) -> dict[str, str]:
        """Return the environment variables that put a Python process, and those it starts, on this clock."""
        paths = (str(_CLIENT), *filter(None, [os.environ.get("PYTHONPATH")]))
        return {VARIABLE: self.folder, "PYTHONPATH": os.pathsep.join(paths)}

    def now(self) -> float:
        """Return the seconds since the clock was created."""
        return self._monotonic() - self._start

    def utc(self, seconds: float) -> datetime:
        """Return the UTC time at which `now()` is `seconds`."""
        return self._epoch + timedelta(seconds=seconds)

    def reset(self) -> None:
        """Return to the machine's time. Call it only while no process sleeps."""
        self._offset[: OFFSET.size] = OFFSET.pack(0.0)

    def watch(self, thread: int, busy: Callable[[], bool]) -> None:
        """Do not jump while `busy()`, nor while this thread of this process, by its native ID, works."""
        self._watched.append((thread, busy))

    def unwatch(self, thread: int) -> None:
        """Forget the thread."""
        self._watched = [each for each in self._watched if each[0] != thread]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Do not jump inside the block: several processes that are started there start at the same time."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1

    def _monotonic(self) -> float:
        return time.monotonic() + self._ahead()

    def _ahead(self) -> float:
        seconds: float = OFFSET.unpack(self._offset[: OFFSET.size])[0]
        return seconds

    def _run(self) -> None:
        while not self._closed:
            for key, _ in self._selector.select(self._timeout()):
                self._handle(key.fileobj)
            self._wake()
            if self._sleepers and not self._holds and self._all_wait():
                ahead = self._ahead() + min(end for _, end in self._sleepers.values()) - self._monotonic()
                self._offset[: OFFSET.size] = OFFSET.pack(ahead)
                self._wake()

    def _timeout(self) -> float | None:
        return _LOOK if self._sleepers else None

    def _handle(self, source: object) -> None:
        assert isinstance(source, socket.socket)
        if source is self._listener:
            connection, _ = self._listener.accept()
            self._selector.register(connection, selectors.EVENT_READ)
            return
        try:
            message = source.recv(MESSAGE.size)
        except OSError:
            message = b""
        if source is self._woken:
            return
        if len(message) < MESSAGE.size:
            self._forget(source)
            return
        kind, number, end = MESSAGE.unpack(message)
        if kind == JOIN:
            self._processes[source] = number
        else:
            self._sleepers[source] = number, end

    def _forget(self, connection: socket.socket) -> None:
        self._processes.pop(connection, None)
        self._sleepers.pop(connection, None)
        self._selector.unregister(connection)
        connection.close()

    def _wake(self) -> None:
        now = self._monotonic()
        for connection, (_, end) in list(self._sleepers.items()):
            if end <= now + 1e-9:
                with suppress(OSError):
                    connection.send(b"w")
                self._forget(connection)

    def _all_wait(self) -> bool:
        """Return whether all wait: immediately if nothing ran since the last time, else after a few equal looks."""
        asleep = frozenset(thread for thread, _ in self._sleepers.values())
        watched = list(self._watched)
        busy = any(is_busy() for _, is_busy in watched)
        looked = None if busy else waiting_threads(self._processes.values(), (each for each, _ in watched), asleep)
        if looked is None or looked != self._looked:
            self._looked, self._looks = looked, 0
        else:
            self._looks += 1
        if self._looks >= _LOOKS:
            self._waiting = looked
        return looked is not None and looked == self._waiting


def _shared_offset(path: Path) -> mmap.mmap:
    path.write_bytes(OFFSET.pack(0.0))
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), OFFSET.size)
