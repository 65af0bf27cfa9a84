# SPDX-License-Identifier: MIT
"""The arguments of the commands that read Kubernetes objects: `check` and `migrate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azure.cli.core.commands.parameters import AzArgumentContext, get_enum_type

from azext_podidentity import _compatible_options as options
from azext_podidentity import _validators
from azext_podidentity._params_shared import flag, yes

if TYPE_CHECKING:
    from azext_podidentity import PodIdentityCommandsLoader

_WORKLOADS = (
    "Space-separated files and folders with Kubernetes objects in YAML or JSON: manifests, or the output of kubectl. "
    "Use `-` for standard input. kubectl builds a folder with a kustomization."
)


def load_check(loader: PodIdentityCommandsLoader) -> None:
    """Register the arguments of `check`, except those for all clusters."""
    with loader.argument_context("aks pod-identity check") as c:
        c.argument(
            "fail_on",
            arg_type=get_enum_type(("error", "warning")),
            help="Exit with code 1 if there is a finding of this severity or higher.",
        )
        flag(
            c,
            "repair",
            "Fix the problems that can be fixed safely, with at most one update of the cluster: missing roles, "
            "recreated managed identities, exceptions with null labels, and registrations. Nothing is deleted. Shows "
            "the equivalent commands and prompts for confirmation.",
        )
        flag(c, "dry_run", "With --repair, show what would be fixed, without changing anything.")
        yes(c)
    with loader.argument_context("aks pod-identity check", arg_group="Pods") as c:
        _sources(
            c,
            _validators.validate_check,
            workloads=f"Also check these pods. {_WORKLOADS}",
            context_help="Also check the pods that kubectl reads from the cluster with this context.",
        )
        c.argument(
            "pod",
            help="Trace one pod, NAMESPACE/NAME, from its labels to its token, and show which managed identities it "
            "gets or why it gets none. Reads the cluster with the current kubectl context, unless another option "
            "names the source.",
        )


def load_migrate(loader: PodIdentityCommandsLoader) -> None:
    """Register the arguments of `migrate`."""
    with loader.argument_context("aks pod-identity migrate", arg_group="Workloads") as c:
        _sources(
            c,
            _validators.validate_migrate,
            workloads=f"{_WORKLOADS} Defaults to the objects that kubectl reads from the cluster.",
            context_help="The kubectl context to use. Defaults to the current context. With --all-clusters, a pattern "
            "of contexts, for example '*': the workloads of the clusters that they connect to are counted too.",
        )
    _load_migrate_actions(loader)
    _load_migrate_target(loader)
    _load_migrate_kubernetes(loader)


def _load_migrate_actions(loader: PodIdentityCommandsLoader) -> None:
    """Register what `migrate` does."""
    with loader.argument_context("aks pod-identity migrate", arg_group="Action") as c:
        flag(
            c,
            "approve",
            "Enable the OIDC issuer and workload identity, and create the federated identity credentials or "
            "identity bindings. Prompts before it enables the OIDC issuer, which cannot be disabled again.",
        )
        flag(c, "status", "Show which workloads still need the add-on.")
        flag(
            c,
            "finish",
            "Remove the pod identities, their role assignments and the exceptions, and disable the add-on. "
            "Refused while any workload is not ready.",
        )
        flag(
            c,
            "undo",
            "Remove the federated identity credentials and identity bindings that this command created for the "
            "cluster. It recognizes them by their names. Pod identity does not change.",
        )
        c.argument(
            "issuer",
            help="With --undo, the issuer URL whose credentials are removed, for example that of a cluster that was "
            "recreated. Defaults to the cluster's issuer.",
        )
        flag(
            c,
            "force",
            "With --finish, disable the add-on even if workloads are not ready or unknown. They can lose their "
            "managed identity.",
        )
        yes(c)


def _load_migrate_target(loader: PodIdentityCommandsLoader) -> None:
    """Register how pods get tokens after the migration."""
    with loader.argument_context("aks pod-identity migrate", arg_group="Target") as c:
        c.argument(
            "target",
            arg_type=get_enum_type(("workload-identity", "identity-binding"), default="workload-identity"),
            help="How pods get tokens: by a federated identity credential for each managed identity and service "
            "account, at most 20 per managed identity, or by an identity binding for each managed identity, without "
            "that limit. Code has to opt in to identity bindings.",
        )
        c.argument(
            "identities",
            nargs="+",
            help="With --target identity-binding, space-separated names or resource IDs of the managed identities that "
            "get identity bindings. The others get credentials. Defaults to all.",
        )


def _load_migrate_kubernetes(loader: PodIdentityCommandsLoader) -> None:
    """Register how the Kubernetes side is planned and written."""
    with loader.argument_context("aks pod-identity migrate", arg_group="Kubernetes") as c:
        c.argument(
            "output_dir",
            help="Folder to write the Kubernetes side to: service accounts, cluster roles for identity bindings, and a "
            "kustomization for objects in files, or patches and a script for objects in a cluster.",
        )
        flag(
            c,
            "remove_labels",
            "Plan the second step: remove the label aadpodidbinding from workloads whose pods have workload "
            "identity tokens. By default, the first step is planned, which keeps the label.",
        )
        flag(
            c,
            "one_step",
            "Plan both steps as one. Pods that get no workload identity token then have no managed identity.",
        )
        c.argument(
            "proxy_sidecar",
            nargs="*",
            help="Add the proxy sidecar to the workloads with these names (NAME or NAMESPACE/NAME) or, without names, "
            "to those whose manifest uses the instance metadata service.",
        )
        flag(
            c,
            "new_service_accounts",
            "Run workloads of the service account 'default' as a new one with the name of their pod identity.",
        )


def _sources(context: AzArgumentContext, validator: Any, *, workloads: str, context_help: str) -> None:
    """Register the options that name the source of Kubernetes objects."""
    options.refuse_name(context)
    context.argument("workloads", nargs="+", validator=validator, help=workloads)
    context.argument("kube_context", options_list=["--context"], help=context_help)
    flag(
        context,
        "run_command",
        "Run kubectl inside the cluster, for a private cluster that is not reachable from this machine.",
    )
    context.argument(
        "default_namespace",
        options_list=["--namespace"],
        help="The Kubernetes namespace of objects in files that do not name one.",
    )
