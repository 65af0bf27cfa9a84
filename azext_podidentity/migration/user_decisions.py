# SPDX-License-Identifier: MIT
"""Decisions about users of pod identity other than the pod templates that a migration changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from azext_podidentity.migration.decision import ACTION_REQUIRED, INFO, Decision, listed
from azext_podidentity.migration.inventory import Mention
from azext_podidentity.migration.node_agent_users import NodeAgentUser
from azext_podidentity.migration.workloads import ObjectKey, Workload
from azext_podidentity.profile.labels import BINDING_LABEL, CLIENT_ID_ANNOTATION, PROXY_ANNOTATION
from azext_podidentity.profile.text import count_of

# How to change the labels of pods that objects of these kinds create.
_PLACES = {
    "HelmRelease": "Change the values of the HelmRelease in its source",
    "Application": "Change the source or the Helm values of the Argo CD application",
    "ConfigMap": "Change the pod template in the ConfigMap",
    "Secret": "Change the pod template in the Secret",
    "Kustomization": "Change the labels in the kustomization",
    "Kustomization.kustomize.config.k8s.io": "Change the labels in the kustomization",
}


def label_not_understood(mention: Mention) -> Decision:
    """Ask about an object that contains the label at a place that this command does not understand."""
    resolution = _PLACES.get(mention.kind, "Change what creates its pods")
    return Decision(
        "LabelNotUnderstood",
        ACTION_REQUIRED,
        mention.subject,
        f"It contains the label {BINDING_LABEL} in {listed(mention.places)}, which this command cannot interpret. "
        "Pods that it creates may need the add-on.",
        f"{resolution}: add the label azure.workload.identity/use and a service account with {CLIENT_ID_ANNOTATION}, "
        f"then remove the label {BINDING_LABEL}.",
    )


def finished_workload(workload: Workload) -> Decision:
    """Ask about a finished pod or job whose creator was not read."""
    return Decision(
        "FinishedWorkload",
        ACTION_REQUIRED,
        str(workload.key),
        f"It has finished, but has the label {BINDING_LABEL}. Its creator was not read and may create it again.",
        "Change its creator, and then delete the finished object.",
    )


def secret_provider_class_unclear(user: NodeAgentUser, reason: str, blocked: Iterable[ObjectKey]) -> Decision:
    """Ask for the client ID of a SecretProviderClass if it cannot be derived from the workloads that mount it."""
    return Decision(
        "SecretProviderClassUnclear",
        ACTION_REQUIRED,
        str(user.key),
        f'It uses the node agent (usePodIdentity: "true"), and its managed identity cannot be derived: {reason}',
        'Set usePodIdentity to "false" and clientID to the client ID of the managed identity. If its pods use several, '
        "create a SecretProviderClass for each.",
        tuple(blocked),
    )


def secret_provider_class_not_read(namespace: str, name: str, workloads: Sequence[ObjectKey]) -> Decision:
    """Ask for a SecretProviderClass that labelled workloads mount and that was not read."""
    return Decision(
        "SecretProviderClassNotRead",
        ACTION_REQUIRED,
        f"SecretProviderClass {namespace}/{name}",
        f'{listed(key.short for key in workloads)} mounts it, but it was not read. If it has usePodIdentity: "true", '
        "new pods cannot start without the label.",
        "Read it too: pass its manifest with --workloads, or read the workloads from the cluster.",
        tuple(workloads),
    )


def trigger_authentication_unclear(user: NodeAgentUser, reason: str, blocked: Iterable[ObjectKey]) -> Decision:
    """Ask for the managed identity of a TriggerAuthentication as which KEDA's operator cannot be seen to sign in."""
    return Decision(
        "TriggerAuthenticationUnclear",
        ACTION_REQUIRED,
        str(user.key),
        "It uses the node agent (provider: azure). With workload identity, KEDA's operator signs in as its own service "
        f"account, and its credential cannot be derived: {reason}",
        "Create a federated identity credential for the operator's service account on the managed identity. Then set "
        "provider to azure-workload and identityId to the client ID of the managed identity.",
        tuple(blocked),
    )


def trigger_on_identity_binding(user: NodeAgentUser, blocked: Iterable[ObjectKey]) -> Decision:
    """Ask about a TriggerAuthentication whose operator gets an identity binding, which KEDA may not support."""
    return Decision(
        "TriggerOnIdentityBinding",
        ACTION_REQUIRED,
        str(user.key),
        "It uses the node agent (provider: azure), and KEDA's operator gets an identity binding. KEDA does not "
        "document support for identity bindings, so its triggers may stop.",
        "Let the operator use a federated identity credential: with --identities, name only the managed identities of "
        "other workloads.",
        tuple(blocked),
    )


def flex_volume(workload: Workload) -> Decision:
    """Ask to replace a FlexVolume of Key Vault, which does not support workload identity."""
    return Decision(
        "FlexVolume",
        ACTION_REQUIRED,
        str(workload.key),
        f"Its volume {listed(workload.pod.flex_volumes)} is a Key Vault FlexVolume, which does not support workload "
        "identity.",
        "Replace the volume with one of the Secrets Store CSI driver.",
        (workload.key,),
    )


def calls_imds(workload: Workload) -> Decision:
    """Ask about a workload whose manifest uses the instance metadata service."""
    return Decision(
        "CallsImds",
        ACTION_REQUIRED,
        str(workload.key),
        f"The manifest of container {listed(workload.pod.imds)} uses the instance metadata service. With workload "
        "identity, it returns tokens of the node's identities, or none.",
        "Pass --proxy-sidecar, or change the code to an Azure SDK or sign-in that supports workload identity and set "
        "the "
        f'pod annotation {PROXY_ANNOTATION} to "false".',
        (workload.key,),
    )


def signs_in_with_imds(key: ObjectKey, names: Sequence[str]) -> Decision:
    """Report a script or setting that uses the instance metadata service."""
    return Decision(
        "SignsInWithImds",
        INFO,
        str(key),
        f"Its {listed(names)} signs in with the instance metadata service.",
        "If migrated pods use it, change it to a sign-in that supports workload identity.",
    )


def environment_override(workload: Workload) -> Decision:
    """Report variables of a container that take precedence over those of workload identity."""
    return Decision(
        "EnvironmentOverride",
        INFO,
        str(workload.key),
        f"Its containers set {listed((*workload.pod.variables, *workload.pod.secret_variables))}. Workload identity "
        "does not override environment variables, and an SDK that finds a secret signs in with it.",
        "Remove the variables, or make sure that they name the managed identity.",
    )


def label_selected(key: ObjectKey, blocked: Iterable[ObjectKey]) -> Decision:
    """Ask about an object that selects pods by the label."""
    return Decision(
        "LabelSelected",
        ACTION_REQUIRED,
        str(key),
        f"It selects pods by the label {BINDING_LABEL}. Without the label, it no longer finds them.",
        "Select the pods by another label before you remove this one.",
        tuple(blocked),
    )


def kinds_not_read(cluster: str, kinds: Sequence[str]) -> Decision:
    """Report the kinds of objects that were not read."""
    return Decision(
        "KindsNotRead",
        INFO,
        f"Cluster {cluster}",
        "The command did not read Secrets, code that creates pods at run time, and objects of "
        f"{count_of(len(kinds), 'other kind')} of the cluster: {listed(kinds)}.",
        "If one of these creates pods with the label, migrate it yourself.",
    )
