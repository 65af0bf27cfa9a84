# SPDX-License-Identifier: MIT
"""The arguments of the commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from azure.cli.core.commands.parameters import (
    AzArgumentContext,
    file_type,
    get_resource_name_completion_list,
    resource_group_name_type,
)

from azext_podidentity import _compatible_options as options
from azext_podidentity import _validators
from azext_podidentity._completers import complete_managed_identity, complete_name, complete_namespace
from azext_podidentity._params_shared import flag, skip_role_assignment, yes
from azext_podidentity._validators_known_ids import validate_known_ids

if TYPE_CHECKING:
    from azext_podidentity import PodIdentityCommandsLoader

CLUSTER_COMMANDS = ("aks create", "aks update")
_GROUP = "aks pod-identity"
_WRITES = ("add", "update", "delete", "apply", "exception add", "exception update", "exception delete")


def load_arguments(loader: PodIdentityCommandsLoader, command: str) -> None:
    """Register the arguments of `command`, or of all commands if it is empty."""
    if command in ("", *CLUSTER_COMMANDS):
        from azext_podidentity._params_cluster import load_cluster_flags

        load_cluster_flags(loader)
    if command in CLUSTER_COMMANDS:
        return
    _load_group(loader, command)
    for name, load in _LOADERS:
        if command in ("", f"{_GROUP} {name}"):
            with loader.argument_context(f"{_GROUP} {name}") as c:
                load(c)
    _load_workloads(loader, command)


def _load_group(loader: PodIdentityCommandsLoader, command: str) -> None:
    """Register the arguments that commands share."""
    for name in (command,) if command else loader.command_table:
        if name.startswith(f"{_GROUP} "):
            _cluster(loader, name)
    with loader.argument_context(_GROUP) as c:
        _namespace(c, "The Kubernetes namespace.")
        _name(c, "The name of the entry in its namespace, a DNS subdomain name.", complete_name)
        c.argument(
            "aks_custom_headers",
            validator=_validators.validate_aks_custom_headers,
            help="Comma-separated key=value pairs to send as headers of the request that updates the cluster.",
        )
    with loader.argument_context(f"{_GROUP} exception") as c:
        c.argument(
            "pod_labels",
            nargs="*",
            validator=_validators.validate_pod_labels,
            help="Space-separated labels: key=value [key=value ...]. The exception matches pods that have any of them.",
        )


def _load_workloads(loader: PodIdentityCommandsLoader, command: str) -> None:
    """Register the arguments of `check` and `migrate`, and those of commands over many clusters."""
    if command in ("", f"{_GROUP} check", f"{_GROUP} migrate"):
        from azext_podidentity._params_workloads import load_check, load_migrate

        load_check(loader)
        load_migrate(loader)
    if command in ("", *(f"{_GROUP} {name}" for name in ("list-clusters", "check", "migrate", "apply"))):
        from azext_podidentity._params_fleet import load_fleet

        load_fleet(loader)


def _load_add(c: AzArgumentContext) -> None:
    c.argument(
        "entry_names",
        options_list=["--name", "-n"],
        nargs="+",
        action="extend",
        validator=_validators.validate_new_names,
        help="The name of the pod identity, a DNS subdomain name. Defaults to the name of the managed identity. "
        "For several managed identities, space-separated names in the same order.",
    )
    c.argument(
        "identity_resource_ids",
        options_list=["--identity-resource-id"],
        nargs="+",
        action="extend",
        completer=complete_managed_identity,
        validator=_validators.validate_identity_resource_ids,
        help="The resource ID of the user-assigned managed identity. It can be in another subscription. Pass "
        "several, space-separated, to add a pod identity for each in one update of the cluster.",
    )
    c.argument(
        "binding_selector",
        validator=_validators.validate_binding_selector,
        help="The value of the aadpodidbinding label of the pods that use this identity. Several pod identities "
        "can share a selector. Defaults to the name of the pod identity.",
    )
    _known_ids(c)
    skip_role_assignment(c)
    flag(
        c,
        "force",
        "Replace an existing pod identity of the same name that has failed, or whose managed identity was "
        "deleted and recreated.",
    )


def _load_update(c: AzArgumentContext) -> None:
    c.argument(
        "identity_resource_id",
        completer=complete_managed_identity,
        validator=_validators.validate_new_identity,
        help="The resource ID of the new managed identity.",
    )
    c.argument(
        "binding_selector",
        validator=_validators.validate_new_selector,
        help="The new value of the aadpodidbinding label of the pods that use this identity. Pass '' to use the "
        "name of the pod identity.",
    )
    _known_ids(c)
    skip_role_assignment(c)


def _load_apply(c: AzArgumentContext) -> None:
    from argcomplete.completers import FilesCompleter

    _namespace(c, "The Kubernetes namespace of entries in the files that do not name one.")
    options.refuse_name(c)
    c.argument(
        "files",
        type=file_type,
        completer=FilesCompleter(),  # type: ignore[no-untyped-call]
        options_list=["--file", "-f"],
        nargs="+",
        action="extend",
        validator=_validators.validate_files,
        help="Space-separated YAML or JSON files with pod identities and exceptions, folders that contain such "
        "files, or - for standard input. Manifests of the open-source project aad-pod-identity are also accepted.",
    )
    flag(
        c,
        "prune",
        "Delete pod identities and exceptions that are not in the files. Prompts for confirmation.",
    )
    flag(
        c,
        "dry_run",
        "Show what would be added (+), changed (~) and removed (-), without changing anything.",
    )
    skip_role_assignment(c)
    yes(c)


def _load_delete(c: AzArgumentContext) -> None:
    _names(c, complete_name)
    flag(
        c,
        "delete_role_assignment",
        "Also remove the cluster identity's Managed Identity Operator role assignment on the managed "
        "identity, unless another pod identity, another cluster with the same cluster identity or the kubelet "
        "needs it. Prompts before it removes one that this extension did not create.",
        validator=_validators.validate_delete,
    )
    yes(c)


def _load_list(c: AzArgumentContext) -> None:
    _namespace(c, "List only the entries in this Kubernetes namespace.")
    _name(c, "List only the entries with this name.", complete_name, optional=True)


def _load_exception_add(c: AzArgumentContext) -> None:
    text = "The name of the exception, a DNS subdomain name. Defaults to a name derived from the labels."
    _name(c, text, optional=True)


def _load_exception_delete(c: AzArgumentContext) -> None:
    _names(c, complete_name)


def _load_timeout(c: AzArgumentContext) -> None:
    c.argument(
        "timeout",
        type=int,
        validator=_validators.validate_timeout,
        help="The maximum time in seconds to wait for operations on the cluster. Operations that were already "
        "started continue after the timeout. Default: 1800.",
    )


_LOADERS: tuple[tuple[str, Callable[[AzArgumentContext], None]], ...] = (
    ("add", _load_add),
    ("update", _load_update),
    ("apply", _load_apply),
    ("delete", _load_delete),
    ("list", _load_list),
    ("exception add", _load_exception_add),
    ("exception delete", _load_exception_delete),
    ("exception list", _load_list),
    *((name, _load_timeout) for name in _WRITES),
)


def _cluster(loader: PodIdentityCommandsLoader, name: str) -> None:
    """Register the options that name the cluster of a command, which `validate_cluster` resolves."""
    arguments = loader.command_table[name].arguments
    if "cluster_name" not in arguments:
        return
    complete_cluster = get_resource_name_completion_list("Microsoft.ContainerService/ManagedClusters")
    # As in all of az, list commands have no --ids.
    ids = {} if name.endswith(" list") else {"id_part": "name"}
    with loader.argument_context(name) as c:
        c.argument("resource_group_name", resource_group_name_type, required=False)
        c.argument(
            "cluster_name",
            options_list=["--cluster-name"],
            required=False,
            completer=complete_cluster,
            help="Name of the managed cluster.",
            **ids,
        )
        c.extra(
            "cluster",
            options_list=["--cluster"],
            completer=complete_cluster,
            validator=_validators.validate_cluster,
            help="Name or resource ID of the managed cluster. A resource ID also replaces --resource-group and "
            "--subscription.",
        )
        # --cluster makes the prefixes of --cluster-name ambiguous, and --ids those of --identity-resource-id.
        options.keep_prefixes(c, "--cluster-name", "--c", "--cl", "--clu", "--clus", "--clust", "--cluste")
        if "identity_resource_ids" in arguments:
            options.keep_prefixes(c, "--identity-resource-id", "--i", "--id", nargs="+")
        if "identity_resource_id" in arguments:
            options.keep_prefixes(c, "--identity-resource-id", "--i", "--id")


def _namespace(context: AzArgumentContext, text: str) -> None:
    context.argument(
        "entry_namespace",
        options_list=["--namespace"],
        validator=_validators.validate_namespace,
        completer=complete_namespace,
        help=text,
    )


def _name(context: AzArgumentContext, text: str, completer: Any = None, *, optional: bool = False) -> None:
    context.argument(
        "entry_name",
        options_list=["--name", "-n"],
        validator=_validators.validate_optional_name if optional else _validators.validate_name,
        completer=completer,
        help=text,
    )


def _names(context: AzArgumentContext, completer: Any) -> None:
    context.argument(
        "entry_names",
        options_list=["--name", "-n"],
        nargs="+",
        action="extend",
        validator=_validators.validate_names,
        completer=completer,
        help="Space-separated names of the entries to delete. Use NAMESPACE/NAME for an entry in another namespace.",
    )


def _known_ids(context: AzArgumentContext) -> None:
    context.argument(
        "client_id",
        validator=validate_known_ids,
        help="The client ID of the managed identity. Use with --object-id if your account cannot read the managed "
        "identity, for example in another tenant.",
    )
    context.argument(
        "object_id",
        help="The object ID of the managed identity, also called principal ID. Use with --client-id.",
    )
