# SPDX-License-Identifier: MIT
"""Decisions about identity bindings."""

from __future__ import annotations

from collections.abc import Iterable

from azext_podidentity.migration.decision import ACTION_REQUIRED, INFO, Decision
from azext_podidentity.migration.workloads import ObjectKey, Workload
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.entries import ManagedIdentity
from azext_podidentity.profile.identity_bindings import AKS_CREDENTIAL, IdentityBinding, delete_command
from azext_podidentity.profile.workload_credentials import MAX_CREDENTIALS

# https://learn.microsoft.com/azure/aks/identity-bindings-concepts, and the change logs of the libraries.
_OPT_IN = (
    "sign in with WorkloadIdentityCredential and set its option: enable_azure_proxy=True (Python), IsAzureProxyEnabled "
    "(.NET), EnableAzureProxy (Go), enableAzureProxy() (Java) or enableAzureProxy (JavaScript). DefaultAzureCredential "
    "and ManagedIdentityCredential do not use identity bindings."
)


def code_must_opt_in(workload: Workload) -> Decision:
    """Ask to change the code of a workload so that it opts in to identity bindings."""
    return Decision(
        "CodeMustOptIn",
        ACTION_REQUIRED,
        str(workload.key),
        "It gets an identity binding, which an Azure SDK uses only if the code opts in.",
        f"In its code, {_OPT_IN}",
    )


def secrets_use_binding(workload: Workload) -> Decision:
    """Report a workload that mounts secrets with the CSI driver, which supports identity bindings."""
    return Decision(
        "SecretsUseBinding",
        INFO,
        str(workload.key),
        "It mounts secrets with the Secrets Store CSI driver, which uses the identity binding without a code change.",
        f"If its code requests tokens too, {_OPT_IN}",
    )


def no_room_for_binding(identity: ManagedIdentity, blocked: Iterable[ObjectKey]) -> Decision:
    """Ask to remove a credential of a managed identity so that AKS can create its own."""
    return Decision(
        "NoRoomForBinding",
        ACTION_REQUIRED,
        identity.resource_id,
        f"It has {MAX_CREDENTIALS} federated identity credentials, which is the limit. With the first identity "
        f"binding of a managed identity, AKS creates another one, '{AKS_CREDENTIAL}'.",
        "Remove a credential that is not used, and run the migration again.",
        tuple(blocked),
    )


def binding_failed(
    reference: ClusterReference, identity: ManagedIdentity, binding: IdentityBinding, blocked: Iterable[ObjectKey]
) -> Decision:
    """Ask what to do about a failed identity binding of another client, which this command never changes."""
    return Decision(
        "IdentityBindingFailed",
        ACTION_REQUIRED,
        identity.resource_id,
        f"Its identity binding '{binding.name}' is in state {binding.state}. This command did not create it.",
        "If the binding is not used, remove it with the command and run the migration again.",
        tuple(blocked),
        delete_command(reference, binding.name),
    )


def binding_outdated(
    reference: ClusterReference, identity: ManagedIdentity, binding: IdentityBinding, blocked: Iterable[ObjectKey]
) -> Decision:
    """Ask to remove the identity binding of a managed identity that was deleted and recreated."""
    return Decision(
        "IdentityBindingOutdated",
        ACTION_REQUIRED,
        identity.resource_id,
        f"Its identity binding '{binding.name}' has client ID {binding.client_id}, but the managed identity was "
        f"recreated and has {identity.client_id}.",
        "Remove the binding with the command, and run the migration again.",
        tuple(blocked),
        delete_command(reference, binding.name),
    )
