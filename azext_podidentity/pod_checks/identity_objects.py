# SPDX-License-Identifier: MIT
"""Check the AzureIdentity objects and their bindings, which the add-on creates from the profile of the cluster."""

from __future__ import annotations

from collections.abc import Iterator

from azext_podidentity.checks.finding import Finding, join_keys
from azext_podidentity.pod_checks.kubernetes_state import (
    ASSIGNED_IDENTITY,
    AZURE_IDENTITY,
    BINDING,
    AssignedIdentity,
    Pod,
)
from azext_podidentity.pod_checks.pod_snapshot import PodSnapshot, names_of
from azext_podidentity.profile.entries import EntryKey, PodIdentity
from azext_podidentity.profile.shell import kubectl_line

ASSIGNED = "Assigned"


def check_missing(snapshot: PodSnapshot) -> Iterator[Finding]:
    """Yield one finding for the pod identities that have no AzureIdentity or AzureIdentityBinding in the cluster."""
    missing = [entry.key for entry in _assigned_entries(snapshot) if missing_objects(snapshot, entry)]
    if missing:
        message = (
            "These pod identities have no AzureIdentity or no AzureIdentityBinding in the cluster, so their pods get "
            "no token. An update without other options creates the objects again."
        )
        yield Finding("error", join_keys(missing), message, (snapshot.cluster.reference.update_command("--yes"),))


def check_different(snapshot: PodSnapshot) -> Iterator[Finding]:
    """Yield a finding for each AzureIdentity or binding that differs from its pod identity."""
    for entry in _assigned_entries(snapshot):
        if differences := object_differences(snapshot, entry):
            message = f"{' '.join(differences)} An update without other options replaces the objects."
            yield Finding("error", str(entry.key), message, (snapshot.cluster.reference.update_command("--yes"),))


def check_unknown(snapshot: PodSnapshot) -> Iterator[Finding]:
    """Yield one finding for AzureIdentity objects without a pod identity, created manually or leftovers."""
    profile = snapshot.cluster.profile
    unknown = [key for key in snapshot.inside.identities if profile.identities.find(key) is None]
    if unknown:
        message = (
            "The cluster has AzureIdentity objects without a pod identity: created manually, or leftovers. The node "
            "agent uses them, but Azure does not assign their managed identities to the nodes."
        )
        first = sorted(unknown)[0]
        show = kubectl_line("get", "azureidentity", first.name, "--namespace", first.namespace, "--output", "yaml")
        yield Finding("warning", join_keys(sorted(unknown)), message, (show,))


def check_assigned(snapshot: PodSnapshot) -> Iterator[Finding]:
    """Yield findings for pods without an AzureAssignedIdentity, or with one that is not Assigned.

    Only the controller of the open-source project creates these objects. The add-on runs the node agent in managed
    mode, which does not use them.
    https://azure.github.io/aad-pod-identity/docs/configure/pod_identity_in_managed_mode/
    """
    for each in snapshot.inside.assigned:
        if each.state not in ("", ASSIGNED):
            message = f"AzureAssignedIdentity '{each.key}' is in state {each.state}, so the pod gets no token."
            yield Finding("error", f"Pod {each.pod}", message, (assigned_command(each.key),))
    if without := [pod.owner for pod in snapshot.labelled_pods if lacks_assignment(snapshot, pod)]:
        message = (
            "These pods have no AzureAssignedIdentity. The controller (MIC) creates it when it has assigned the "
            "managed identity to the node; its log says why it could not."
        )
        logs = ("logs", "--all-namespaces", "--selector", "app.kubernetes.io/component=mic", "--prefix")
        yield Finding("error", names_of(without), message, (kubectl_line(*logs),))


def missing_objects(snapshot: PodSnapshot, entry: PodIdentity) -> list[str]:
    """Return the kinds of objects that the pod identity lacks, among those that were read in its namespace."""
    inside, namespace = snapshot.inside, entry.key.namespace
    found = {AZURE_IDENTITY: entry.key in inside.identities, BINDING: bool(inside.bindings_of(entry.key))}
    return [kind for kind, exists in found.items() if not exists and inside.was_read(kind, namespace)]


def object_differences(snapshot: PodSnapshot, entry: PodIdentity) -> list[str]:
    """Return sentences about how the objects of a pod identity differ from it."""
    identity = snapshot.inside.identities.get(entry.key)
    bindings = snapshot.inside.bindings_of(entry.key)
    differences = []
    if identity and _differ(identity.resource_id, entry.identity.resource_id):
        differences.append(f"The AzureIdentity names managed identity {identity.resource_id!r}.")
    if identity and _differ(identity.client_id, entry.identity.client_id):
        differences.append(
            f"The AzureIdentity has the client ID {identity.client_id}, but the pod identity has "
            f"{entry.identity.client_id}."
        )
    if bindings and all(each.selector != entry.effective_selector for each in bindings):
        differences.append(
            f"The AzureIdentityBinding has the selector {bindings[0].selector!r}, but the pod identity has "
            f"{entry.effective_selector!r}."
        )
    return differences


def assigned_to(snapshot: PodSnapshot, pod: Pod) -> list[AssignedIdentity]:
    """Return the AzureAssignedIdentity objects of a pod."""
    return snapshot.inside.assigned_by_pod.get(EntryKey(pod.key.namespace, pod.key.name), [])


def lacks_assignment(snapshot: PodSnapshot, pod: Pod) -> bool:
    """Return whether a pod with a matching label needs an AzureAssignedIdentity and has none."""
    inside = snapshot.inside
    needed = inside.has_controller and pod.node and inside.was_read(ASSIGNED_IDENTITY, pod.key.namespace)
    return bool(needed and snapshot.selectors.match(pod.spec).entries and not assigned_to(snapshot, pod))


def assigned_command(key: EntryKey) -> str:
    """Return the command that shows an AzureAssignedIdentity with its events."""
    return kubectl_line("describe", "azureassignedidentity", key.name, "--namespace", key.namespace)


def _assigned_entries(snapshot: PodSnapshot) -> Iterator[PodIdentity]:
    """Yield the pod identities whose objects should exist."""
    profile = snapshot.cluster.profile
    return (each for each in profile.identities if profile.enabled and each.provisioning_state in (None, ASSIGNED))


def _differ(one: str | None, other: str | None) -> bool:
    return bool(one and other and one.lower() != other.lower())
