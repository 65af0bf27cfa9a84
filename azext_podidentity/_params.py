"""The arguments of the commands."""

from __future__ import annotations

from typing import Any

from azure.cli.core.commands.parameters import (
    file_type,
    get_enum_type,
    get_resource_name_completion_list,
    resource_group_name_type,
)

from azext_podidentity import _validators
from azext_podidentity._completers import complete_managed_identity, complete_name, complete_namespace

CLUSTER_COMMANDS = ("aks create", "aks update")
_GROUP = "aks pod-identity"
_WRITES = ("add", "delete", "apply", "exception add", "exception update", "exception delete")
_YES = "Do not prompt for confirmation."
_SKIP_ROLES = (
    "Do not look up or grant the role Managed Identity Operator that the cluster identity needs over the managed "
    "identity."
)


def load_arguments(loader: Any, command: str) -> None:
    """Registers the arguments of the command at hand, or of all where `command` is empty."""
    if command in ("", *CLUSTER_COMMANDS):
        _load_cluster_flags(loader)
    if command not in CLUSTER_COMMANDS:
        _load_group(loader)


def _load_cluster_flags(loader: Any) -> None:
    """The host's arguments of `aks create` and `aks update`, whichever it has, and the flags."""
    from azure.cli.command_modules.acs._params import load_arguments as load_arguments_of_host

    load_arguments_of_host(loader, None)
    for command in CLUSTER_COMMANDS:
        with loader.argument_context(command) as c:
            c.argument(
                "enable_pod_identity",
                action="store_true",
                validator=_validators.validate_cluster_flags,
                help="Enable the pod identity add-on. It is deprecated; its support ended in September 2025.",
            )
            c.argument(
                "enable_pod_identity_with_kubenet",
                action="store_true",
                help="Consent to pod identities with the network plugin kubenet, where a pod can impersonate another "
                "by ARP spoofing.",
            )
            if "yes" not in loader.argument_registry.arguments[command]:
                c.argument("yes", options_list=["--yes", "-y"], action="store_true", help=_YES)
    with loader.argument_context("aks update") as c:
        c.argument(
            "disable_pod_identity",
            action="store_true",
            help="Disable the pod identity add-on. Asks where pod identities or exceptions are still there.",
        )


def _load_group(loader: Any) -> None:
    from argcomplete.completers import FilesCompleter

    _cluster(loader)
    with loader.argument_context(_GROUP) as c:
        _namespace(c, "Kubernetes namespace, for example my-app.")
        _name(c, "Name in the namespace: a DNS subdomain name, for example my-pod-identity.", complete_name)
        c.argument(
            "aks_custom_headers",
            validator=_validators.validate_aks_custom_headers,
            help="Comma-separated key=value pairs to send as headers with the request that changes the cluster.",
        )
    with loader.argument_context("aks pod-identity add") as c:
        _name(
            c,
            "Name of the pod identity: a DNS subdomain name. "
            "Derived from the name of the managed identity when left out.",
        )
        c.argument(
            "identity_resource_id",
            completer=complete_managed_identity,
            validator=_validators.validate_identity_resource_id,
            help="Resource id of the managed identity (of type Microsoft.ManagedIdentity/userAssignedIdentities). "
            "It may be in another subscription.",
        )
        c.argument(
            "binding_selector",
            validator=_validators.validate_binding_selector,
            help="Value that the label aadpodidbinding of a pod must have to get this identity. "
            "The name of the pod identity when left out. Several pod identities can have one selector.",
        )
        c.argument(
            "skip_role_assignment",
            action="store_true",
            help=_SKIP_ROLES,
        )
        c.argument(
            "force",
            action="store_true",
            help="Replace what is left over under the name: a pod identity in state Failed, or one whose managed "
            "identity was deleted and created again since.",
        )
    with loader.argument_context("aks pod-identity apply") as c:
        c.argument(
            "files",
            type=file_type,
            completer=FilesCompleter(),  # type: ignore[no-untyped-call]
            options_list=["--file", "-f"],
            nargs="+",
            action="extend",
            validator=_validators.validate_files,
            help="YAML file with pod identities and exceptions, - for standard input, or a folder, of which the files "
            "that end in .yaml, .yml and .json are read. Several can be given, also by several --file. Manifests of "
            "the open-source project aad-pod-identity are read too.",
        )
        c.argument(
            "prune",
            action="store_true",
            help="Also remove pod identities and exceptions that the files do not have. Asks first.",
        )
        c.argument(
            "dry_run",
            action="store_true",
            help="Only show what would be added (+), changed (~) and removed (-); nothing but reads is sent.",
        )
        c.argument("skip_role_assignment", action="store_true", help=_SKIP_ROLES)
        c.argument("yes", options_list=["--yes", "-y"], action="store_true", help=_YES)
    with loader.argument_context("aks pod-identity delete") as c:
        _names(c, complete_name)
        c.argument(
            "delete_role_assignment",
            action="store_true",
            validator=_validators.validate_delete,
            help="Also remove the cluster identity's role assignment Managed Identity Operator at the managed "
            "identity, unless another pod identity, another cluster with the same cluster identity or the kubelet "
            "needs it. You are asked before one that others created is removed.",
        )
        c.argument("yes", options_list=["--yes", "-y"], action="store_true", help=_YES)
    with loader.argument_context("aks pod-identity check") as c:
        c.argument(
            "fail_on",
            arg_type=get_enum_type(("error", "warning")),
            help="Exit with code 1 where there is a finding of this severity or a worse one.",
        )
    _load_migrate(loader)
    for command in _WRITES:
        with loader.argument_context(f"aks pod-identity {command}") as c:
            c.argument(
                "timeout",
                type=int,
                validator=_validators.validate_timeout,
                help="Seconds to wait for operations on the cluster, those of others and its own. What was begun goes "
                "on when they are over. 1800 when left out.",
            )
    for command in ("aks pod-identity list", "aks pod-identity exception list"):
        with loader.argument_context(command) as c:
            _namespace(c, "Show the entries of this Kubernetes namespace only.")
    with loader.argument_context("aks pod-identity exception") as c:
        c.argument(
            "pod_labels",
            nargs="*",
            validator=_validators.validate_pod_labels,
            help="Space-separated labels: key=value [key=value ...]. A pod that has any one of them is excepted.",
        )
    with loader.argument_context("aks pod-identity exception add") as c:
        _name(c, "Name of the exception: a DNS subdomain name. Derived from the labels when left out.")
    with loader.argument_context("aks pod-identity exception delete") as c:
        _names(c, complete_name)


def _load_migrate(loader: Any) -> None:
    with loader.argument_context("aks pod-identity migrate", arg_group="Workloads") as c:
        c.argument(
            "workloads",
            nargs="+",
            validator=_validators.validate_migrate,
            help="Space-separated files and folders with Kubernetes objects in YAML or JSON: manifests, or the output "
            "of kubectl. Use `-` for standard input. kubectl builds a folder with a kustomization. Defaults to the "
            "objects that kubectl reads from the cluster.",
        )
        c.argument(
            "kube_context",
            options_list=["--context"],
            help="The kubectl context to use. Defaults to the current context.",
        )
        c.argument(
            "run_command",
            action="store_true",
            help="Run kubectl inside the cluster, for a private cluster that this machine does not reach.",
        )
        c.argument(
            "default_namespace",
            options_list=["--namespace"],
            help="Kubernetes namespace of objects in files that do not name one.",
        )
    with loader.argument_context("aks pod-identity migrate", arg_group="Action") as c:
        c.argument(
            "approve",
            action="store_true",
            help="Enable the OIDC issuer and workload identity, and create the federated identity credentials. Asks "
            "before it enables the OIDC issuer, which cannot be disabled again.",
        )
        c.argument("status", action="store_true", help="Show which workloads still need the add-on.")
        c.argument(
            "finish",
            action="store_true",
            help="Remove the pod identities, their role assignments and the exceptions, and disable the add-on. "
            "Refused while anything that was read is not ready.",
        )
        c.argument(
            "undo",
            action="store_true",
            help="Remove the federated identity credentials that this command created for the cluster. It recognizes "
            "them by their names, which derive from issuer and subject. Pod identity does not change.",
        )
        c.argument(
            "issuer",
            help="With --undo, the issuer URL whose credentials are removed, for example that of a cluster that was "
            "recreated. Defaults to the cluster's issuer.",
        )
        c.argument(
            "force",
            action="store_true",
            help="With --finish, disable the add-on although workloads are not ready or are not known. They can lose "
            "their managed identity.",
        )
        c.argument("yes", options_list=["--yes", "-y"], action="store_true", help=_YES)
    with loader.argument_context("aks pod-identity migrate", arg_group="Kubernetes") as c:
        c.argument(
            "output_dir",
            help="Folder to write the Kubernetes side to: service accounts, and a kustomization for objects in files, "
            "or patches and a script for objects in a cluster.",
        )
        c.argument(
            "remove_labels",
            action="store_true",
            help="Plan the second step: remove the label aadpodidbinding from workloads whose pods have tokens of "
            "workload identity. By default, the first step is planned, which keeps the label.",
        )
        c.argument(
            "one_step",
            action="store_true",
            help="Plan both steps as one. Pods that get no token of workload identity then have no managed identity.",
        )
        c.argument(
            "proxy_sidecar",
            nargs="*",
            help="Add the proxy sidecar to the workloads of these names (NAME or NAMESPACE/NAME). Without names, to "
            "those whose manifest uses the instance metadata service.",
        )
        c.argument(
            "new_service_accounts",
            action="store_true",
            help="Run workloads of the service account 'default' as a new one that is named like their pod identity.",
        )


def _cluster(loader: Any) -> None:
    """The ways to name the cluster, for every command that is about one: `validate_cluster` makes them one."""
    complete_cluster = get_resource_name_completion_list("Microsoft.ContainerService/ManagedClusters")
    for name, command in loader.command_table.items():
        if not name.startswith(f"{_GROUP} ") or "cluster_name" not in command.arguments:
            continue
        # As everywhere in az a command that lists has no --ids.
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
                help="Name or resource id of the managed cluster, in place of --cluster-name; with an id, also of "
                "--resource-group and --subscription.",
            )


def _namespace(context: Any, text: str) -> None:
    context.argument(
        "entry_namespace",
        options_list=["--namespace"],
        validator=_validators.validate_namespace,
        completer=complete_namespace,
        help=text,
    )


def _name(context: Any, text: str, completer: Any = None) -> None:
    context.argument(
        "entry_name",
        options_list=["--name", "-n"],
        validator=_validators.validate_name,
        completer=completer,
        help=text,
    )


def _names(context: Any, completer: Any) -> None:
    context.argument(
        "entry_names",
        options_list=["--name", "-n"],
        nargs="+",
        action="extend",
        validator=_validators.validate_names,
        completer=completer,
        help="Names in the namespace, separated by spaces; the option can be given several times, and "
        "NAMESPACE/NAME names an entry of another namespace. All go in one write.",
    )
