# SPDX-License-Identifier: MIT
"""Processes on the simulator's clock: sleeps take no real time, and work takes real time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from azure_simulator import NO_LIMITS, Simulator
from azure_simulator.shared_clock import SharedClock
from tests.support.processes import child_setup

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="the clock looks at threads below /proc")


@pytest.fixture
def clock() -> Iterator[SharedClock]:
    with SharedClock() as clock:
        yield clock


def start(clock: SharedClock, program: str, **environment: str) -> subprocess.Popen[str]:
    """Start a Python program on the clock. Return when it has joined."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"print('ready', flush=True)\n{program}"],
        env={**os.environ, **clock.environment(), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=child_setup(),
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def output(process: subprocess.Popen[str]) -> str:
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    return stdout


def test_sleep_advances_only_simulated_clock(clock: SharedClock) -> None:
    started, before = time.monotonic(), clock.now()
    program = """
import time
wall, monotonic = time.time(), time.monotonic()
time.sleep(3600)
assert 3600 <= time.time() - wall < 3700
assert 3600 <= time.monotonic() - monotonic < 3700
"""
    output(start(clock, program))
    assert 3600 <= clock.now() - before < 3700
    assert time.monotonic() - started < 60


def test_clock_follows_real_time_during_work(clock: SharedClock) -> None:
    """While one process works for half a second, a process with a long sleep must not wake up."""
    with clock.held():
        sleeper = start(clock, "import time; time.sleep(1000)")
        worker = start(
            clock,
            """
import time
end = time.perf_counter() + 0.5
before = time.monotonic()
while time.perf_counter() < end:
    pass
print(time.monotonic() - before)
""",
        )
    assert float(output(worker)) < 5
    output(sleeper)


def test_processes_wake_up_in_order(clock: SharedClock, tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = """
import os, sys, time
for _ in range(5):
    time.sleep(float(os.environ["PAUSE"]))
    with open(os.environ["LOG"], "a") as log:
        log.write(f"{time.monotonic()} ")
"""
    with clock.held():
        processes = [start(clock, program, PAUSE=str(pause), LOG=str(log)) for pause in (7, 30, 101)]
    for process in processes:
        output(process)
    times = [float(word) for word in log.read_text().split()]
    assert len(times) == 15
    assert times == sorted(times)
    assert 5 * 101 - 8 < times[-1] - times[0] < 5 * 101 + 60


def test_thread_joining_sleeping_thread(clock: SharedClock) -> None:
    program = """
import threading, time
thread = threading.Thread(target=time.sleep, args=(500,))
thread.start()
thread.join()
"""
    before = clock.now()
    output(start(clock, program))
    assert clock.now() - before >= 500


def test_child_process_works_while_parent_sleeps(clock: SharedClock) -> None:
    """A child process such as kubectl does not use the clock."""
    program = """
import subprocess, sys, threading, time
threading.Thread(target=time.sleep, args=(1000,)).start()
before = time.monotonic()
subprocess.run([sys.executable, "-IS", "-c", "sum(range(10**7))"], check=True)
print(time.monotonic() - before)
"""
    assert float(output(start(clock, program))) < 100


def test_interrupt_ends_sleep(clock: SharedClock) -> None:
    with clock.held():
        process = start(clock, "import time; time.sleep(1000)")
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in stderr


def test_killed_process_does_not_stop_clock(clock: SharedClock) -> None:
    with clock.held():
        process = start(clock, "import time; time.sleep(1000)")
        process.kill()
        process.communicate()
    before = clock.now()
    output(start(clock, "import time; time.sleep(10)"))
    assert 10 <= clock.now() - before < 500


def test_clock_waits_for_request_in_flight(clock: SharedClock) -> None:
    """Otherwise, sleeps of other processes would end during the request."""
    program = """
import os, time, httpx
with httpx.Client(verify=os.environ["CA"], trust_env=False) as client:
    for _ in range(20):
        before = time.monotonic()
        assert client.get(os.environ["URL"]).status_code == 401
        print(time.monotonic() - before)
"""
    with Simulator(clock=clock, limits=NO_LIMITS) as simulator:
        simulator.settings.azure_cli_latency = 0.05
        with clock.held():
            sleeper = start(clock, "import time\nfor _ in range(1000): time.sleep(100)")
            client = start(clock, program, URL=f"{simulator.url}/subscriptions", CA=str(simulator.ca_file))
            took = [float(line) for line in output(client).split()]
    sleeper.kill()
    sleeper.communicate()
    assert max(took) < 50, took
