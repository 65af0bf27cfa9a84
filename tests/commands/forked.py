"""An `az` that is forked from a process which has imported it already: a fifth of the time of a new one."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shlex
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from tests.commands.support import Result

_ZYGOTE = Path(__file__).with_name("zygote.py")
_ENDS_WITHIN = 120


class ForkedProcess:
    """One command that runs: what tests need of `subprocess.Popen`."""

    def __init__(self, connection: socket.socket, streams: list[int]) -> None:
        self._ends = connection.makefile("r")
        self.pid = int(self._ends.readline())
        self._streams = streams
        self._written: list[bytes] = [b"", b""]
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def send_signal(self, number: int) -> None:
        """Sends a signal to the command, unless it has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Ends the command at once, as nothing can prevent."""
        self.send_signal(signal.SIGKILL)

    def result(self) -> Result:
        """Waits for the command's end; one that hangs is killed, and TimeoutError raised."""
        self._reader.join(_ENDS_WITHIN)
        if self._reader.is_alive():
            self.kill()
            raise TimeoutError(f"az has not ended within {_ENDS_WITHIN} s: {self._written}")
        code = int(self._ends.readline())
        self._ends.close()
        return Result(code, *(written.decode() for written in self._written))

    def _read(self) -> None:
        with selectors.DefaultSelector() as selector:
            for number, stream in enumerate(self._streams):
                selector.register(stream, selectors.EVENT_READ, number)
            while selector.get_map():
                for key, _ in selector.select():
                    chunk = os.read(key.fd, 1 << 16)
                    self._written[key.data] += chunk
                    if not chunk:
                        selector.unregister(key.fd)
                        os.close(key.fd)


class ForkedAz:
    """Runs commands as `AzureCli` does, each in a forked child; a context manager.

    `speed`: all that a command sleeps takes that many times less. 1 is az as it is.
    """

    def __init__(self, python: Path, environment: Mapping[str, str], speed: float = 1) -> None:
        self.environment = dict(environment)
        self._speed = speed
        self._folder = tempfile.TemporaryDirectory(prefix="az-")
        self._address = f"{self._folder.name}/socket"
        self._zygote = subprocess.Popen(
            [str(python), str(_ZYGOTE), self._address],
            cwd=environment["HOME"],
            env={**environment, "AZ_INSTALLER": "PIP"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the tests
        )
        assert self._zygote.stdout
        assert self._zygote.stdout.readline() == "ready\n"

    def __enter__(self) -> ForkedAz:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zygote.kill()
        self._zygote.wait()
        assert self._zygote.stdout
        self._zygote.stdout.close()
        self._folder.cleanup()

    def start(self, command: str) -> ForkedProcess:
        """Starts `az COMMAND`, without a terminal."""
        request = {"arguments": shlex.split(command), "speed": self._speed}
        pipes = [os.pipe(), os.pipe()]
        nothing = os.open(os.devnull, os.O_RDONLY)
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self._address)
        sent = [nothing, *(theirs for _, theirs in pipes)]
        socket.send_fds(connection, [json.dumps(request).encode()], sent)
        for stream in sent:
            os.close(stream)
        process = ForkedProcess(connection, [ours for ours, _ in pipes])
        connection.close()
        return process

    def __call__(self, command: str) -> Result:
        """Runs `az COMMAND` to its end."""
        return self.start(command).result()

    def together(self, *commands: str) -> list[Result]:
        """Runs several `az` at the same time."""
        return [process.result() for process in [self.start(command) for command in commands]]

    def killed(self, command: str, after: float) -> Result:
        """Runs `az COMMAND` and kills it after so many seconds, unless it has ended by then."""
        process = self.start(command)
        time.sleep(after)
        process.kill()
        return process.result()
