# SPDX-License-Identifier: MIT
"""Write docs/reference.md from the help texts and the options of each command."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from azure.cli.core.commands import AzCliCommand

_INTRODUCTION = """# Command reference

Generated from the help; `az aks pod-identity COMMAND --help` prints the same. Every command also takes the options that
all commands of az have, such as `--subscription`, `--output`, `--query` and `--only-show-errors`.

Select the cluster with `--resource-group` and `--cluster-name`, or with `--cluster` and its resource ID; all commands
but `list` also take `--ids` with several resource IDs. The flags of `az aks create` and `az aks update` are in
[upgrade-from-aks-preview.md](upgrade-from-aks-preview.md).
"""


def reference() -> str:
    """Return the page (Markdown)."""
    from azext_podidentity._help import HELP

    texts = {name: yaml.safe_load(text) for name, text in HELP.items()}
    parts = [_INTRODUCTION]
    for name, command in sorted(_commands().items()):
        if name in texts:
            parts += _section(name, texts[name], command)
    return "\n".join(parts)


def _commands() -> dict[str, AzCliCommand]:
    """Return the commands of the extension with their arguments loaded, by name."""
    from azure.cli.core import get_default_cli

    from azext_podidentity import COMMAND_LOADER_CLS

    cli = get_default_cli()
    cli.invocation = cli.invocation_cls(
        cli_ctx=cli, commands_loader_cls=cli.commands_loader_cls, parser_cls=cli.parser_cls, help_cls=cli.help_cls
    )
    loader, main = COMMAND_LOADER_CLS(cli_ctx=cli), cli.invocation.commands_loader
    commands = {name: each for name, each in loader.load_command_table(None).items() if "pod-identity" in name}
    for name, command in commands.items():
        cli.invocation.data["command_string"] = main.command_name = name
        main.command_table, main.cmd_to_loader_map = {name: command}, {name: [loader]}
        main.load_arguments(name)
    return commands


def _section(name: str, text: dict[str, Any], command: AzCliCommand) -> Iterator[str]:
    yield f"## az {name}\n\n{text['short-summary']}\n"
    if "long-summary" in text:
        yield f"{text['long-summary'].strip()}\n"
    rows = sorted(row for argument in command.arguments.values() if (row := _row(argument.type.settings)))
    yield "| option | required | meaning |\n| --- | --- | --- |"
    yield "".join(f"{row}\n" for row in rows)
    for example in text.get("examples", ()):
        yield f"{example['name']}\n\n```sh\n{' '.join(example['text'].split())}\n```\n"


def _row(settings: dict[str, Any]) -> str | None:
    from argparse import SUPPRESS

    names = [str(getattr(each, "target", each)) for each in settings.get("options_list") or ()]
    if settings.get("help") == SUPPRESS or not any(name.startswith("-") for name in names):
        return None
    meaning = " ".join(str(settings.get("help") or "").split()).replace("|", "\\|")
    options = ", ".join(f"`{name}`" for name in sorted(names, key=len, reverse=True))
    return f"| {options} | {'yes' if settings.get('required') else ''} | {meaning} |"
