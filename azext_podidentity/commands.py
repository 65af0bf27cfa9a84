"""The table of commands."""

from __future__ import annotations

from typing import Any

from azure.cli.core.commands import CliCommandType

from azext_podidentity._client_factory import cf_managed_clusters
from azext_podidentity._format import (
    difference_table,
    document_table,
    entry_table,
    exceptions_table,
    findings_table,
    per_cluster,
    pod_identities_table,
)
from azext_podidentity._format_migrate import migration_table


def load_cluster_commands(loader: Any) -> None:
    """Registers `aks create` and `aks update` in place of the host's, with the pod identity flags."""
    handlers = CliCommandType(operations_tmpl="azext_podidentity.host.cluster_commands#{}")
    with loader.command_group("aks", custom_command_type=handlers, client_factory=cf_managed_clusters) as group:
        group.custom_command("create", "aks_create", supports_no_wait=True)
        group.custom_command("update", "aks_update", supports_no_wait=True)


def load_command_table(loader: Any) -> None:
    """Registers every command of the extension with the loader."""
    identities: dict[str, Any] = {"table_transformer": per_cluster(pod_identities_table)}
    exceptions: dict[str, Any] = {"table_transformer": per_cluster(exceptions_table)}
    identity = per_cluster(entry_table(pod_identities_table, "userAssignedIdentities"))
    exception = per_cluster(entry_table(exceptions_table, "userAssignedIdentityExceptions"))
    with loader.command_group("aks pod-identity", client_factory=cf_managed_clusters) as group:
        group.custom_command("add", "pod_identity_add", supports_no_wait=True, **identities)
        group.custom_command("delete", "pod_identity_delete", supports_no_wait=True, **identities)
        group.custom_command(
            "apply", "pod_identity_apply", supports_no_wait=True, table_transformer=per_cluster(difference_table)
        )
        group.custom_command("export", "pod_identity_export", table_transformer=per_cluster(document_table))
        group.custom_command("list", "list_entries", **identities)
        group.custom_show_command("show", "pod_identity_show", table_transformer=identity)
        group.custom_command("check", "pod_identity_check", table_transformer=per_cluster(findings_table))
        group.custom_command("migrate", "pod_identity_migrate", table_transformer=per_cluster(migration_table))
        group.custom_wait_command("wait", "pod_identity_for_wait")
    with loader.command_group("aks pod-identity exception", client_factory=cf_managed_clusters) as group:
        group.custom_command("add", "exception_add", supports_no_wait=True, **exceptions)
        group.custom_command("update", "exception_update", supports_no_wait=True, **exceptions)
        group.custom_command("delete", "exception_delete", supports_no_wait=True, **exceptions)
        group.custom_command("list", "list_entries", **exceptions)
        group.custom_show_command("show", "exception_show", table_transformer=exception)
