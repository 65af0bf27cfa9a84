# SPDX-License-Identifier: MIT
"""The Azure CLI extension for pod-managed identities of AKS clusters.

az imports this module for every `az aks` command, so nothing heavy is imported at its top.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from azure.cli.core import AzCommandsLoader

from azext_podidentity import _help

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
            # As in the host's `acs` module, whose argument definitions check the API version of this type.
            resource_type=ResourceType.MGMT_CONTAINERSERVICE,
            custom_command_type=CliCommandType(operations_tmpl="azext_podidentity.custom#{}"),
        )

    def load_command_table(self, args: list[str] | None) -> dict[str, AzCliCommand]:  # pylint: disable=unused-argument
        """Register the commands, and leave `aks create` and `aks update` to aks-preview if it is installed."""
        from azext_podidentity import commands
        from azext_podidentity.host import aks_preview

        commands.load_command_table(self)
        if aks_preview.is_installed():
            aks_preview.keep_group(self, _help.HELP)
            commands.load_cluster_commands(self)
            aks_preview.leave_cluster_commands(self, "aks create", "aks update")
        else:
            commands.load_cluster_commands(self)
        table: dict[str, AzCliCommand] = self.command_table
        return table

    def load_arguments(self, command: str) -> None:
        """Register the arguments of `command`."""
        from azext_podidentity._params import load_arguments

        load_arguments(self, command)


COMMAND_LOADER_CLS = PodIdentityCommandsLoader
