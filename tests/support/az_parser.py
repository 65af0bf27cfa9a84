# SPDX-License-Identifier: MIT
"""The host's command line parser in this process, to verify suggested commands."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

# The host's modules with the commands that messages of the extension name; the extension replaces two of `acs`.
_MODULES = ("acs", "identity", "profile", "resource", "role")
_EXTENSION = "azext_podidentity"


class AzParser:
    """Parse command lines as az does, without running validators and commands."""

    def __init__(self) -> None:
        from azure.cli.core import get_default_cli

        self._cli = get_default_cli()
        self._cli.invocation = self._cli.invocation_cls(
            cli_ctx=self._cli,
            commands_loader_cls=self._cli.commands_loader_cls,
            parser_cls=self._cli.parser_cls,
            help_cls=self._cli.help_cls,
        )
        self._loaders: dict[str, Any] = {}
        for name in (*(f"azure.cli.command_modules.{module}" for module in _MODULES), _EXTENSION):
            loader = import_module(name).COMMAND_LOADER_CLS(cli_ctx=self._cli)
            for command_name, command in loader.load_command_table(None).items():
                command.command_source = name
                self._loaders[command_name] = loader

    @property
    def own_commands(self) -> list[str]:
        """Return the names of the commands that the extension registers."""
        return [name for name, loader in self._loaders.items() if type(loader).__module__.split(".")[0] == _EXTENSION]

    def parse(self, words: Sequence[str]) -> Any:
        """Return the arguments of a command line that starts with `az`. Raise AssertionError if az would refuse it."""
        assert words[0] == "az"
        prefixes = [" ".join(words[1:end]) for end in range(2, len(words) + 1)]
        name = next((prefix for prefix in prefixes if prefix in self._loaders), None)
        assert name, f"no such command: {words}"
        parser = _strict_parser()(cli_ctx=self._cli, prog="az", parents=[self._cli.invocation._global_parser])
        parser.load_command_table(self._with_arguments(name))
        return parser.parse_args(list(words[1:]))

    def removed(self, words: Sequence[str]) -> list[Any]:
        """Return the keys of the entries in a command line of `delete`."""
        from azext_podidentity._validators import validate_names

        parsed = self.parse(words)
        validate_names(parsed)
        return list(parsed.entry_names)

    def options(self, name: str) -> dict[str, str]:
        """Return the options of a command with their help texts, without az's global options."""
        parser = _strict_parser()(cli_ctx=self._cli, prog="az")
        parser.load_command_table(self._with_arguments(name))
        *groups, last = name.split()
        command = parser.subparsers[tuple(groups)].choices[last]
        return {action.option_strings[0]: action.help for action in command._actions if action.option_strings}

    def _with_arguments(self, name: str) -> Any:
        """Return az's loader with only this command and its arguments loaded, as az does for an invocation."""
        from azure.cli.core.commands import events

        self._cli.invocation.data["command_string"] = name
        main = self._cli.invocation.commands_loader
        main.command_table = {name: self._loaders[name].command_table[name]}
        main.cmd_to_loader_map = {name: [self._loaders[name]]}
        main.command_name = name
        self._cli.raise_event(events.EVENT_INVOKER_PRE_LOAD_ARGUMENTS, commands_loader=main)
        main.load_arguments(name)
        self._cli.raise_event(events.EVENT_INVOKER_POST_LOAD_ARGUMENTS, commands_loader=main)
        return main


def _strict_parser() -> Any:
    from azure.cli.core.parser import AzCliCommandParser

    class Parser(AzCliCommandParser):  # type: ignore[misc]
        """A parser that raises errors instead of printing them."""

        def error(self, message: str) -> NoReturn:
            raise AssertionError(f"{self.prog}: {message}")

    return Parser
