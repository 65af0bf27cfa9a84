"""Tells a person at the terminal what is being waited for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def progress(cli_ctx: Any, message: str) -> Iterator[Callable[[], None]]:
    """A spinner on standard error while the block runs; call what it yields often, to have it turn.

    Silent under --only-show-errors and where `core.disable_progress_bar` is set, as everywhere in az.
    """
    if cli_ctx.only_show_errors or cli_ctx.config.getboolean("core", "disable_progress_bar", False):
        yield lambda: None
        return
    from azure.cli.core.commands.progress import IndeterminateProgressBar

    bar = IndeterminateProgressBar(cli_ctx, message=message)
    bar.begin()
    try:
        yield bar.update_progress
    finally:
        bar.end()
