"""Tells a person what is being waited for: a spinner at a terminal, one line a stage elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from typing import Any

from knack.log import get_logger

logger = get_logger(__name__)

# Seconds that a stage takes before a line tells of it.
PATIENCE = 5.0
_STAGES = "pod_identity_stages"


class Lines:
    """Stages of one command in az's log: each once, and only after the patience of a person who reads it.

    As warnings, since az shows nothing below them unless asked. Only waiting that lasts is worth one: a command that
    is over soon leaves standard error empty.
    """

    def __init__(self, cli_ctx: Any, message: str) -> None:
        self._message = message
        # When each was first seen; a role, for one, is waited for again and again.
        self._stages: dict[str, float] = cli_ctx.data.setdefault(_STAGES, {})

    def tell(self, detail: str = "") -> None:
        """Tells the stage, with what is known of it by now."""
        self._tell(self._message, detail or self._message)

    def begin(self) -> None:
        """Here and below: what az's LongRunningOperation asks of a progress bar."""

    def update_progress_with_msg(self, message: str) -> None:
        """Tells the stage that the operation says it is in."""
        text = f"{self._message}: {message}" if message else self._message
        self._tell(text, text)

    def stop(self) -> None:
        """The operation failed or was interrupted, which az tells."""

    def end(self) -> None:
        """The operation is over."""

    def _tell(self, stage: str, text: str) -> None:
        now = time.monotonic()
        if now - self._stages.setdefault(stage, now) >= PATIENCE:
            self._stages[stage] = inf  # told
            logger.warning(text)


@contextmanager
def progress(cli_ctx: Any, message: str) -> Iterator[Callable[..., None]]:
    """Shows the message on standard error while the block runs; call what it yields often, to have a spinner turn.

    That takes another message where there is one. Silent under --only-show-errors and where
    `core.disable_progress_bar` is set, as everywhere in az.
    """
    if _is_silent(cli_ctx):
        yield lambda *_: None
        return
    if not sys.stderr.isatty():
        lines = Lines(cli_ctx, message)
        lines.tell()
        yield lines.tell
        return
    from azure.cli.core.commands.progress import IndeterminateProgressBar

    spinner = IndeterminateProgressBar(cli_ctx, message=message)
    # Its own begin() says "Starting", and the next message comes too soon to be shown.
    spinner.hook.begin(message=message)
    try:
        yield lambda message="": spinner.update_progress_with_msg(message)
    finally:
        spinner.end()


@contextmanager
def counted(cli_ctx: Any, message: str, count: int) -> Iterator[Callable[[int], None]]:
    """The same while many things are done: what it yields is called with how many of them are."""
    with progress(cli_ctx, message) as turn:
        yield lambda done: turn(f"{message}: {done} of {count}")


def stage_lines(cli_ctx: Any, message: str) -> Lines | None:
    """What az's LongRunningOperation shows the stages with; None where there is a terminal, or nothing to be shown."""
    return None if _is_silent(cli_ctx) or sys.stderr.isatty() else Lines(cli_ctx, message)


def _is_silent(cli_ctx: Any) -> bool:
    return bool(cli_ctx.only_show_errors or cli_ctx.config.getboolean("core", "disable_progress_bar", False))
