# SPDX-License-Identifier: MIT
"""Many requests at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

from knack.util import CLIError

# A client keeps ten connections; with more threads they would be made anew all the time.
AT_ONCE = 8
# Seconds between two turns of a spinner.
_TURN = 0.25

Found = TypeVar("Found")
Tell = Callable[[int], object]


def for_each(
    resource_ids: Iterable[str], read: Callable[[str], Found], tell: Tell = lambda _: None
) -> dict[str, Found | CLIError]:
    """Return what `read` returns for each resource ID, or the azure-cli error it raises, by the ID in lower case.

    IDs that differ only in case are read once. At most `AT_ONCE` are read at the same time; `tell` is called often,
    with how many have been read.
    """
    ids = by_lower_case(resource_ids)
    return dict(zip(ids, do_all(partial(or_error, read), ids.values(), tell), strict=True))


def do_all(
    do: Callable[[str], Found], resource_ids: Iterable[str], tell: Tell = lambda _: None, *, at_once: int = AT_ONCE
) -> list[Found]:
    """Return what `do` returns for each resource ID, at most `at_once` at the same time.

    `tell` is called often, with how many are done. Raise the first error, after which no more is begun, once those
    that were are done. After Ctrl-C nothing is begun or waited for.
    """
    futures = _begin_all(do, list(resource_ids), at_once)
    doing = set(futures)
    try:
        while doing:
            over, doing = wait(doing, timeout=_TURN, return_when=FIRST_COMPLETED)
            for future in over:
                if not future.cancelled():
                    future.result()
            tell(len(futures) - len(doing))
    except BaseException as error:
        begun = [future for future in futures if not future.cancel()]
        if isinstance(error, Exception):
            wait(begun)
        raise
    return [future.result() for future in futures]


def by_lower_case(resource_ids: Iterable[str]) -> dict[str, str]:
    """Return the resource IDs by their lower case; the first of those that differ only in case."""
    ids: dict[str, str] = {}
    for each in resource_ids:
        ids.setdefault(each.lower(), each)
    return ids


def or_error(read: Callable[..., Found], *arguments: Any) -> Found | CLIError:
    """Return what `read` returns, or the azure-cli error it raises."""
    try:
        return read(*arguments)
    except CLIError as error:
        return error


def begin(run: Callable[..., Found], *arguments: Any) -> Future[Found]:
    """Run it in a thread that az does not wait for at its end, unlike those of an executor.

    So Ctrl-C ends a command at once, whatever a request in the thread waits for.
    """
    future: Future[Found] = Future()
    Thread(target=_carry_out, args=(future, run, *arguments), daemon=True).start()
    return future


def _begin_all(do: Callable[[str], Found], arguments: Sequence[str], at_once: int) -> list[Future[Found]]:
    """As `begin` for each of the arguments, at most `at_once` at the same time; none more after the first error."""
    futures: list[Future[Found]] = [Future() for _ in arguments]
    tasks: SimpleQueue[tuple[Future[Found], str]] = SimpleQueue()
    for task in zip(futures, arguments, strict=True):
        tasks.put(task)

    def work() -> None:
        while True:
            try:
                future, argument = tasks.get_nowait()
            except Empty:
                return
            _carry_out(future, do, argument)
            if not future.cancelled() and future.exception():
                for each in futures:
                    each.cancel()

    for _ in range(min(at_once, len(futures))):
        Thread(target=work, daemon=True).start()
    return futures


def _carry_out(future: Future[Found], run: Callable[..., Found], *arguments: Any) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(run(*arguments))
    except BaseException as error:  # pylint: disable=broad-exception-caught
        future.set_exception(error)  # also SystemExit, which would end the thread and leave all who wait


class Once:  # pylint: disable=too-few-public-methods
    """Read the value of each key once, for all the threads that ask for it, those of different keys in parallel."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        self._read = read
        self._lock = Lock()
        self._futures: dict[str, Future[Any]] = {}

    def __call__(self, key: str) -> Any:
        """Return the value of the key, ignoring case. Raise the error with which its reading ended."""
        with self._lock:
            future = self._futures.get(key.lower())
            mine = future is None
            if future is None:
                future = self._futures[key.lower()] = Future()
        if mine:
            _carry_out(future, self._read, key)
        return future.result()


class Shared:  # pylint: disable=too-few-public-methods
    """Makes the client of a subscription once, for all the threads that ask for it."""

    def __init__(self, make: Callable[[str], Any]) -> None:
        self._make = make
        self._lock = Lock()
        self._made: dict[str, Any] = {}

    def __call__(self, subscription_id: str) -> Any:
        """Return the client of the subscription."""
        key = subscription_id.lower()
        with self._lock:
            if key not in self._made:
                self._made[key] = self._make(subscription_id)
            return self._made[key]
