# SPDX-License-Identifier: MIT
"""The validators of commands over many clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

# Options that name one cluster or the source of its workloads, and the actions of `migrate`.
_OF_ONE = {
    "_ids": "--ids",
    "cluster": "--cluster",
    "cluster_name": "--cluster-name",
    "resource_group_name": "--resource-group",
    "workloads": "--workloads",
    "kube_context": "--context",
    "run_command": "--run-command",
    "pod": "--pod",
    "repair": "--repair",
}
_ACTIONS = (
    "approve",
    "finish",
    "undo",
    "output_dir",
    "proxy_sidecar",
    "new_service_accounts",
    "remove_labels",
    "one_step",
)
# Azure would throttle more.
MAX_PARALLEL = 32


def validate_scope(namespace: Namespace) -> None:
    """Check that there is one scope, and only with --all-clusters if the command has that.

    --subscription is the same as --subscriptions with one value.
    """
    from azure.cli.core.azclierror import MutuallyExclusiveArgumentError, RequiredArgumentMissingError

    # az keeps --subscription there.
    one = namespace._subscription  # pylint: disable=protected-access
    names = ("subscriptions", "management_group", "parallel", "report", "cluster_timeout")
    options = {"cluster_timeout": "--timeout"}
    given = [
        options.get(name, f"--{name.replace('_', '-')}") for name in names if getattr(namespace, name, None) is not None
    ]
    if not getattr(namespace, "all_clusters", True):
        if given:
            raise RequiredArgumentMissingError(f"{given[0]} requires --all-clusters.", "Pass --all-clusters too.")
        return
    scopes = {"--subscription": one, "--subscriptions": namespace.subscriptions}
    together = [
        option for option, value in {**scopes, "--management-group": namespace.management_group}.items() if value
    ]
    if len(together) > 1:
        raise MutuallyExclusiveArgumentError(f"{' and '.join(together)} cannot be used together.", "Pass one of them.")
    if one:
        namespace.subscriptions = [one]


def validate_parallel(namespace: Namespace) -> None:
    """Check that at least one cluster is worked on at a time, and no more than one client should."""
    from azure.cli.core.azclierror import InvalidArgumentValueError

    if namespace.parallel is not None and not 1 <= namespace.parallel <= MAX_PARALLEL:
        raise InvalidArgumentValueError(f"--parallel must be between 1 and {MAX_PARALLEL}.")


def validate_cluster_timeout(namespace: Namespace) -> None:
    """Check that a cluster gets some time."""
    from azure.cli.core.azclierror import InvalidArgumentValueError

    if namespace.cluster_timeout is not None and namespace.cluster_timeout < 1:
        raise InvalidArgumentValueError("--timeout must be at least 1 second.")


def validate_no_cluster(namespace: Namespace) -> None:
    """Check that --all-clusters is not given together with a cluster the workloads of one, or an action on it.

    Defaults of `az config` do not count.
    """
    from azure.cli.core.azclierror import MutuallyExclusiveArgumentError

    for name, option in {**_OF_ONE, **{name: f"--{name.replace('_', '-')}" for name in _ACTIONS}}.items():
        value = getattr(namespace, name, None)
        if name == "kube_context" and hasattr(namespace, "finish"):
            continue  # of `migrate`, a pattern of contexts
        # An empty list is an option that was given without values.
        if value not in (None, False, "") and not getattr(value, "is_default", False):
            raise MutuallyExclusiveArgumentError(
                f"--all-clusters and {option} cannot be used together.", "Pass one of them."
            )
    del namespace.cluster  # no handler takes it
    namespace.resource_group_name = namespace.cluster_name = None


def validate_apply(namespace: Namespace) -> None:
    """Check the options of `apply` for many clusters."""
    from azure.cli.core.azclierror import RequiredArgumentMissingError

    if namespace.fail_on_change and not namespace.dry_run:
        raise RequiredArgumentMissingError("--fail-on-change requires --dry-run.", "Pass --dry-run too.")


def validate_report(namespace: Namespace) -> None:
    """Check that the report can be written. az does this once for each of several clusters, before it begins."""
    if namespace.report is not None:
        from azext_podidentity.cli.report_file import check_report_path

        check_report_path(namespace.report)
