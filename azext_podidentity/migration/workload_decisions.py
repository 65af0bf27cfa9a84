# SPDX-License-Identifier: MIT
"""Decisions about workloads and their service accounts."""

from __future__ import annotations

from collections.abc import Sequence

from azext_podidentity.migration.decision import ACTION_REQUIRED, INFO, Decision, listed
from azext_podidentity.migration.matching import Match
from azext_podidentity.migration.workloads import Workload
from azext_podidentity.profile.entries import PodIdentity
from azext_podidentity.profile.labels import BINDING_LABEL, CLIENT_ID_ANNOTATION, PROXY_ANNOTATION


def no_identity(match: Match, similar: Sequence[PodIdentity], *, add_on: bool = True) -> Decision:
    """Ask what to do about a label that matches no selector of a pod identity.

    `add_on`: whether the add-on is enabled. Without it, another controller may use the label, so it must be kept.
    """
    workload = match.workload
    entries = listed(f"{entry.key} (selector {entry.effective_selector})" for entry in similar)
    suggestion = f" Similar pod identities: {entries}." if similar else ""
    if not add_on:
        return Decision(
            "NoIdentity",
            ACTION_REQUIRED,
            str(workload.key),
            f"No pod identity and no AzureIdentityBinding that was read has the selector '{workload.binding}'. The "
            "add-on is not enabled, so the open-source controller may give its pods an identity.",
            "Read the AzureIdentity and AzureIdentityBinding objects of the cluster too, before you remove the label.",
            (workload.key,),
        )
    return Decision(
        "NoIdentity",
        ACTION_REQUIRED,
        str(workload.key),
        f"No pod identity in namespace {workload.key.namespace} has the selector '{workload.binding}', so its pods get "
        f"no identity.{suggestion}",
        f"Correct the value of the label {BINDING_LABEL}, or remove the label if no identity is needed.",
        (workload.key,),
    )


def label_in_selector(workload: Workload) -> Decision:
    """Ask to recreate a workload whose selector contains the label."""
    return Decision(
        "LabelInSelector",
        ACTION_REQUIRED,
        str(workload.key),
        f"Its selector contains the label {BINDING_LABEL}. A selector cannot be changed, and without the label the "
        "controller would not find its pods.",
        "Recreate the workload with a selector that does not contain the label.",
        (workload.key,),
    )


def default_service_account(namespace: str, proposed: str, matches: Sequence[Match]) -> Decision:
    """Ask for the service account of workloads that run as `default`."""
    workloads = [match.workload.key for match in matches]
    return Decision(
        "DefaultServiceAccount",
        ACTION_REQUIRED,
        f"ServiceAccount {namespace}/default",
        f"The pods of {listed(each.short for each in workloads)} run as 'default'. A credential for 'default' gives "
        "the managed identity to every pod of the namespace that does not name a service account.",
        f"Pass --new-service-accounts to run them as '{proposed}', and give it the Kubernetes roles of 'default' that "
        f"they need. Or annotate 'default' with {CLIENT_ID_ANNOTATION}.",
        tuple(workloads),
    )


def several_identities(match: Match) -> Decision:
    """Ask for the default managed identity of a pod with several ones."""
    names = listed(each.name for each in match.identities)
    return Decision(
        "SeveralIdentities",
        ACTION_REQUIRED,
        str(match.workload.key),
        f"Its label selects {len(match.identities)} managed identities ({names}), but a service account has one client "
        "ID.",
        f"Annotate its service account with {CLIENT_ID_ANNOTATION}: the client ID of the default. The service account "
        "gets a credential on each managed identity, and code selects another one with AZURE_CLIENT_ID.",
        (match.workload.key,),
    )


def shared_service_account(namespace: str, account: str, matches: Sequence[Match]) -> Decision:
    """Ask what to do about a service account whose workloads use different managed identities."""
    used = listed(
        f"{match.workload.key.short} uses {listed(each.name for each in match.identities)}" for match in matches
    )
    return Decision(
        "SharedServiceAccount",
        ACTION_REQUIRED,
        f"ServiceAccount {namespace}/{account}",
        f"Its workloads use different managed identities, but it has one client ID: {used}.",
        f"Give each workload its own service account. Or annotate this one with {CLIENT_ID_ANNOTATION} and set "
        "AZURE_CLIENT_ID in the containers that use another managed identity.",
        tuple(match.workload.key for match in matches),
    )


def owner_not_read(workload: Workload) -> Decision:
    """Ask to change a workload if only its pods were read."""
    return Decision(
        "OwnerNotRead",
        ACTION_REQUIRED,
        str(workload.key),
        "Only its pods were read, or its kind is not known to this command, so no patch is written for it.",
        "Make the changes that the plan lists in its pod template.",
    )


def pods_differ(workload: Workload, accounts: Sequence[str]) -> Decision:
    """Ask about a controller that was not read, whose pods have different service accounts."""
    return Decision(
        "PodsDiffer",
        ACTION_REQUIRED,
        str(workload.key),
        f"It was not read, and its pods run as several service accounts: {listed(accounts)}.",
        "Read its manifest too, or migrate its pod templates yourself.",
        (workload.key,),
    )


def several_accounts(workload: Workload) -> Decision:
    """Ask about a workload whose parts run as different service accounts."""
    return Decision(
        "SeveralServiceAccounts",
        ACTION_REQUIRED,
        str(workload.key),
        f"Its pods may run as '{workload.service_account}' or as one of these service accounts, which it names too: "
        f"{listed(workload.other_accounts)}.",
        "Let all its pods run as one service account, or migrate it yourself: each service account needs the "
        f"annotation {CLIENT_ID_ANNOTATION} and a credential.",
        (workload.key,),
    )


def template_list(workload: Workload) -> Decision:
    """Ask to change a workload with a list of pod templates."""
    return Decision(
        "SeveralPodTemplates",
        ACTION_REQUIRED,
        str(workload.key),
        "It has a list of pod templates, so no patch is written for it.",
        "Make the changes that the plan lists in each of its pod templates.",
    )


def recreate(workload: Workload, command: str | None) -> Decision:
    """Ask to recreate a pod or job, whose pod template cannot be changed."""
    return Decision(
        "RecreateWorkload",
        ACTION_REQUIRED,
        str(workload.key),
        f"A {workload.key.kind} cannot be changed while it runs, so no patch is written for it. If you removed the "
        "label from a running pod, the pod would lose its identity at once.",
        "Add the changes that the plan lists to its manifest, delete it, and create it again.",
        command=command,
    )


def not_prepared(workload: Workload, reason: str) -> Decision:
    """Ask to complete the first step before the label is removed."""
    return Decision(
        "NotPrepared",
        ACTION_REQUIRED,
        str(workload.key),
        f"The label cannot be removed yet. {reason}",
        "Apply the files of the first step (without --remove-labels), and wait until its pods have tokens.",
        (workload.key,),
    )


def affinity(workload: Workload) -> Decision:
    """Ask about a workload whose affinity or topology spread selects pods by the label."""
    return Decision(
        "LabelInAffinity",
        ACTION_REQUIRED,
        str(workload.key),
        f"Its affinity or topology spread selects pods by the label {BINDING_LABEL}.",
        "Select the pods by another label before you remove this one.",
        (workload.key,),
    )


def proxy_not_possible(workload: Workload, reason: str) -> Decision:
    """Ask about a workload that needs the proxy sidecar but cannot have it."""
    return Decision(
        "ProxySidecarNotPossible",
        ACTION_REQUIRED,
        str(workload.key),
        f"It uses the instance metadata service, but cannot have the proxy sidecar: {reason}",
        f"Change its code to an Azure SDK that supports workload identity, and set the pod annotation "
        f'{PROXY_ANNOTATION} to "false".',
        (workload.key,),
    )


def proxy_limits(workload: Workload, limits: Sequence[str]) -> Decision:
    """Report the limits of the proxy sidecar."""
    return Decision(
        "ProxySidecarLimits",
        INFO,
        str(workload.key),
        f"It gets the proxy sidecar. {' '.join(limits)}",
        "Test the workload with the sidecar before you remove the label.",
    )


def role_bindings(namespace: str, previous: str, account: str, names: Sequence[str]) -> Decision:
    """Report the role bindings of the service account that workloads no longer use."""
    return Decision(
        "RoleBindings",
        INFO,
        f"ServiceAccount {namespace}/{account}",
        f"It replaces '{previous}', which has Kubernetes permissions through {listed(names)}.",
        "If the workloads need these permissions, add the new service account to the bindings before you apply the "
        "files.",
    )


def shared_with_unlabelled(namespace: str, account: str, workloads: Sequence[Workload]) -> Decision:
    """Report workloads without the label that use the service account of a migrated workload."""
    return Decision(
        "SharedWithUnlabelled",
        INFO,
        f"ServiceAccount {namespace}/{account}",
        f"Workloads without the label run as it too, and can then get its managed identity: "
        f"{listed(each.key.short for each in workloads)}.",
        "If they must not, give them another service account.",
    )


def managed_by_tool(workload: Workload) -> Decision:
    """Report a workload that is managed by a GitOps tool or Helm."""
    return Decision(
        "ManagedByTool",
        INFO,
        str(workload.key),
        "A tool manages this object and reverts changes that are made in the cluster.",
        f"Make the changes in {workload.managed_by}.",
    )


def generated_name(workload: Workload) -> Decision:
    """Ask to change a workload whose name is generated when it is created."""
    return Decision(
        "GeneratedName",
        ACTION_REQUIRED,
        str(workload.key),
        "It has a generateName instead of a name, so no patch is written for it.",
        "Make the changes that the plan lists in its manifest.",
    )
