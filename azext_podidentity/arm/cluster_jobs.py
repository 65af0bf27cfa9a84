# SPDX-License-Identifier: MIT
"""The jobs of a command that `--ids` runs for several clusters.

az runs one job per ID in an executor and, also after Ctrl-C, waits for all of them, which takes as long as their
operations. So each job runs in a thread that az does not wait for, and the executor's thread waits for the job or for
Ctrl-C, whichever comes first.

az logs the errors of jobs with the IDs in another order than the errors, without recommendations, and exits with 0 if
one job succeeded. So the errors are printed here, each with its cluster.
"""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TYPE_CHECKING, Any

from azure.cli.core import commands
from knack.events import EVENT_CLI_POST_EXECUTE
from knack.log import get_logger

from azext_podidentity.arm.concurrency import begin
from azext_podidentity.cli.after_output import fail_for_cluster
from azext_podidentity.cli.interruption import begin_notes
from azext_podidentity.cli.target import reference_of

if TYPE_CHECKING:
    from azure.cli.core import AzCli

_KEY = "pod_identity_interrupted"
# Of `azure.cli.core.commands`, where az runs the jobs.
_HOST_LOGGER = get_logger(commands.__name__)
_HOST_MESSAGES = ('%s: "%s"', "Encountered more than one exception.")
Handler = Callable[[dict[str, Any]], Any]


def watch_jobs(cli_ctx: AzCli) -> None:
    """Prepare for several jobs: let them end at Ctrl-C, and replace az's messages about their errors."""
    interrupted: Future[None] = Future()
    cli_ctx.invocation.data[_KEY] = interrupted
    _HOST_LOGGER.addFilter(_is_other_message)
    restore_handler = _watch_interrupts(interrupted)

    def restore(ended: AzCli, **_: object) -> None:
        ended.unregister_event(EVENT_CLI_POST_EXECUTE, restore)
        _HOST_LOGGER.removeFilter(_is_other_message)
        restore_handler()

    cli_ctx.register_event(EVENT_CLI_POST_EXECUTE, restore)


def run_job(handler: Handler, arguments: dict[str, Any]) -> Any:
    """Return what the handler of a command returns.

    For one of several clusters, raise KeyboardInterrupt once Ctrl-C was pressed, and have az print errors at its end.
    """
    cmd = arguments["cmd"]
    interrupted: Future[None] | None = cmd.cli_ctx.invocation.data.get(_KEY)
    if interrupted is None:
        return handler(arguments)
    reference = reference_of(cmd, arguments["resource_group_name"], arguments["cluster_name"])
    begin_notes(cmd.cli_ctx, reference)
    if not interrupted.done():
        job = begin(handler, arguments)
        wait([job, interrupted], return_when=FIRST_COMPLETED)
    if interrupted.done():
        raise KeyboardInterrupt
    try:
        return job.result()
    except Exception as error:
        fail_for_cluster(cmd.cli_ctx, reference, error)
        raise


def _watch_interrupts(interrupted: Future[None]) -> Callable[[], object]:
    """Complete the future at Ctrl-C, which is handled as before besides. Return what ends this.

    A thread is woken by Python's signal handler itself: the main thread, in which handlers in Python run, is not always
    woken, and waits for the jobs. Do nothing if az does not run in the main thread, or if signals wake another thread.
    """
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    woken, wakes = socket.socketpair()
    wakes.setblocking(False)
    former = signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
    if former != -1:
        signal.set_wakeup_fd(former)
        return lambda: None

    def watch() -> None:
        while number := woken.recv(1):
            if number[0] == signal.SIGINT:
                interrupted.set_result(None)
                return

    threading.Thread(target=watch, daemon=True).start()

    def end() -> None:
        signal.set_wakeup_fd(-1)
        wakes.close()  # which ends the thread

    return end


def _is_other_message(record: logging.LogRecord) -> bool:
    """Return whether the message is not one about the errors of several jobs."""
    return record.msg not in _HOST_MESSAGES
