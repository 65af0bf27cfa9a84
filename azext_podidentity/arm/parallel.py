"""Many requests at the same time, each failing by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, TypeVar

from knack.util import CLIError

# A client keeps ten connections; with more threads they would be made anew all the time.
AT_ONCE = 8

Found = TypeVar("Found")


def for_each(resource_ids: Iterable[str], read: Callable[[str], Found]) -> dict[str, Found | CLIError]:
    """What `read` returns for each resource id, or the azure-cli error it raises, by the id in lower case.

    Ids that differ in case alone are read once. At most `AT_ONCE` are read at the same time. After Ctrl-C only those
    that were begun are read to their end.
    """
    ids: dict[str, str] = {}
    for each in resource_ids:
        ids.setdefault(each.lower(), each)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        futures = {key: pool.submit(or_error, read, each) for key, each in ids.items()}
        try:
            return {key: future.result() for key, future in futures.items()}
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def or_error(read: Callable[..., Found], *arguments: Any) -> Found | CLIError:
    """What `read` returns, or the azure-cli error it raises."""
    try:
        return read(*arguments)
    except CLIError as error:
        return error


class Shared:
    """Makes the client of a subscription once, for all the threads that ask for it."""

    def __init__(self, make: Callable[[str], Any]) -> None:
        self._make = make
        self._lock = Lock()
        self._made: dict[str, Any] = {}

    def __call__(self, subscription_id: str) -> Any:
        key = subscription_id.lower()
        with self._lock:
            if key not in self._made:
                self._made[key] = self._make(subscription_id)
            return self._made[key]
