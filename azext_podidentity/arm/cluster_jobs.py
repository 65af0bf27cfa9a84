# SPDX-License-Identifier: MIT
"""Let Ctrl-C end a command at once that `--ids` runs for several clusters.

az runs one job per ID in an executor and, also after Ctrl-C, waits for all of them, which takes as long as their
operations. So each job runs in a thread that az does not wait for, and the executor's thread waits for the job or for
Ctrl-C, whichever comes first.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from types import FrameType
from typing import TYPE_CHECKING, Any

from knack.events import EVENT_CLI_POST_EXECUTE

from azext_podidentity.arm.concurrency import begin
from azext_podidentity.cli.interruption import begin_notes
from azext_podidentity.cli.target import reference_of

if TYPE_CHECKING:
    from azure.cli.core import AzCli

_KEY = "pod_identity_interrupted"
Handler = Callable[[dict[str, Any]], Any]


def watch_interrupts(cli_ctx: AzCli) -> None:
    """Let the jobs of the invocation end at Ctrl-C, which is handled as before besides. The handler is restored.

    Do nothing if Ctrl-C is ignored, or if az does not run in the main thread, which alone gets it.
    """
    previous = signal.getsignal(signal.SIGINT)
    if not callable(previous) or threading.current_thread() is not threading.main_thread():
        return
    interrupted: Future[None] = Future()
    cli_ctx.invocation.data[_KEY] = interrupted

    def interrupt(number: int, frame: FrameType | None) -> None:
        if not interrupted.done():
            interrupted.set_result(None)
        previous(number, frame)

    def restore(ended: AzCli, **_: object) -> None:
        ended.unregister_event(EVENT_CLI_POST_EXECUTE, restore)
        signal.signal(signal.SIGINT, previous)

    cli_ctx.register_event(EVENT_CLI_POST_EXECUTE, restore)
    signal.signal(signal.SIGINT, interrupt)


def run_job(handler: Handler, arguments: dict[str, Any]) -> Any:
    """Return what the handler of a command returns. Raise KeyboardInterrupt once Ctrl-C was pressed."""
    cmd = arguments["cmd"]
    interrupted: Future[None] | None = cmd.cli_ctx.invocation.data.get(_KEY)
    if interrupted is None:
        return handler(arguments)
    begin_notes(cmd.cli_ctx, reference_of(cmd, arguments["resource_group_name"], arguments["cluster_name"]))
    if not interrupted.done():
        job = begin(handler, arguments)
        wait([job, interrupted], return_when=FIRST_COMPLETED)
        if not interrupted.done():
            return job.result()
    raise KeyboardInterrupt
