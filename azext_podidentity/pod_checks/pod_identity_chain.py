# SPDX-License-Identifier: MIT
"""Trace a pod with pod identity from its label to the node agent, which returns the tokens."""

from __future__ import annotations

from collections.abc import Iterator

from azext_podidentity.checks import cluster_settings, entry_states, managed_identities, stale_ids
from azext_podidentity.pod_checks import agents, identity_objects, pods
from azext_podidentity.pod_checks.kubernetes_state import AZURE_IDENTITY, BINDING
from azext_podidentity.pod_checks.pod_snapshot import PodSnapshot, label_command
from azext_podidentity.pod_checks.step import Step, step_of, unread_step
from azext_podidentity.pod_checks.subject import Subject, entries_of, narrow, with_whole_profile
from azext_podidentity.profile.entries import ManagedIdentity
from azext_podidentity.profile.labels import BINDING_LABEL
from azext_podidentity.profile.text import some_of

_LISTED = 10
_ENABLED = "The pod identity add-on is enabled."


def pod_identity_steps(snapshot: PodSnapshot, subject: Subject) -> list[Step]:
    """Return the steps in order. If the label selects nothing, the steps about pod identities are left out."""
    narrowed = narrow(snapshot, subject)
    steps = [_label_step(snapshot, subject), step_of("Add-on", cluster_settings.check_add_on(narrowed.azure), _ENABLED)]
    if subject.workload.binding is not None:
        steps.append(_entry_step(snapshot, narrowed))
    if entries_of(snapshot, subject):
        steps += _identity_steps(snapshot, narrowed)
    return [*steps, *_node_steps(narrowed, subject)]


def identities_of(snapshot: PodSnapshot, subject: Subject) -> list[ManagedIdentity]:
    """Return the managed identities that the label selects, in their current state if it could be read."""
    found = []
    for identity in snapshot.selectors.match(subject.workload).identities:
        now = snapshot.azure.find_identity(identity.resource_id)
        found.append(now if isinstance(now, ManagedIdentity) else identity)
    return found


def _label_step(snapshot: PodSnapshot, subject: Subject) -> Step:
    label = subject.workload.binding
    if label is not None:
        return Step("Label", "Ok", f"The pod has the label {BINDING_LABEL}={label}.")
    namespace = subject.workload.key.namespace
    there = [each for each in snapshot.cluster.profile.identities if each.key.namespace == namespace]
    command = label_command(subject.workload, there[0].effective_selector) if len(there) == 1 else None
    selectors = some_of((repr(each.effective_selector) for each in there), _LISTED) or "none"
    detail = f"The pod has no label {BINDING_LABEL}. Binding selectors in namespace {namespace!r}: {selectors}."
    return Step("Label", "Error", detail, command)


def _entry_step(snapshot: PodSnapshot, narrowed: PodSnapshot) -> Step:
    whole = with_whole_profile(narrowed, snapshot)
    entries = [entry for match in narrowed.matches for entry in match.entries]
    names = some_of((f"'{entry.key}' ({entry.provisioning_state or 'no state'})" for entry in entries), _LISTED)
    findings = [*pods.check_labels(whole), *entry_states.check_states(narrowed.azure)]
    return step_of("Pod identity", findings, f"The label selects {names}.")


def _identity_steps(snapshot: PodSnapshot, narrowed: PodSnapshot) -> Iterator[Step]:
    azure = narrowed.azure
    stale = [*stale_ids.check_missing(azure), *stale_ids.check_recreated(azure), *stale_ids.check_client_ids(azure)]
    # Several stale entries block each other, so the command for a single one would fail.
    blocked = list(stale_ids.check_blocked(snapshot.azure)) if stale else []
    names = some_of((f"'{each.identity.name}'" for match in narrowed.matches for each in match.entries), _LISTED)
    exists = step_of("Managed identity", blocked or stale, f"The managed identity exists: {names}.")
    yield unread_step("Managed identity", managed_identities.check_identities_readable(azure), exists)
    role = step_of("Role", managed_identities.check_roles(azure), "The cluster identity has a role on it.")
    yield unread_step("Role", managed_identities.check_roles_readable(azure), role)
    yield _objects_step(narrowed)
    if narrowed.inside.has_controller or narrowed.inside.assigned:
        done = "The AzureAssignedIdentity of the pod is Assigned."
        yield step_of("AzureAssignedIdentity", identity_objects.check_assigned(narrowed), done)
    yield step_of("Client ID", pods.check_client_ids(narrowed), "The client ID is not ambiguous.")


def _objects_step(narrowed: PodSnapshot) -> Step:
    inside = narrowed.inside
    findings = [*identity_objects.check_missing(narrowed), *identity_objects.check_different(narrowed)]
    namespaces = {match.workload.key.namespace for match in narrowed.matches}
    if not findings and not all(
        inside.was_read(kind, each) for kind in (AZURE_IDENTITY, BINDING) for each in namespaces
    ):
        return Step("AzureIdentity", "Unknown", "The AzureIdentity objects of the namespace were not read.")
    done = "AzureIdentity and AzureIdentityBinding exist and agree with the pod identity."
    return step_of("AzureIdentity", findings, done)


def _node_steps(narrowed: PodSnapshot, subject: Subject) -> Iterator[Step]:
    has_own = "The pod does not use the network of its node, so the node agent intercepts its requests."
    yield step_of("Network", pods.check_host_network(narrowed), has_own)
    none = "No exception matches the labels of the pod."
    yield step_of("Exceptions", pods.check_exceptions(narrowed), none)
    yield _node_step(narrowed, subject)
    yield _agent_step(narrowed, subject)
    if ages := list(pods.check_ages(narrowed)):
        yield Step("Age", "Warning", ages[0].message, "\n".join(ages[0].commands) or None)


def _node_step(narrowed: PodSnapshot, subject: Subject) -> Step:
    node = subject.pod.node if subject.pod else None
    system = narrowed.inside.nodes.get(node or "")
    findings = list(pods.check_windows(narrowed))
    if not findings and subject.pod is None:
        return Step("Node", "Unknown", "Only a manifest was read, so the node of the pod is unknown.")
    if not findings and node is None:
        return Step("Node", "Warning", "The pod is not scheduled to a node.")
    if not findings and system is None:
        return Step("Node", "Unknown", f"Node {node!r} was not read.")
    return step_of("Node", findings, f"Node {node!r} runs Linux.")


def _agent_step(narrowed: PodSnapshot, subject: Subject) -> Step:
    inside, node = narrowed.inside, subject.pod.node if subject.pod else None
    findings = [*agents.check_present(narrowed), *agents.check_ready(narrowed)]
    if not findings and not inside.agents.get(node or ""):
        known = inside.complete or inside.agents
        detail = "The node of the pod is unknown." if known else "The pods of the node agent were not read."
        return Step("Node agent", "Unknown", detail)
    return step_of("Node agent", findings, f"The node agent (NMI) is ready on node {node!r}.")
