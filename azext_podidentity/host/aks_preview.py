"""Living with the `aks-preview` extension, which has an `aks pod-identity` group and cluster flags of its own.

`aks create` and `aks update` are left to it: it adds some 60 parameters that ours would hide. The group is ours,
whichever of the two extensions az loads last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.cli.core import AzCli

NAME = "aks-preview"


def is_installed() -> bool:
    """Return whether the `aks-preview` extension is installed beside this one."""
    from azure.cli.core.extension import extension_exists

    return bool(extension_exists(NAME))


def keep_group(loader: Any, help_texts: dict[str, str]) -> None:
    """Put the loader's commands, arguments and help back in place after all extensions are loaded."""
    from azure.cli.core.commands.events import EVENT_INVOKER_PRE_LOAD_ARGUMENTS

    ours = dict(loader.command_table)

    def restore(_cli_ctx: AzCli, commands_loader: Any, **_: Any) -> None:
        from knack.help_files import helps

        helps.update(help_texts)
        for name in ours.keys() & commands_loader.command_table.keys():
            # What az gives to every command by then, --subscription say, begins with an underscore.
            replaced = commands_loader.command_table[name].arguments.items()
            ours[name].arguments.update({key: value for key, value in replaced if key.startswith("_")})
            commands_loader.command_table[name] = ours[name]
            commands_loader.cmd_to_loader_map[name] = [loader]

    loader.cli_ctx.register_event(EVENT_INVOKER_PRE_LOAD_ARGUMENTS, restore)
