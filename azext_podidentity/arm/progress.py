"""Tells a person at the terminal what is being waited for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def progress(cli_ctx: Any, message: str) -> Iterator[Callable[..., None]]:
    """A spinner on standard error while the block runs; call what it yields often, to have it turn.

    That takes another message where there is one. Silent under --only-show-errors and where
    `core.disable_progress_bar` is set, as everywhere in az.
    """
    if cli_ctx.only_show_errors or cli_ctx.config.getboolean("core", "disable_progress_bar", False):
        yield lambda *_: None
        return
    from azure.cli.core.commands.progress import IndeterminateProgressBar

    spinner = IndeterminateProgressBar(cli_ctx, message=message)
    spinner.hook.begin(
        message=message
    )  # its own begin() says "Starting", and the next message comes too soon to be shown
    try:
        yield lambda message="": spinner.update_progress_with_msg(message)
    finally:
        spinner.end()


@contextmanager
def counted(cli_ctx: Any, message: str, count: int) -> Iterator[Callable[[int], None]]:
    """The same while many things are done: what it yields is called with how many of them are."""
    with progress(cli_ctx, message) as turn:
        yield lambda done: turn(f"{message}: {done} of {count}")
