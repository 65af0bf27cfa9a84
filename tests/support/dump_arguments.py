# SPDX-License-Identifier: MIT
"""Print the arguments of an az command as JSON, with the host's interpreter: dump_arguments.py "aks update"."""

from __future__ import annotations

import json
import sys
from typing import Any

from azure.cli.core import get_default_cli
from knack.arguments import CLIArgumentType


def dump(command: str) -> dict[str, dict[str, str]]:
    """Return the settings (options, default, help, validator, completer, ...) of each argument as text, by name."""
    cli = get_default_cli()
    invocation = cli.invocation_cls(
        cli_ctx=cli,
        parser_cls=cli.parser_cls,
        commands_loader_cls=cli.commands_loader_cls,
        help_cls=cli.help_cls,
    )
    cli.invocation = invocation
    invocation.data["command_string"] = command
    loader = invocation.commands_loader
    loader.load_command_table(command.split())
    loader.command_name = command
    loader.load_arguments(command)
    arguments = loader.command_table[command].arguments
    return {name: _settings(argument.type) for name, argument in arguments.items()}


def _settings(type_: CLIArgumentType) -> dict[str, str]:
    return {name: _text(value) for name, value in sorted(type_.settings.items())}


def _text(value: Any) -> str:
    """Return the text of a value without memory addresses, which differ between runs."""
    if callable(value):
        return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', type(value).__qualname__)}"
    return repr(value) if not hasattr(value, "__dict__") else f"{type(value).__qualname__}"


if __name__ == "__main__":
    print(json.dumps(dump(sys.argv[1])))
