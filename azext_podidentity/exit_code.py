"""How a command that printed its result can still fail: az prints only what a handler returns."""

from __future__ import annotations

from typing import Any

from knack.events import EVENT_CLI_SUCCESSFUL_EXECUTE
from knack.util import CLIError


def fail_after_output(cli_ctx: Any, error: CLIError) -> None:
    """Has az end with the error, on standard error and as its exit code, once it has printed the result."""

    def fail(cli: Any, **_: Any) -> None:
        cli.unregister_event(EVENT_CLI_SUCCESSFUL_EXECUTE, fail)
        raise error

    cli_ctx.register_event(EVENT_CLI_SUCCESSFUL_EXECUTE, fail)
