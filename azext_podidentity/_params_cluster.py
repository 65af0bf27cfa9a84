# SPDX-License-Identifier: MIT
"""The arguments of `aks create` and `aks update`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azext_podidentity import _validators
from azext_podidentity._params import CLUSTER_COMMANDS
from azext_podidentity._params_shared import flag, yes

if TYPE_CHECKING:
    from azext_podidentity import PodIdentityCommandsLoader


def load_cluster_flags(loader: PodIdentityCommandsLoader) -> None:
    """Register azure-cli's own arguments of `aks create` and `aks update`, and the pod identity flags."""
    from azure.cli.command_modules.acs._params import load_arguments as load_arguments_of_host

    load_arguments_of_host(loader, None)
    for command in CLUSTER_COMMANDS:
        with loader.argument_context(command) as c:
            flag(
                c,
                "enable_pod_identity",
                "Enable the pod identity add-on. It is deprecated, and its support ended in September 2025.",
                validator=_validators.validate_cluster_flags,
            )
            flag(
                c,
                "enable_pod_identity_with_kubenet",
                "Allow the pod identity add-on on a cluster that uses the kubenet network plugin, where a pod can "
                "impersonate another pod by ARP spoofing. Use with --enable-pod-identity.",
            )
            if "yes" not in loader.argument_registry.arguments[command]:
                yes(c)
    with loader.argument_context("aks update") as c:
        flag(
            c,
            "disable_pod_identity",
            "Disable the pod identity add-on, which deletes the pod identities and exceptions of the cluster. The "
            "command prompts for confirmation or, without a terminal, prints a copy of them to standard error.",
        )
