# SPDX-License-Identifier: MIT
"""Send many requests in parallel, and read each value once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

from knack.util import CLIError

# A client keeps ten connections open; with more threads, connections would be closed and reopened for each request.
AT_ONCE = 8
# Seconds between two frames of the spinner.
_FRAME = 0.25
# Seconds of one interval of a wait.
_POLL = 0.25

Found = TypeVar("Found")
ReportProgress = Callable[[int], object]


def for_each(
    resource_ids: Iterable[str], read: Callable[[str], Found], report: ReportProgress = lambda _: None
) -> dict[str, Found | CLIError]:
    """Return what `read` returns for each resource ID, or the azure-cli error it raises, by the ID in lower case.

    IDs that differ only in case are read once. At most `AT_ONCE` are read at the same time. `report` is called with
    the number of IDs read so far.
    """
    ids = by_lower_case(resource_ids)
    return dict(zip(ids, do_all(partial(or_error, read), ids.values(), report), strict=True))


def do_all(
    do: Callable[[str], Found],
    resource_ids: Iterable[str],
    report: ReportProgress = lambda _: None,
    *,
    at_once: int = AT_ONCE,
) -> list[Found]:
    """Return what `do` returns for each resource ID, at most `at_once` at the same time.

    `report` is called with the number of calls that have ended. After the first error, start no more calls, wait for
    those that are running, and raise the error. After Ctrl-C, neither start nor wait for any.
    """
    futures = _begin_all(do, list(resource_ids), at_once)
    pending = set(futures)
    try:
        while pending:
            done, pending = wait(pending, timeout=_FRAME, return_when=FIRST_COMPLETED)
            for future in done:
                if not future.cancelled():
                    future.result()
            report(len(futures) - len(pending))
    except BaseException as error:
        started = [future for future in futures if not future.cancel()]
        if isinstance(error, Exception):
            wait(started)
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


class _PolledFuture(Future[Found]):  # pylint: disable=too-few-public-methods
    """A future whose result is waited for in short intervals.

    On Windows, Ctrl-C does not end a wait of Python's main thread that has no timeout.
    """

    def result(self, timeout: float | None = None) -> Found:
        """Return the result, or raise the error. Without a timeout, wait until there is one of them."""
        while timeout is None and not self.done():
            wait([self], timeout=_POLL)
        return super().result(timeout)


def begin(run: Callable[..., Found], *arguments: Any) -> Future[Found]:
    """Call `run` in a daemon thread and return its future.

    Unlike the threads of an executor, a daemon thread does not delay the exit of az, so Ctrl-C ends a command at once.
    """
    future: Future[Found] = _PolledFuture()
    Thread(target=_run, args=(future, run, *arguments), daemon=True).start()
    return future


def _begin_all(do: Callable[[str], Found], arguments: Sequence[str], at_once: int) -> list[Future[Found]]:
    """Call `do` for each argument, at most `at_once` at the same time. After the first error, start no more calls."""
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
            _run(future, do, argument)
            if not future.cancelled() and future.exception():
                for each in futures:
                    each.cancel()

    for _ in range(min(at_once, len(futures))):
        Thread(target=work, daemon=True).start()
    return futures


def _run(future: Future[Found], run: Callable[..., Found], *arguments: Any) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(run(*arguments))
    except BaseException as error:  # pylint: disable=broad-exception-caught
        future.set_exception(error)  # also SystemExit, which would end the thread and leave all who wait


class ReadOnce:  # pylint: disable=too-few-public-methods
    """Read the value of each key once, whatever the number of threads that request it; read several in parallel."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        self._read = read
        self._lock = Lock()
        self._futures: dict[str, Future[Any]] = {}

    def __call__(self, key: str) -> Any:
        """Return the value of the key, ignoring case. Raise the error that `read` raised for the key."""
        with self._lock:
            future = self._futures.get(key.lower())
            is_first = future is None
            if future is None:
                future = self._futures[key.lower()] = Future()
        if is_first:
            _run(future, self._read, key)
        return future.result()
