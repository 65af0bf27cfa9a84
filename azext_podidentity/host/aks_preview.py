# SPDX-License-Identifier: MIT

"""Coexist with the `aks-preview` extension, which also has an `aks pod-identity` group and cluster flags.

aks-preview keeps `aks create` and `aks update`, because it adds some 60 parameters that this extension would hide. If
az cannot load aks-preview, for example after an update of azure-cli, this extension takes them. It always provides the
group `aks pod-identity`, whichever extension az loads last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.cli.core import AzCli

from knack.log import get_logger

NAME = "aks-preview"
_PACKAGE = "azext_aks_preview"

logger = get_logger(__name__)


def is_installed() -> bool:
    """Return whether the `aks-preview` extension is installed beside this one."""
    from azure.cli.core.extension import extension_exists

    return bool(extension_exists(NAME))


def keep_group(loader: Any, help_texts: dict[str, str]) -> None:
    """Restore the loader's commands, arguments and help after all extensions are loaded."""
    from azure.cli.core.commands.events import EVENT_INVOKER_PRE_LOAD_ARGUMENTS

    ours = dict(loader.command_table)

    def restore(_cli_ctx: AzCli, commands_loader: Any, **_: Any) -> None:
        from knack.help_files import helps

        helps.update(help_texts)
        for name in ours.keys() & commands_loader.command_table.keys():
            # The arguments that az has already added to every command, such as --subscription, begin with '_'.
            replaced = commands_loader.command_table[name].arguments.items()
            ours[name].arguments.update({key: value for key, value in replaced if key.startswith("_")})
            commands_loader.command_table[name] = ours[name]
            commands_loader.cmd_to_loader_map[name] = [loader]

    loader.cli_ctx.register_event(EVENT_INVOKER_PRE_LOAD_ARGUMENTS, restore)


def leave_cluster_commands(loader: Any, *names: str) -> None:
    """Remove the commands from the loader in favor of aks-preview, and add them again if az cannot load it."""
    from azure.cli.core.commands.events import EVENT_INVOKER_PRE_LOAD_ARGUMENTS

    ours = {name: loader.command_table.pop(name) for name in names}

    def take_back(_cli_ctx: Any, commands_loader: Any, **_: Any) -> None:
        for name in ours.keys() & commands_loader.command_table.keys():
            loaders = commands_loader.cmd_to_loader_map.get(name, ())
            if any(type(each).__module__.split(".")[0] == _PACKAGE for each in loaders):
                continue
            logger.warning(
                "The extension aks-preview is installed, but az cannot load it, so 'az %s' uses the pod identity flags "
                "of the extension podidentity. To repair aks-preview, run: az extension update --name aks-preview",
                name,
            )
            loader.command_table[name] = commands_loader.command_table[name] = ours[name]
            commands_loader.cmd_to_loader_map[name] = [loader]

    loader.cli_ctx.register_event(EVENT_INVOKER_PRE_LOAD_ARGUMENTS, take_back)
