"""The Azure CLI extension for pod-managed identities of AKS clusters.

az imports this module for every `az aks` command, so nothing heavy is imported at its top.
"""

from __future__ import annotations

from typing import Any

from azure.cli.core import AzCommandsLoader

from azext_podidentity import _help


class PodIdentityCommandsLoader(AzCommandsLoader):  # type: ignore[misc]
    """Registers the commands, and the arguments of the one at hand."""

    def __init__(self, cli_ctx: Any = None) -> None:
        from azure.cli.core.commands import CliCommandType
        from azure.cli.core.profiles import ResourceType

        super().__init__(
            cli_ctx=cli_ctx,
            # As the host's loader of `aks` has it: its arguments are judged by the API version of this type.
            resource_type=ResourceType.MGMT_CONTAINERSERVICE,
            custom_command_type=CliCommandType(operations_tmpl="azext_podidentity.custom#{}"),
        )

    def load_command_table(self, args: list[str] | None) -> dict[str, Any]:  # pylint: disable=unused-argument
        from azext_podidentity import commands
        from azext_podidentity.host import aks_preview

        commands.load_command_table(self)
        if aks_preview.is_installed():
            aks_preview.keep_group(self, _help.HELP)
        else:
            commands.load_cluster_commands(self)
        table: dict[str, Any] = self.command_table
        return table

    def load_arguments(self, command: str) -> None:
        from azext_podidentity._params import load_arguments

        load_arguments(self, command)


COMMAND_LOADER_CLS = PodIdentityCommandsLoader
