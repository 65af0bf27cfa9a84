# SPDX-License-Identifier: MIT
"""An `az` that is forked from a process that has imported it, in a fifth of the time of a new one."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from azure_simulator.shared_clock import SharedClock
from development.paths import Host
from tests.support.azure_cli import AzureCli, Process, Result, result_of
from tests.support.processes import PATIENCE, child_setup

_FORK_SERVER = Path(__file__).with_name("fork_server.py")
_FORK_CLIENT = Path(__file__).with_name("fork_client.py")
_READ_AT_START = ("AZURE_CONFIG_DIR", "AZURE_EXTENSION", "HOME", "LANG", "LC_", "PYTHON")


class ForkedProcess:
    """A running command, with the parts of `subprocess.Popen` that tests need."""

    def __init__(self, connection: socket.socket, stdin: int | None, streams: dict[int, int]) -> None:
        """Take the write end of standard input, and the read ends of standard output (0) and error (1), if piped."""
        self.returncode: int | None = None
        self._ends = connection.makefile("r")
        self.pid = int(self._ends.readline())
        self._stdin = stdin
        self._streams = streams
        self._written: list[bytes] = [b"", b""]
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def send_signal(self, sig: int) -> None:
        """Send a signal to the command, unless it has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, sig)

    def kill(self) -> None:
        """Kill the command."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, input: str | None = None, timeout: float | None = None) -> tuple[str, str]:
        """Send standard input, wait for the end, and return the output. Raise subprocess.TimeoutExpired."""
        if self._stdin is not None:
            with contextlib.suppress(BrokenPipeError), os.fdopen(self._stdin, "w", encoding="utf-8") as stdin:
                self._stdin = None
                stdin.write(input or "")
        self._reader.join(timeout)
        if self._reader.is_alive():
            raise subprocess.TimeoutExpired("az", timeout or 0)
        if self.returncode is None:
            self.returncode = int(self._ends.readline())
            self._ends.close()
        stdout, stderr = (written.decode() for written in self._written)
        return stdout, stderr

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code at the command's end, negative for a signal."""
        self.communicate(timeout=timeout)
        assert self.returncode is not None
        return self.returncode

    def _read(self) -> None:
        with selectors.DefaultSelector() as selector:
            for number, stream in self._streams.items():
                selector.register(stream, selectors.EVENT_READ, number)
            while selector.get_map():
                for key, _ in selector.select():
                    chunk = os.read(key.fd, 1 << 16)
                    self._written[key.data] += chunk
                    if not chunk:
                        selector.unregister(key.fd)
                        os.close(key.fd)


class ForkedAz(AzureCli):
    """A context manager that runs commands as `AzureCli` does, each in a forked child.

    `clock`: the simulator's clock, which every command then follows. Its waits take no real time, and waits of several
    commands end in the right order. None is the machine's clock. `speed`: divides the duration of all sleeps. If the
    environment differs in variables that Python or azure-cli reads at start-up, commands run in a new process.
    """

    def __init__(self, host: Host, environment: Mapping[str, str], speed: float = 1) -> None:
        super().__init__(host.az, environment)
        self.speed = speed
        self.clock: SharedClock | None = None
        self._forks = dict(environment)
        self._folder = tempfile.TemporaryDirectory(prefix="az-")
        self._address = f"{self._folder.name}/socket"
        self._fork_server = subprocess.Popen(
            [str(host.python), str(_FORK_SERVER), self._address],
            cwd=environment["HOME"],
            env={**environment, "AZ_INSTALLER": "PIP"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the tests
            preexec_fn=child_setup(),
        )
        self.pid = self._fork_server.pid
        assert self._fork_server.stdout
        assert self._fork_server.stdout.readline() == "ready\n"
        launcher = Path(self._folder.name, "bin", "az")
        launcher.parent.mkdir()
        program = shlex.join([sys.executable, "-I", "-S", str(_FORK_CLIENT), self._address])
        launcher.write_text(f'#!/bin/sh\nexec {program} "$@"\n')
        launcher.chmod(0o755)

    def __enter__(self) -> ForkedAz:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._fork_server.kill()
        self._fork_server.wait()
        assert self._fork_server.stdout
        self._fork_server.stdout.close()
        self._folder.cleanup()

    def together(self, *commands: str, seconds: float = PATIENCE) -> list[Result]:
        """Run several `az` processes at the same time, each for at most `seconds` of real time.

        On a shared clock they start at the same moment.
        """
        with self.clock.held() if self.clock else contextlib.nullcontext():
            processes = [self.start(command) for command in commands]
        return [result_of(process, seconds=seconds) for process in processes]

    def start(self, command: str, stderr: int = subprocess.PIPE, stdin: int = subprocess.DEVNULL) -> Process:
        """Start `az COMMAND`."""
        if self._needs_start():
            return super().start(command, stderr, stdin)
        request = {
            "arguments": shlex.split(command),
            "environment": {**self.environment, "AZ_INSTALLER": "PIP"},
            "folder": self.environment["HOME"],
            "speed": self.speed,
            "clock": self.clock and {"client": str(self.clock.client), "folder": self.clock.folder},
        }
        with contextlib.ExitStack() as sent, socket.socket(socket.AF_UNIX) as connection:
            ours: dict[int, int] = {}
            streams = [_stream(stdin, 0, ours, sent), _stream(subprocess.PIPE, 1, ours, sent)]
            streams.append(_stream(stderr, 2, ours, sent))
            connection.connect(self._address)
            socket.send_fds(connection, [json.dumps(request).encode()], streams)
            return ForkedProcess(connection, ours.pop(0, None), {number - 1: end for number, end in ours.items()})

    def shell_environment(self) -> dict[str, str]:
        """Return the environment of a shell in which `az` is forked and follows the clock."""
        if self._needs_start():
            return super().shell_environment()
        path = f"{self._folder.name}/bin{os.pathsep}{self.environment.get('PATH', os.defpath)}"
        clock = self.clock.environment() if self.clock else {}
        return {**self.environment, **clock, "PATH": path}

    def _needs_start(self) -> bool:
        changed = {name for name, _ in self.environment.items() ^ self._forks.items()}
        return any(name.startswith(_READ_AT_START) for name in changed)

    def killed(self, command: str, after: float) -> Result:
        """Run `az COMMAND` and kill it after the given seconds, unless it has ended."""
        process = self.start(command)
        time.sleep(after)
        process.kill()
        return result_of(process)


def _stream(given: int, number: int, ours: dict[int, int], sent: contextlib.ExitStack) -> int:
    """Return the descriptor to send as the stream of that number; of a pipe, keep the other end in `ours`."""
    if given == subprocess.PIPE:
        ends = os.pipe()
        theirs, ours[number] = ends if number == 0 else ends[::-1]
    elif given == subprocess.DEVNULL:
        theirs = os.open(os.devnull, os.O_RDWR)
    else:
        return given
    sent.callback(os.close, theirs)
    return theirs
