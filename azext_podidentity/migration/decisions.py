"""What a person has to decide before a migration can go on, or should know: each with why, and what can be done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from azext_podidentity.migration.matching import Match
from azext_podidentity.migration.workloads import ObjectKey, Workload
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.entries import ManagedIdentity, PodIdentity, PodIdentityException
from azext_podidentity.profile.labels import BINDING_LABEL, CLIENT_ID_ANNOTATION
from azext_podidentity.profile.text import some_of
from azext_podidentity.profile.workload_credentials import MAX_CREDENTIALS, Credential, delete_command

_LISTED = 5


@dataclass(frozen=True)
class Decision:
    """One of them. The workloads in `blocks` are left as they are until it is taken; with none it is for information.

    `code` is one word of a fixed set, for programs; `subject` says what it is about; `command` is what can be pasted,
    where one command does it.
    """

    code: str
    subject: str
    why: str
    choices: str
    blocks: tuple[ObjectKey, ...] = ()
    command: str | None = None


def add_on_disabled(reference: ClusterReference) -> Decision:
    """A cluster without the add-on: there is nothing to migrate from."""
    return Decision(
        "add-on-disabled",
        f"Cluster {reference.name}",
        f"The pod identity add-on is not enabled, so no label {BINDING_LABEL} gets a pod anything.",
        "Nothing has to be done, except for workloads that need a managed identity and have none today.",
    )


def no_identity(match: Match, near: Sequence[PodIdentity]) -> Decision:
    """A label that no pod identity's selector matches."""
    workload = match.workload
    others = names(f"{entry.key} (selector {entry.effective_selector})" for entry in near)
    meant = f" Maybe meant: {others}." if near else ""
    return Decision(
        "no-identity",
        str(workload.key),
        f"No pod identity in namespace {workload.key.namespace} has the selector {workload.binding!r}, so its pods get "
        f"no identity today.{meant}",
        f"Correct the label, or remove it where no identity is needed: {BINDING_LABEL}",
        (workload.key,),
    )


def label_in_selector(workload: Workload) -> Decision:
    """A label that cannot be removed, because the controller finds its pods by it."""
    return Decision(
        "label-in-selector",
        str(workload.key),
        f"Its selector names the label {BINDING_LABEL}, and a selector cannot be changed: without the label the "
        "controller would not find its pods.",
        "Create it again, with a selector without that label.",
        (workload.key,),
    )


def default_account(namespace: str, proposed: str, matches: Sequence[Match]) -> Decision:
    """Workloads of one pod identity that have no service account of their own."""
    workloads = [match.workload.key for match in matches]
    return Decision(
        "default-service-account",
        f"ServiceAccount {namespace}/default",
        f"The pods of {names(map(_short, workloads))} run as 'default'. A credential for that one lets every pod of "
        "the namespace without a service account of its own have the managed identity.",
        f"Pass --new-service-accounts to have them run as {proposed!r}; give that one the Kubernetes roles and image "
        f"pull secrets of 'default' that they need. Or annotate 'default' with {CLIENT_ID_ANNOTATION}.",
        tuple(workloads),
    )


def several_identities(match: Match) -> Decision:
    """A pod that may use several managed identities; a service account has one."""
    identities = match.identities
    return Decision(
        "several-identities",
        str(match.workload.key),
        f"Its label gets {len(identities)} managed identities ({names(map(_name, identities))}), and a service account "
        "has one client id.",
        f"Annotate its service account with {CLIENT_ID_ANNOTATION}, the client id that is the default; it gets a "
        "credential at each, and code asks for the others with AZURE_CLIENT_ID.",
        (match.workload.key,),
    )


def shared_account(namespace: str, account: str, matches: Sequence[Match]) -> Decision:
    """A service account whose workloads use different managed identities."""
    used = names(f"{_short(match.workload.key)} uses {names(map(_name, match.identities))}" for match in matches)
    return Decision(
        "shared-service-account",
        f"ServiceAccount {namespace}/{account}",
        f"Its workloads use different managed identities, and it has one client id: {used}.",
        "Give each workload a service account of its own. Or annotate this one with "
        f"{CLIENT_ID_ANNOTATION} and set AZURE_CLIENT_ID in the containers that use another.",
        tuple(match.workload.key for match in matches),
    )


def other_client_id(
    namespace: str, account: str, annotated: str, wanted: ManagedIdentity, blocks: Iterable[ObjectKey]
) -> Decision:
    """A service account that is annotated with another managed identity's client id."""
    return Decision(
        "other-client-id",
        f"ServiceAccount {namespace}/{account}",
        f"It is annotated with client id {annotated} already; its pods use {_name(wanted)} ({wanted.client_id}).",
        f"Correct its annotation {CLIENT_ID_ANNOTATION}, or give the workloads another service account.",
        tuple(blocks),
    )


def missing_identity(reference: ClusterReference, resource_id: str, blocks: Iterable[ObjectKey]) -> Decision:
    """A managed identity that does not exist any more."""
    return Decision(
        "missing-identity",
        resource_id,
        "The managed identity does not exist any more, so its pods get no token today either.",
        "Create it again, or bind its pods to another one; see what mends it with the command.",
        tuple(blocks),
        reference.pod_identity_command("check", "--output", "table"),
    )


def unknown_identity(resource_id: str, reason: str, blocks: Iterable[ObjectKey]) -> Decision:
    """A managed identity that the caller may not read."""
    return Decision(
        "unknown-identity",
        resource_id,
        f"It and its federated identity credentials could not be read: {reason}",
        "Have somebody run this who may read it and write its credentials (role Managed Identity Contributor).",
        tuple(blocks),
    )


def different_credential(
    identity: ManagedIdentity, wanted: Credential, found: Credential, blocks: Iterable[ObjectKey]
) -> Decision:
    """A credential that is in the way of the one that is needed; it is never overwritten."""
    return Decision(
        "different-credential",
        identity.resource_id,
        f"Its federated identity credential {found.name!r} (issuer {found.issuer}, subject {found.subject}, audience "
        f"{names(found.audiences)}) is in the way of the one for {wanted.subject}.",
        "Remove that credential, where nobody needs it, with the command, and run this again.",
        tuple(blocks),
        delete_command(identity.resource_id, found),
    )


def too_many_credentials(identity: ManagedIdentity, there: int, new: int, blocks: Iterable[ObjectKey]) -> Decision:
    """A managed identity that would have more credentials than it may."""
    return Decision(
        "too-many-credentials",
        identity.resource_id,
        f"It has {there} federated identity credentials and {new} more are needed; {MAX_CREDENTIALS} are allowed.",
        "Have workloads of one namespace share a service account, remove credentials that nobody needs, or bind some "
        "of the workloads to a second managed identity with the same roles.",
        tuple(blocks),
    )


def unused_identity(entry: PodIdentity) -> Decision:
    """A pod identity that no workload's label matches."""
    return Decision(
        "unused-identity",
        f"Pod identity {entry.key}",
        f"No workload that was read has the label {BINDING_LABEL}={entry.effective_selector} in namespace "
        f"{entry.key.namespace}.",
        "Find out whether something that runs now and then needs it. --finish removes it.",
    )


def moot_exception(exception: PodIdentityException, matched: Sequence[Workload]) -> Decision:
    """An exception, of which nothing is left once the add-on is disabled."""
    labelled = [each for each in matched if each.binding is not None]
    both = names(str(each.key) for each in labelled)
    odd = f" It matches workloads that carry {BINDING_LABEL} too: {both}." if labelled else ""
    return Decision(
        "moot-exception",
        f"Exception {exception.key}",
        f"It matches {len(matched)} of the workloads. Once the add-on is disabled every pod reaches the instance "
        f"metadata service, and can ask for tokens of its node's identities.{odd}",
        "Nothing has to be done for its pods. Where the others must not reach it, deny 169.254.169.254 by a network "
        "policy before --finish.",
    )


def calls_imds(workload: Workload) -> Decision:
    """A workload whose manifest names the instance metadata service."""
    return Decision(
        "calls-imds",
        str(workload.key),
        f"The manifest of container {names(workload.imds)} names the instance metadata service; with workload identity "
        "that gives tokens of the node's identities, or none.",
        "Use an Azure SDK that knows workload identity, or pass --proxy-sidecar.",
    )


def unseen_controller(workload: Workload) -> Decision:
    """A workload of which only pods were given."""
    return Decision(
        "manifest-not-read",
        str(workload.key),
        "Only what it made was read, or it is of a kind whose manifest this command does not know, so no patch is "
        "written for it.",
        "Make the changes that the plan lists in its pod template by hand.",
    )


def unnamed(workload: Workload) -> Decision:
    """A workload that gets its name when it is created: a patch cannot name it."""
    return Decision(
        "no-name",
        str(workload.key),
        "It has a generateName in place of a name, so no patch can be written for it.",
        "Make the changes that the plan lists in its manifest by hand.",
    )


def names(items: Iterable[object]) -> str:
    """The items in one line, the first ones where there are many."""
    return some_of(items, _LISTED)


def _short(key: ObjectKey) -> str:
    return f"{key.kind} {key.name}"


def _name(identity: ManagedIdentity) -> str:
    return identity.resource_id.rpartition("/")[2]
