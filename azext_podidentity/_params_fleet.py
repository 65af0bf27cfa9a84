# SPDX-License-Identifier: MIT
"""The arguments of commands over many clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azure.cli.core.commands.parameters import file_type

from azext_podidentity import _validators_fleet
from azext_podidentity._params_shared import flag

if TYPE_CHECKING:
    from azure.cli.core.commands.parameters import AzArgumentContext

    from azext_podidentity import PodIdentityCommandsLoader


def load_fleet(loader: PodIdentityCommandsLoader) -> None:
    """Register the arguments of the commands over many clusters."""
    with loader.argument_context("aks pod-identity list-clusters") as c:
        _scope(c)
        flag(
            c,
            "include_disabled",
            "Also list the clusters on which the add-on is disabled.",
        )
    _load_check(loader)
    _load_migrate(loader)
    _load_apply(loader)


def _load_check(loader: PodIdentityCommandsLoader) -> None:
    """Register the arguments of `check` for all clusters."""
    with loader.argument_context("aks pod-identity check", arg_group="All Clusters") as c:
        flag(
            c,
            "all_clusters",
            "Check all clusters on which the add-on is enabled. Limit them with --subscriptions or --management-group.",
        )
        _scope(c)
        _parallel(c)
        c.argument(
            "cluster_timeout",
            options_list=["--timeout"],
            type=int,
            validator=_validators_fleet.validate_cluster_timeout,
            help="The maximum time in seconds for one cluster. Default: 120.",
        )
        _report(c)


def _load_migrate(loader: PodIdentityCommandsLoader) -> None:
    """Register the arguments of `migrate` for all clusters."""
    with loader.argument_context("aks pod-identity migrate", arg_group="All Clusters") as c:
        flag(
            c,
            "all_clusters",
            "Show the migration status of all clusters on which the add-on is enabled, based on Azure only: "
            "features, credentials, identity bindings and entries. Nothing is changed.",
        )
        _scope(c)
        _parallel(c)
        _report(c)


def _load_apply(loader: PodIdentityCommandsLoader) -> None:
    """Register the arguments of `apply` for a report and for many clusters."""
    with loader.argument_context("aks pod-identity apply") as c:
        flag(
            c,
            "fail_on_change",
            "With --dry-run, exit with code 5 if the cluster differs from the files.",
            validator=_validators_fleet.validate_apply,
        )
        _report(c)
    with loader.argument_context("aks pod-identity apply", arg_group="Clusters of the Files") as c:
        _scope(c)
        _parallel(c)


def _parallel(context: AzArgumentContext) -> None:
    context.argument(
        "parallel",
        type=int,
        validator=_validators_fleet.validate_parallel,
        help="The number of clusters to process at the same time. Default: 8.",
    )


def _report(context: AzArgumentContext) -> None:
    from argcomplete.completers import FilesCompleter

    context.argument(
        "report",
        type=file_type,
        completer=FilesCompleter(),  # type: ignore[no-untyped-call]
        validator=_validators_fleet.validate_report,
        help="Also write a report in Markdown to this file.",
    )


def _scope(context: AzArgumentContext) -> None:
    context.argument(
        "subscriptions",
        nargs="+",
        validator=_validators_fleet.validate_scope,
        help="Space-separated names or IDs of subscriptions. Defaults to all subscriptions of your account.",
    )
    context.argument(
        "management_group",
        help="The ID of the management group whose clusters to read, including those in its child groups.",
    )
