"""Everything a run needs, made where it is missing. One run at a time prepares; others wait for it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from development.console import note
from development.environment import is_made, prepare_environment
from development.paths import AZDEV, BUILD, HOSTS, NEWEST, PLOTTER, TEST_TOOLS, Host
from development.wheel import build_wheel, install_extension


def prepare_demo() -> None:
    """The newest azure-cli with the simulator and the extension. SetupError."""
    with _only_one():
        _announce([NEWEST])
        prepare_environment(NEWEST)
        _prepare_extension([NEWEST])


def prepare_benchmarks() -> None:
    """What the demo needs, and matplotlib. SetupError."""
    prepare_demo()
    with _only_one():
        prepare_environment(PLOTTER)


def prepare_tests() -> None:
    """Both azure-cli versions with the extension, and the test tools beside the newest. SetupError."""
    with _only_one():
        _announce(HOSTS)
        with ThreadPoolExecutor(len(HOSTS)) as pool:
            list(pool.map(prepare_environment, HOSTS, [TEST_TOOLS, None]))
        _prepare_extension(HOSTS)


def prepare_azdev() -> None:
    """The environment of azdev. SetupError."""
    with _only_one():
        prepare_environment(AZDEV)


def _prepare_extension(hosts: Sequence[Host]) -> None:
    build_wheel()
    with ThreadPoolExecutor(len(hosts)) as pool:
        list(pool.map(install_extension, hosts))


def _announce(hosts: Sequence[Host]) -> None:
    if not all(is_made(host) for host in hosts):
        note(f"Setting up in {BUILD.name}/ (the first time takes about a minute):")


@contextmanager
def _only_one() -> Iterator[None]:
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note("Waiting for another run to finish its set-up ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
