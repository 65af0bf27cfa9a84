# SPDX-License-Identifier: MIT
"""Validate the options of the commands before any request. The rules are in `profile.validation`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from knack.log import get_logger

if TYPE_CHECKING:
    from argparse import Namespace

logger = get_logger(__name__)


def validate_cluster(namespace: Namespace) -> None:
    """Replace the cluster's resource ID with its resource group and name, and make az use its subscription.

    Raise an azure-cli error if the cluster is missing or invalid.
    """
    from azure.cli.core.azclierror import MutuallyExclusiveArgumentError

    from azext_podidentity.profile.cluster_reference import resolve_cluster

    _hint_at_cluster_name(namespace)
    if getattr(namespace, "all_clusters", False):
        from azext_podidentity._validators_fleet import validate_no_cluster

        validate_no_cluster(namespace)
        return
    if hasattr(namespace, "files") and _names_no_cluster(namespace):
        del namespace.cluster
        namespace.resource_group_name = None  # the files select the clusters
        return
    if namespace.cluster is not None and getattr(namespace, "_ids", None):
        raise MutuallyExclusiveArgumentError("--cluster and --ids cannot be used together.", "Pass one of them.")
    # az keeps --subscription there.
    # pylint: disable=protected-access
    named = resolve_cluster(
        namespace.cluster, namespace.resource_group_name, namespace.cluster_name, namespace._subscription
    )
    del namespace.cluster  # not a parameter of a handler
    namespace.resource_group_name, namespace.cluster_name = named.resource_group, named.name
    if named.subscription:
        namespace._subscription = named.subscription
        namespace.cmd.cli_ctx.data["subscription_id"] = named.subscription


def _names_no_cluster(namespace: Namespace) -> bool:
    """Return whether the command line does not name a cluster, apart from defaults of `az config`."""
    group = namespace.resource_group_name
    named = namespace.cluster or namespace.cluster_name or getattr(namespace, "_ids", None)
    return not named and (group is None or getattr(group, "is_default", False))


def validate_name(namespace: Namespace) -> None:
    """Check the name of an entry if it is set."""
    if namespace.entry_name is not None:
        from azext_podidentity.profile.validation import check_name

        namespace.entry_name = check_name(_without_carriage_return(namespace.entry_name, "--name"))


def validate_optional_name(namespace: Namespace) -> None:
    """Check the name of an entry that has a default. An empty name, which scripts pass, means the default."""
    namespace.entry_name = namespace.entry_name or None
    validate_name(namespace)


def validate_new_names(namespace: Namespace) -> None:
    """Check the names of new entries. Empty names, which scripts pass, are ignored."""
    from azext_podidentity.profile.validation import check_name

    given = [_without_carriage_return(name, "--name") for name in namespace.entry_names or ()]
    namespace.entry_names = [check_name(name) for name in given if name]


def validate_names(namespace: Namespace) -> None:
    """Replace the names of several entries, each `NAME` or `NAMESPACE/NAME`, with their keys."""
    from azext_podidentity.profile.entries import EntryKey
    from azext_podidentity.profile.validation import check_name, check_namespace

    keys: dict[EntryKey, None] = {}
    for argument in namespace.entry_names:
        given = _without_carriage_return(argument, "--name")
        of_entry, slash, name = given.partition("/")
        if slash:
            check_namespace(of_entry, "--name: its namespace")
        key = EntryKey(of_entry if slash else namespace.entry_namespace, check_name(name if slash else given))
        keys[key] = None
    namespace.entry_names = list(keys)


def validate_namespace(namespace: Namespace) -> None:
    """Check the Kubernetes namespace of an entry."""
    if namespace.entry_namespace is not None:
        from azext_podidentity.profile.validation import check_namespace

        namespace.entry_namespace = check_namespace(_without_carriage_return(namespace.entry_namespace, "--namespace"))


def validate_identity_resource_ids(namespace: Namespace) -> None:
    """Check the resource IDs of the managed identities to bind."""
    namespace.identity_resource_ids = [_managed_identity_id(given) for given in namespace.identity_resource_ids]


def validate_new_identity(namespace: Namespace) -> None:
    """Check the managed identity of an update if it is set, and that there is something to update."""
    from azure.cli.core.azclierror import RequiredArgumentMissingError

    if namespace.identity_resource_id is not None:
        namespace.identity_resource_id = _managed_identity_id(namespace.identity_resource_id)
    elif namespace.binding_selector is None:
        raise RequiredArgumentMissingError(
            "There is nothing to update.", "Pass --binding-selector, --identity-resource-id or both."
        )


def validate_new_selector(namespace: Namespace) -> None:
    """Check the binding selector of an update if it is set and not empty."""
    if namespace.binding_selector:
        validate_binding_selector(namespace)


def validate_binding_selector(namespace: Namespace) -> None:
    """Check the binding selector if it is set."""
    from azext_podidentity.profile.validation import check_binding_selector

    # Scripts pass an empty selector to use the default.
    given = _without_carriage_return(namespace.binding_selector or "", "--binding-selector")
    namespace.binding_selector = given or None
    if namespace.binding_selector is not None:
        check_binding_selector(namespace.binding_selector)


def validate_pod_labels(namespace: Namespace) -> None:
    """Check labels in the form key=value, and replace them with a dictionary."""
    from azext_podidentity.profile.validation import parse_pod_labels

    arguments = [_without_carriage_return(argument, "--pod-labels") for argument in namespace.pod_labels or ()]
    namespace.pod_labels = parse_pod_labels(arguments)
    for key, value in namespace.pod_labels.items():
        if any(each.startswith(f"{key}=") and each != f"{key}={value}" for each in arguments):
            logger.warning("--pod-labels has several values for '%s'. The last one, '%s', is used.", key, value)


def validate_timeout(namespace: Namespace) -> None:
    """Check that --timeout is at least 1 second."""
    from azure.cli.core.azclierror import InvalidArgumentValueError

    if namespace.timeout is not None and namespace.timeout < 1:
        raise InvalidArgumentValueError(
            f"--timeout must be at least 1 second, not {namespace.timeout}.",
            "To return without waiting for the operation, pass --no-wait.",
        )


def validate_delete(namespace: Namespace) -> None:
    """Refuse --delete-role-assignment with --no-wait, because the role is needed until the entry is removed."""
    from azure.cli.core.azclierror import MutuallyExclusiveArgumentError

    if namespace.delete_role_assignment and namespace.no_wait:
        raise MutuallyExclusiveArgumentError(
            "--delete-role-assignment and --no-wait cannot be used together: the cluster identity needs the role "
            "until the pod identity is removed.",
            "Omit --no-wait, or remove the role assignment afterwards with az role assignment delete.",
        )


def validate_migrate(namespace: Namespace) -> None:
    """Check that there is at most one action and one source of workloads, and that the options fit them."""
    from azure.cli.core.azclierror import MutuallyExclusiveArgumentError, RequiredArgumentMissingError

    from azext_podidentity.profile.validation import check_namespace

    chosen = partial(_chosen, namespace)
    check_namespace(namespace.default_namespace)
    planning = chosen("output_dir", "proxy_sidecar", "new_service_accounts", "remove_labels", "one_step", "identities")
    other_action = chosen("status", "finish", "undo")
    for together in (
        chosen("approve", "status", "finish", "undo"),
        chosen("remove_labels", "one_step"),
        *_sources(namespace),
        [*other_action, *planning] if other_action and planning else [],
        chosen("undo", "workloads", "kube_context", "run_command") if namespace.undo else [],
    ):
        if len(together) > 1:
            raise MutuallyExclusiveArgumentError(f"{' and '.join(together)} cannot be used together.", "Pass one.")
    if namespace.identities and namespace.target != "identity-binding":
        raise RequiredArgumentMissingError(
            "--identities requires --target identity-binding.", "Pass --target identity-binding too."
        )
    for option, action in (("issuer", "undo"), ("force", "finish")):
        if getattr(namespace, option) and not getattr(namespace, action):
            raise RequiredArgumentMissingError(f"--{option} requires --{action}.", f"Pass --{action} too.")


def validate_check(namespace: Namespace) -> None:
    """Check that the options name at most one source of pods, and replace the pod's name with its key."""
    from azure.cli.core.azclierror import (
        InvalidArgumentValueError,
        MutuallyExclusiveArgumentError,
        RequiredArgumentMissingError,
    )

    from azext_podidentity.profile.entries import EntryKey
    from azext_podidentity.profile.validation import check_name, check_namespace

    check_namespace(namespace.default_namespace)
    if (namespace.dry_run or namespace.yes) and not namespace.repair:
        option = "--dry-run" if namespace.dry_run else "--yes"
        raise RequiredArgumentMissingError(f"{option} requires --repair.", "Pass --repair too.")
    if namespace.repair and namespace.pod is not None:
        raise MutuallyExclusiveArgumentError("--repair and --pod cannot be used together.", "Pass one of them.")
    if namespace.pod is not None:
        of_pod, slash, name = namespace.pod.partition("/")
        if not slash:
            raise InvalidArgumentValueError(
                f"--pod '{namespace.pod}' is not NAMESPACE/NAME.",
                f"Example: --pod {namespace.default_namespace}/{namespace.pod or 'demo'}",
            )
        namespace.pod = EntryKey(check_namespace(of_pod, "--pod: its namespace"), check_name(name, "--pod: its name"))
    for together in _sources(namespace):
        if len(together) > 1:
            raise MutuallyExclusiveArgumentError(f"{' and '.join(together)} cannot be used together.", "Pass one.")


def _sources(namespace: Namespace) -> list[list[str]]:
    """Return the options for sources of Kubernetes objects, in groups of mutually exclusive options."""
    return [_chosen(namespace, "workloads", "run_command"), _chosen(namespace, "kube_context", "run_command")]


def _chosen(namespace: Namespace, *names: str) -> list[str]:
    """Return the options among `names` that the command line has. An empty list is an option without values."""
    options = {"kube_context": "--context"}
    given = (name for name in names if getattr(namespace, name) not in (None, False))
    return [options.get(name, f"--{name.replace('_', '-')}") for name in given]


def validate_files(namespace: Namespace) -> None:
    """Refuse a command that would ask for confirmation if standard input is the file."""
    from azure.cli.core.azclierror import RequiredArgumentMissingError

    if "-" in namespace.files and namespace.prune and not (namespace.yes or namespace.dry_run):
        raise RequiredArgumentMissingError(
            "--prune prompts for confirmation, but with --file -, standard input is the file.",
            "Pass --yes to remove the entries that are not in the file, or --dry-run to show them.",
        )


def validate_cluster_flags(namespace: Namespace) -> None:
    """Refuse contradictory pod identity flags of `az aks create` and `az aks update`."""
    from azure.cli.core.azclierror import MutuallyExclusiveArgumentError, RequiredArgumentMissingError

    consent = namespace.enable_pod_identity_with_kubenet
    if getattr(namespace, "disable_pod_identity", False) and (namespace.enable_pod_identity or consent):
        raise MutuallyExclusiveArgumentError(
            "--enable-pod-identity and --disable-pod-identity cannot be used together.", "Pass one of them."
        )
    if consent and not namespace.enable_pod_identity:
        message = "--enable-pod-identity-with-kubenet has no effect without --enable-pod-identity."
        if not hasattr(namespace, "disable_pod_identity"):  # create
            raise RequiredArgumentMissingError(message, "Pass both.")
        logger.warning(message)  # as with aks-preview, the update continues


def validate_aks_custom_headers(namespace: Namespace) -> None:
    """Check the headers of --aks-custom-headers, and replace them with a dictionary."""
    from azext_podidentity.host.custom_headers import parse_custom_headers

    namespace.aks_custom_headers = parse_custom_headers(namespace.aks_custom_headers)


def _managed_identity_id(given: str) -> str:
    from azext_podidentity.profile.validation import check_managed_identity_id

    return check_managed_identity_id(_without_carriage_return(given, "--identity-resource-id"))


def _hint_at_cluster_name(namespace: Namespace) -> None:
    """Raise RequiredArgumentMissingError for a list command with -n but no cluster, which -n names in other groups."""
    from azure.cli.core.azclierror import RequiredArgumentMissingError

    name = getattr(namespace, "entry_name", None)
    if name and namespace.command.endswith(" list") and not (namespace.cluster or namespace.cluster_name):
        raise RequiredArgumentMissingError(
            "The following arguments are required: --cluster-name.",
            f"--name (-n) is the name of an entry. To name the cluster, pass: --cluster-name {name}",
        )


def _without_carriage_return(value: str, option: str) -> str:
    """Return the value without the carriage return that Git Bash and WSL leave at the end of a command's output."""
    if value.endswith("\r"):
        logger.debug("%s: a trailing carriage return was removed.", option)
    return value.rstrip("\r")
