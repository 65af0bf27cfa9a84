"""Decisions about workloads and their service accounts."""

from __future__ import annotations

from collections.abc import Sequence

from azext_podidentity.migration.decision import ACTION_REQUIRED, INFO, Decision, listed
from azext_podidentity.migration.matching import Match
from azext_podidentity.migration.workloads import Workload
from azext_podidentity.profile.entries import PodIdentity
from azext_podidentity.profile.labels import BINDING_LABEL, CLIENT_ID_ANNOTATION


def no_identity(match: Match, similar: Sequence[PodIdentity]) -> Decision:
    """Ask what to do about a label that no pod identity's selector matches."""
    workload = match.workload
    entries = listed(f"{entry.key} (selector {entry.effective_selector})" for entry in similar)
    suggestion = f" Similar pod identities: {entries}." if similar else ""
    return Decision(
        "NoIdentity",
        ACTION_REQUIRED,
        str(workload.key),
        f"No pod identity in namespace {workload.key.namespace} has the selector '{workload.binding}', so its pods get "
        f"no identity today.{suggestion}",
        f"Correct the value of the label {BINDING_LABEL}, or remove the label if no identity is needed.",
        (workload.key,),
    )


def label_in_selector(workload: Workload) -> Decision:
    """Ask to recreate a workload whose own selector names the label."""
    return Decision(
        "LabelInSelector",
        ACTION_REQUIRED,
        str(workload.key),
        f"Its selector names the label {BINDING_LABEL}. A selector cannot be changed, and without the label the "
        "controller would not find its pods.",
        "Recreate the workload with a selector that does not name the label.",
        (workload.key,),
    )


def default_service_account(namespace: str, proposed: str, matches: Sequence[Match]) -> Decision:
    """Ask which service account workloads get that run as `default`."""
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
    """Ask for the default among several managed identities of one pod."""
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


def calls_imds(workload: Workload) -> Decision:
    """Report a workload whose manifest names the instance metadata service."""
    return Decision(
        "CallsImds",
        INFO,
        str(workload.key),
        f"The manifest of container {listed(workload.imds)} names the instance metadata service. With workload "
        "identity, it returns tokens of the node's identities, or none.",
        "Use an Azure SDK that supports workload identity, or pass --proxy-sidecar.",
    )


def owner_not_read(workload: Workload) -> Decision:
    """Report a workload of which only the pods were read."""
    return Decision(
        "OwnerNotRead",
        INFO,
        str(workload.key),
        "Only its pods were read, or its kind is not known to this command, so no patch is written for it.",
        "Make the changes that the plan lists in its pod template.",
    )


def generated_name(workload: Workload) -> Decision:
    """Report a workload whose name is generated when it is created."""
    return Decision(
        "GeneratedName",
        INFO,
        str(workload.key),
        "It has a generateName instead of a name, so no patch is written for it.",
        "Make the changes that the plan lists in its manifest.",
    )
