"""How a command finds out which output the user asked for."""

from __future__ import annotations

from typing import Any


def wants_text(cli_ctx: Any) -> bool:
    """Whether a command that has a YAML text of its own prints that.

    It does unless the command line asks for another format or for a part: a default format that is set in az's
    configuration is meant for JSON.
    """
    given = cli_ctx.data.get("safe_params") or ()
    if any(_is(name, "--query") for name in given):
        return False
    formatted = any(name == "-o" or _is(name, "--output") for name in given)
    return not formatted or cli_ctx.invocation.data["output"] == "yaml"


def _is(name: str, option: str) -> bool:
    """Whether the option is given under that name, which may be shortened as far as it is clear."""
    return len(name) > len("--") and option.startswith(name)
