# SPDX-License-Identifier: MIT
"""Determine from the command line what az prints, and print text instead of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.cli.core import AzCli


def wants_text(cli_ctx: AzCli) -> bool:
    """Return whether a command prints its own text instead of the result.

    That is so unless the command line has a format or a query. The default format in az's configuration does not count.
    """
    return not has_option(cli_ctx, "--query") and (not is_format_given(cli_ctx) or _format(cli_ctx) == "yaml")


def at_terminal(cli_ctx: AzCli) -> bool:
    """Return whether standard output is a terminal and the command line has no format or query."""
    return sys.stdout.isatty() and not is_format_given(cli_ctx) and not has_option(cli_ctx, "--query")


def color_difference(cli_ctx: AzCli, text: str) -> str:
    """Return the text with lines that start with +, ~ or - in the colors of az's theme, if az shows colors."""
    if not (cli_ctx.enable_color and sys.stdout.isatty()):
        return text
    from azure.cli.core.style import Style, format_styled_text

    styles = {"+ ": Style.SUCCESS, "~ ": Style.WARNING, "- ": Style.ERROR}
    lines = text.splitlines()
    return "\n".join(format_styled_text((styles.get(line[:2], Style.PRIMARY), line)) for line in lines)


def wants_whole_table(cli_ctx: AzCli) -> bool:
    """Return whether az prints a table of the whole result, without a query."""
    return _format(cli_ctx) == "table" and not has_option(cli_ctx, "--query")


def is_format_given(cli_ctx: AzCli) -> bool:
    """Return whether the command line has `--output`."""
    return has_option(cli_ctx, "--output") or "-o" in _given(cli_ctx)


def has_option(cli_ctx: AzCli, option: str) -> bool:
    """Return whether the command line has the option, which may be abbreviated."""
    return any(len(name) > len("--") and option.startswith(name) for name in _given(cli_ctx))


def _given(cli_ctx: AzCli) -> list[str]:
    given: list[str] = cli_ctx.data.get("safe_params") or []
    return given


def _format(cli_ctx: AzCli) -> str:
    return str(cli_ctx.invocation.data["output"])
