# SPDX-License-Identifier: MIT
"""The state of threads of other processes, as Linux shows it in /proc."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

_PROC = Path("/proc")
_STATE = re.compile(r"^State:\t(\w)", re.MULTILINE)
_SWITCHES = re.compile(r"^(?:non)?voluntary_ctxt_switches:\t(\d+)$", re.MULTILINE)

# Of each thread, by its ID: how often it was given a processor and gave it back. One that ran has other numbers.
Snapshot = dict[int, tuple[str, ...]]


def waiting_threads(processes: Iterable[int], threads: Iterable[int], asleep: frozenset[int]) -> Snapshot | None:
    """Return how often each thread ran, or None if any of them runs or is ready to run.

    Args:
        processes: process IDs; all threads of these and of the processes they started count.
        threads: IDs of single threads of this process that count too.
        asleep: thread IDs that do not count, because they are known to sleep on the clock.
    """
    if not _PROC.is_dir():
        return None
    snapshot: Snapshot = {}
    folders = [_PROC / "self" / "task" / str(thread) for thread in threads]
    for folder in (*folders, *(task for process in processes for task in _tasks(process))):
        if int(folder.name) in asleep:
            continue
        try:
            status = (folder / "status").read_text()
        except OSError:
            continue  # It has ended.
        state = _STATE.search(status)
        if state is None or state[1] not in "STtZX":
            return None
        snapshot[int(folder.name)] = tuple(_SWITCHES.findall(status))
    return snapshot


def _tasks(process: int) -> Iterator[Path]:
    """Yield the threads of a process and of its descendants."""
    try:
        tasks = list((_PROC / str(process) / "task").iterdir())
    except OSError:
        return
    yield from tasks
    for task in tasks:
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _tasks(int(child))
