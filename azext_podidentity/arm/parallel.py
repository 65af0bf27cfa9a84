"""Many requests at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from functools import partial
from threading import Lock
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
    """What `read` returns for each resource id, or the azure-cli error it raises, by the id in lower case.

    Ids that differ in case alone are read once. At most `AT_ONCE` are read at the same time; `tell` often hears how
    many are.
    """
    ids = by_lower_case(resource_ids)
    return dict(zip(ids, do_all(partial(or_error, read), ids.values(), tell), strict=True))


def do_all(do: Callable[[str], Found], resource_ids: Iterable[str], tell: Tell = lambda _: None) -> list[Found]:
    """What `do` returns for each resource id, at most `AT_ONCE` at the same time; `tell` often hears how many are done.

    Raises the first error, after which no more is begun; nor is it after Ctrl-C.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        futures = [pool.submit(do, each) for each in resource_ids]
        try:
            doing = set(futures)
            while doing:
                over, doing = wait(doing, timeout=_TURN, return_when=FIRST_COMPLETED)
                for future in over:
                    future.result()
                tell(len(futures) - len(doing))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [future.result() for future in futures]


def by_lower_case(resource_ids: Iterable[str]) -> dict[str, str]:
    """The resource ids by what they are in lower case; of those that differ in case alone the first."""
    ids: dict[str, str] = {}
    for each in resource_ids:
        ids.setdefault(each.lower(), each)
    return ids


def or_error(read: Callable[..., Found], *arguments: Any) -> Found | CLIError:
    """What `read` returns, or the azure-cli error it raises."""
    try:
        return read(*arguments)
    except CLIError as error:
        return error


class Shared:  # pylint: disable=too-few-public-methods
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
