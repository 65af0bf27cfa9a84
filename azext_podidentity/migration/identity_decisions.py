# SPDX-License-Identifier: MIT
"""Decisions about managed identities, their credentials, and the add-on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from azext_podidentity.migration.decision import ACTION_REQUIRED, INFO, Decision, listed
from azext_podidentity.migration.workloads import ObjectKey, Workload
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.entries import ManagedIdentity, PodIdentity, PodIdentityException
from azext_podidentity.profile.identity_bindings import AKS_CREDENTIAL
from azext_podidentity.profile.labels import BINDING_LABEL, CLIENT_ID_ANNOTATION
from azext_podidentity.profile.text import count_of
from azext_podidentity.profile.workload_credentials import MAX_CREDENTIALS, FederatedCredential, delete_command

OIDC_ISSUER_CONSEQUENCES = (
    "Enabling the OIDC issuer restarts the API server and changes the issuer of service account tokens. Long-running "
    "pods with old tokens may need a restart. It cannot be disabled again."
)


def enables_oidc_issuer(reference: ClusterReference) -> Decision:
    """Report the consequences of enabling the OIDC issuer."""
    return Decision(
        "EnablesOidcIssuer",
        INFO,
        f"Cluster {reference.name}",
        OIDC_ISSUER_CONSEQUENCES,
        "Run --approve at a time when this is acceptable. It asks before it enables the OIDC issuer.",
    )


def former_issuer(
    reference: ClusterReference, identity: ManagedIdentity, issuer: str, credentials: Sequence[FederatedCredential]
) -> Decision:
    """Report credentials that this command created for another issuer, such as that of a recreated cluster."""
    return Decision(
        "FormerIssuer",
        INFO,
        identity.resource_id,
        f"It has {count_of(len(credentials), 'federated identity credential')} that this command created for another "
        f"issuer, {issuer}. Former credentials count toward the limit of {MAX_CREDENTIALS}.",
        "If that issuer belongs to a cluster that no longer exists, remove them with the command.",
        command=reference.pod_identity_command("migrate", "--undo", "--issuer", issuer),
    )


def add_on_disabled(reference: ClusterReference) -> Decision:
    """Report a cluster without the add-on."""
    return Decision(
        "AddOnDisabled",
        INFO,
        f"Cluster {reference.name}",
        f"The pod identity add-on is not enabled. The label {BINDING_LABEL} has an effect only if the open-source "
        "controller aad-pod-identity runs in the cluster.",
        "If the controller runs, read its AzureIdentity and AzureIdentityBinding objects too: they show which managed "
        "identity a label selects. Do not remove the label from pods before they use workload identity.",
    )


def other_client_id(
    namespace: str, account: str, annotated: str, wanted: ManagedIdentity, blocked: Iterable[ObjectKey]
) -> Decision:
    """Ask what to do about a service account with the client ID of another managed identity."""
    return Decision(
        "OtherClientId",
        ACTION_REQUIRED,
        f"ServiceAccount {namespace}/{account}",
        f"It is already annotated with client ID {annotated}, but its pods use {wanted.name} ({wanted.client_id}).",
        f"Correct its annotation {CLIENT_ID_ANNOTATION}, or give the workloads another service account.",
        tuple(blocked),
    )


def managed_identity_not_found(reference: ClusterReference, resource_id: str, blocked: Iterable[ObjectKey]) -> Decision:
    """Ask what to do about workloads whose managed identity no longer exists."""
    return Decision(
        "ManagedIdentityNotFound",
        ACTION_REQUIRED,
        resource_id,
        "The managed identity no longer exists, so its pods already get no tokens.",
        "Recreate it, or bind its pods to another one. The command lists the fixes.",
        tuple(blocked),
        reference.pod_identity_command("check", "--output", "table"),
    )


def managed_identity_unreadable(resource_id: str, reason: str, blocked: Iterable[ObjectKey]) -> Decision:
    """Ask for the permission to read a managed identity."""
    return Decision(
        "ManagedIdentityUnreadable",
        ACTION_REQUIRED,
        resource_id,
        f"The managed identity and its federated identity credentials could not be read: {reason}",
        "Run the command as a user who can read the managed identity and write its credentials, for example with the "
        "role Managed Identity Contributor.",
        tuple(blocked),
    )


def conflicting_credential(
    identity: ManagedIdentity,
    wanted: FederatedCredential,
    found: FederatedCredential,
    blocked: Iterable[ObjectKey],
) -> Decision:
    """Ask what to do about an existing credential that conflicts with the new one; it is never overwritten."""
    return Decision(
        "ConflictingCredential",
        ACTION_REQUIRED,
        identity.resource_id,
        f"Its federated identity credential '{found.name}' (issuer {found.issuer}, subject {found.subject}, audience "
        f"{listed(found.audiences)}) conflicts with the one for {wanted.subject}.",
        "If the credential is not used, remove it with the command and run the migration again.",
        tuple(blocked),
        delete_command(identity.resource_id, found),
    )


def too_many_credentials(
    identity: ManagedIdentity,
    existing: Sequence[FederatedCredential],
    new: int,
    blocked: Iterable[ObjectKey],
    command: str | None,
) -> Decision:
    """Ask what to do about a managed identity that would exceed the limit of credentials."""
    # The command uses identity bindings instead. It is None for a cluster that does not support them.
    of_aks = any(each.name == AKS_CREDENTIAL for each in existing)
    one_of_aks = f", one of them '{AKS_CREDENTIAL}', which AKS needs for identity bindings" if of_aks else ""
    binding = (
        "Use an identity binding, which needs no credential per service account, with the command. Or"
        if command
        else "Identity bindings are not available with API server VNet integration, so"
    )
    return Decision(
        "TooManyCredentials",
        ACTION_REQUIRED,
        identity.resource_id,
        f"It has {count_of(len(existing), 'federated identity credential')}{one_of_aks}, and needs {new} more. "
        f"The limit is {MAX_CREDENTIALS}.",
        f"{binding} let workloads of one namespace share a service account, remove unused credentials, or bind some of "
        "the workloads to a second managed identity with the same roles.",
        tuple(blocked),
        command,
    )


def unused_identity(entry: PodIdentity) -> Decision:
    """Report a pod identity that no workload was seen to use."""
    return Decision(
        "UnusedIdentity",
        INFO,
        f"Pod identity {entry.key}",
        f"No workload that was read uses it: none in namespace {entry.key.namespace} has the label "
        f"{BINDING_LABEL}={entry.effective_selector}.",
        "Check whether something that is not running now needs it. --finish removes it.",
    )


def exception_without_effect(exception: PodIdentityException, matched: Sequence[Workload]) -> Decision:
    """Report an exception, which has no effect once the add-on is disabled."""
    labelled = [each for each in matched if each.binding is not None]
    both = listed(each.key for each in labelled)
    also = f" It also matches workloads with the {BINDING_LABEL} label: {both}." if labelled else ""
    return Decision(
        "ExceptionWithoutEffect",
        INFO,
        f"Exception {exception.key}",
        f"It matches {len(matched)} of the workloads. Once the add-on is disabled, every pod reaches the instance "
        f"metadata service and can request tokens of its node's identities.{also}",
        "Its pods need no change. To keep other pods from the instance metadata service, deny 169.254.169.254 with a "
        "network policy before you run --finish.",
    )
