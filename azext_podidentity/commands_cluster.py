# SPDX-License-Identifier: MIT
"""The commands `aks create` and `aks update` with the pod identity flags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azure.cli.core.commands import CliCommandType

from azext_podidentity._client_factory import cf_managed_clusters

if TYPE_CHECKING:
    from azext_podidentity import PodIdentityCommandsLoader


def load_cluster_commands(loader: PodIdentityCommandsLoader) -> None:
    """Replace azure-cli's `aks create` and `aks update` with handlers that accept the pod identity flags."""
    handlers = CliCommandType(operations_tmpl="azext_podidentity.host.cluster_commands#{}")
    with loader.command_group("aks", custom_command_type=handlers, client_factory=cf_managed_clusters) as group:
        group.custom_command("create", "aks_create", supports_no_wait=True)
        group.custom_command("update", "aks_update", supports_no_wait=True)
