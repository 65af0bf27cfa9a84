# SPDX-License-Identifier: MIT
"""The command table."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from azure.cli.core.commands import CliCommandType
from knack.events import EVENT_INVOKER_POST_PARSE_ARGS

from azext_podidentity._client_factory import cf_managed_clusters
from azext_podidentity._format import (
    difference_table,
    document_table,
    entry_table,
    exceptions_table,
    per_cluster,
    pod_identities_table,
)
from azext_podidentity._format_check import check_table
from azext_podidentity._format_fleet import clusters_table
from azext_podidentity._format_migrate import migration_table

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from azure.cli.core import AzCli

    from azext_podidentity import PodIdentityCommandsLoader


def load_command_table(loader: PodIdentityCommandsLoader) -> None:
    """Register the commands of the `aks pod-identity` group."""
    _load_identity_commands(loader)
    fleet = CliCommandType(operations_tmpl="azext_podidentity.custom_fleet#{}")
    with loader.command_group("aks pod-identity", custom_command_type=fleet) as group:
        group.custom_command("list-clusters", "list_clusters", table_transformer=clusters_table)
    _load_exception_commands(loader)
    _wrap_handlers(loader)


def _load_identity_commands(loader: PodIdentityCommandsLoader) -> None:
    """Register the commands of one cluster, except those of exceptions."""
    identities: dict[str, Any] = {"table_transformer": per_cluster(pod_identities_table)}
    identity = per_cluster(entry_table(pod_identities_table, "userAssignedIdentities"))
    with loader.command_group("aks pod-identity", client_factory=cf_managed_clusters) as group:
        group.custom_command("add", "add_pod_identity", supports_no_wait=True, **identities)
        group.custom_command("update", "update_pod_identity", supports_no_wait=True, **identities)
        group.custom_command("delete", "delete_pod_identity", supports_no_wait=True, **identities)
        group.custom_command(
            "apply", "apply_manifest", supports_no_wait=True, table_transformer=per_cluster(difference_table)
        )
        group.custom_command("export", "export_manifest", table_transformer=per_cluster(document_table))
        group.custom_command("list", "list_pod_identities", **identities)
        group.custom_show_command("show", "show_pod_identity", table_transformer=identity)
        group.custom_command(
            "check",
            "check_pod_identities",
            table_transformer=per_cluster(check_table),
            custom_command_type=CliCommandType(operations_tmpl="azext_podidentity.custom_check#{}"),
        )
        group.custom_command(
            "migrate",
            "migrate_workloads",
            table_transformer=per_cluster(migration_table),
            custom_command_type=CliCommandType(operations_tmpl="azext_podidentity.custom_migrate#{}"),
        )
        group.custom_wait_command("wait", "get_pod_identity_for_wait")


def _load_exception_commands(loader: PodIdentityCommandsLoader) -> None:
    """Register the commands of the `aks pod-identity exception` group."""
    exceptions: dict[str, Any] = {"table_transformer": per_cluster(exceptions_table)}
    exception = per_cluster(entry_table(exceptions_table, "userAssignedIdentityExceptions"))
    handlers = CliCommandType(operations_tmpl="azext_podidentity.custom_exception#{}")
    with loader.command_group(
        "aks pod-identity exception", custom_command_type=handlers, client_factory=cf_managed_clusters
    ) as group:
        group.custom_command("add", "add_exception", supports_no_wait=True, **exceptions)
        group.custom_command("update", "update_exception", supports_no_wait=True, **exceptions)
        group.custom_command("delete", "delete_exception", supports_no_wait=True, **exceptions)
        group.custom_command("list", "list_exceptions", **exceptions)
        group.custom_show_command("show", "show_exception", table_transformer=exception)


def _wrap_handlers(loader: PodIdentityCommandsLoader) -> None:
    """Make Ctrl-C end the commands at once, even if `--ids` names several clusters.

    Also explain errors that occur while the output is written, and complete the commands that errors suggest.
    """
    table = dict(loader.command_table)

    def prepare(cli_ctx: AzCli, command: str, args: Namespace, **_: object) -> None:
        if command not in table:
            return
        from azext_podidentity.cli.standard_output import check_result_output

        check_result_output(cli_ctx)
        if len(getattr(args, "_ids", None) or ()) > 1:
            from azext_podidentity.arm.cluster_jobs import watch_jobs

            watch_jobs(cli_ctx)

    for command in table.values():
        command.handler = partial(_run_job, command.handler, command.name)
    loader.cli_ctx.register_event(EVENT_INVOKER_POST_PARSE_ARGS, prepare)


def _run_job(handler: Callable[[dict[str, Any]], Any], name: str, arguments: dict[str, Any]) -> Any:
    """Run the handler of the command. For one of several clusters, use a thread for which Ctrl-C does not wait.

    If the error suggests to repeat the command, the suggestion gets the options that the user passed.
    """
    from azure.cli.core.azclierror import AzCLIError

    from azext_podidentity.arm.cluster_jobs import run_job

    given = dict(arguments)  # az removes some of them
    try:
        return run_job(handler, arguments)
    except AzCLIError as error:
        from azext_podidentity.profile.repeated_commands import complete

        error.recommendations = [complete(each, name, given) for each in error.recommendations]
        raise
