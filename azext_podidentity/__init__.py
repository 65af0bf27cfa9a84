# SPDX-License-Identifier: MIT
"""The Azure CLI extension for pod-managed identities of AKS clusters.

az imports this module for every `az aks` command, so nothing heavy is imported at its top.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from azure.cli.core import AzCommandsLoader

if TYPE_CHECKING:
    from azure.cli.core import AzCli
    from azure.cli.core.commands import AzCliCommand


class PodIdentityCommandsLoader(AzCommandsLoader):  # type: ignore[misc]
    """Register the commands of the extension, and the arguments of the one that runs."""

    def __init__(self, cli_ctx: AzCli | None = None) -> None:
        from azure.cli.core.commands import CliCommandType
        from azure.cli.core.profiles import ResourceType

        super().__init__(
            cli_ctx=cli_ctx,
            # The argument definitions of azure-cli's `acs` module check the API version of this type.
            resource_type=ResourceType.MGMT_CONTAINERSERVICE,
            custom_command_type=CliCommandType(operations_tmpl="azext_podidentity.custom#{}"),
        )

    def load_command_table(self, args: list[str] | None) -> dict[str, AzCliCommand]:
        """Register the commands; those of the group only if the command line may be about them.

        `aks create` and `aks update` are registered for every command line, because az's index lists an extension
        under the words of the commands that it registers. They are left to aks-preview if it is installed.
        """
        from azext_podidentity.commands_cluster import load_cluster_commands
        from azext_podidentity.host import aks_preview

        if aks_preview.is_installed():
            from azext_podidentity import _help

            self._load_group()
            aks_preview.keep_group(self, _help.HELP)
            load_cluster_commands(self)
            aks_preview.leave_cluster_commands(self, "aks create", "aks update")
        else:
            load_cluster_commands(self)
            if not self._names_command_of_host(args):
                self._load_group()
        table: dict[str, AzCliCommand] = self.command_table
        return table

    def _load_group(self) -> None:
        """Register the commands of the group and their help."""
        from knack.help_files import helps

        from azext_podidentity import _help, commands

        helps.update(_help.HELP)
        commands.load_command_table(self)

    def _names_command_of_host(self, args: list[str] | None) -> bool:
        """Return whether the command line is that of a command that az has loaded already, as `aks show`."""
        from azure.cli.core.util import roughly_parse_command

        invocation = self.cli_ctx.invocation
        return bool(args and invocation and roughly_parse_command(args) in invocation.commands_loader.command_table)

    def load_arguments(self, command: str) -> None:
        """Register the arguments of `command`."""
        from azext_podidentity._params import load_arguments

        load_arguments(self, command)


COMMAND_LOADER_CLS = PodIdentityCommandsLoader
