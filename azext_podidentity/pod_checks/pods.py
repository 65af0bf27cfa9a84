# SPDX-License-Identifier: MIT
"""Check which managed identities the labels of pods select, and what keeps the pods from getting tokens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from azext_podidentity.checks.finding import Finding
from azext_podidentity.migration.matching import Match, excepted
from azext_podidentity.migration.workloads import ObjectKey
from azext_podidentity.pod_checks.pod_snapshot import PodSnapshot, label_command, names_of
from azext_podidentity.profile.commands import add_command, update_command
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, PodIdentity, PodIdentityException
from azext_podidentity.profile.entry_types import EXCEPTION, key_arguments, label_arguments
from azext_podidentity.profile.labels import BINDING_LABEL
from azext_podidentity.profile.shell import kubectl_line
from azext_podidentity.profile.text import some_of
from azext_podidentity.profile.validation import is_label_value

_CLIENT_ID = "AZURE_CLIENT_ID"
_LISTED = 5
_RESTARTABLE = frozenset({"Deployment", "StatefulSet", "DaemonSet"})


def check_labels(snapshot: PodSnapshot) -> Iterator[Finding]:
    """Yield a finding for each label that matches no selector in its namespace, with similar selectors."""
    for (namespace, label), matches in snapshot.by_label.items():
        if matches[0].entries:
            continue
        similar = snapshot.selectors.similar(matches[0].workload)
        near = f" Similar: {some_of(map(_describe_selector, similar), _LISTED)}." if similar else ""
        message = (
            f"No pod identity in namespace {namespace!r} has the binding selector {label!r}, so pods with the label "
            f"{BINDING_LABEL}={label} get no managed identity.{near}"
        )
        commands = _matching_commands(snapshot, similar[0], matches) if len(similar) == 1 else ()
        yield Finding("error", _workloads(matches), message, commands)


def check_exceptions(snapshot: PodSnapshot) -> Iterator[Finding]:
    """Yield a finding for each exception that matches pods with the label, which then bypass the node agent."""
    labelled = [match.workload for match in snapshot.matches]
    for exception in snapshot.exceptions:
        if caught := excepted(exception, labelled):
            message = (
                f"{EXCEPTION.name(exception.key)} matches these pods, so their requests bypass the node agent and get "
                "no managed identity of a pod identity."
            )
            matching = {key for each in caught for key in each.labels}
            commands = (_exception_command(snapshot, exception, matching),)
            yield Finding("error", names_of(each.key for each in caught), message, commands)


def check_host_network(snapshot: PodSnapshot) -> Iterator[Finding]:
    """Yield one finding for pods with hostNetwork, whose requests the node agent does not intercept.

    https://azure.github.io/aad-pod-identity/docs/concepts/nmi/
    """
    using = [match.workload.key for match in snapshot.matches if match.workload.pod.host_network]
    if using:
        message = (
            "These pods use hostNetwork. The node agent does not intercept their requests: without a client ID they "
            "get the identity of the node, and with one that of any pod identity on it."
        )
        yield Finding("warning", names_of(using), message)


def check_windows(snapshot: PodSnapshot) -> Iterator[Finding]:
    """Yield one finding for pods with the label on Windows nodes, which have no node agent."""
    nodes = snapshot.inside.nodes
    on_windows = [pod.owner for pod in snapshot.labelled_pods if nodes.get(pod.node or "") == "windows"]
    to_windows = [match.workload.key for match in snapshot.matches if match.workload.pod.windows]
    if on_windows or to_windows:
        message = (
            "These pods run on Windows nodes, which have no node agent. Move them to a Linux node pool, or migrate "
            "them to Microsoft Entra Workload ID."
        )
        migrate = snapshot.cluster.reference.pod_identity_command("migrate", "--output", "table")
        yield Finding("error", names_of((*to_windows, *on_windows)), message, (migrate,))


def check_client_ids(snapshot: PodSnapshot) -> Iterator[Finding]:
    """Yield a finding for each label that selects several managed identities, for pods that do not choose one."""
    for (_, label), matches in snapshot.by_label.items():
        silent = [match for match in matches if _CLIENT_ID not in match.workload.pod.variables]
        if silent and len(matches[0].identities) > 1:
            message = (
                f"The label {BINDING_LABEL}={label} gets these pods {len(matches[0].identities)} managed identities, "
                f"and they do not set {_CLIENT_ID}. Without a client ID, a request gets any of them: "
                f"{some_of(map(_describe_identity, matches[0].identities), _LISTED)}."
            )
            yield Finding("warning", _workloads(silent), message)


def check_ages(snapshot: PodSnapshot) -> Iterator[Finding]:
    """Yield a finding for each AzureIdentityBinding that was created after pods that it applies to."""
    created = defaultdict[tuple[str, str], list[str]](list)
    for binding in snapshot.inside.bindings:
        created[binding.key.namespace, binding.selector].append(binding.created)
    older: dict[tuple[str, str], list[ObjectKey]] = defaultdict(list)
    for pod in snapshot.labelled_pods:
        selected = (pod.key.namespace, pod.spec.binding or "")
        if pod.created and pod.created < min(created.get(selected, [""])):
            older[selected].append(pod.owner)
    for (_, label), owners in older.items():
        message = (
            f"These pods are older than the AzureIdentityBinding of their label {BINDING_LABEL}={label}. Restart them "
            "if they requested tokens only at startup."
        )
        restarts = dict.fromkeys(
            kubectl_line("rollout", "restart", f"{each.kind.lower()}/{each.name}", "--namespace", each.namespace)
            for each in owners
            if each.kind in _RESTARTABLE
        )
        yield Finding("info", names_of(owners), message, tuple(restarts))


def check_managed_identities(snapshot: PodSnapshot) -> Iterator[Finding]:
    """Yield a finding with severity info for each label: the managed identities that its pods get."""
    labelled = [match.workload for match in snapshot.matches]
    bypassing = {each.key for exception in snapshot.exceptions for each in excepted(exception, labelled)}
    for (namespace, label), found in snapshot.by_label.items():
        matches = [each for each in found if each.workload.key not in bypassing and _asks_the_agent(each)]
        if matches and (identities := _assigned_identities(matches[0])):
            message = (
                f"Pods with the label {BINDING_LABEL}={label} in namespace {namespace!r} get "
                f"{some_of(map(_describe_identity, identities), _LISTED)}."
            )
            yield Finding("info", _workloads(matches), message)


def _asks_the_agent(match: Match) -> bool:
    return not (match.workload.pod.host_network or match.workload.pod.windows)


def _assigned_identities(match: Match) -> list[ManagedIdentity]:
    assigned = (entry.identity for entry in match.entries if not entry.failed)
    return list({each.resource_id.lower(): each for each in assigned}.values())


def _workloads(matches: list[Match]) -> str:
    return names_of(match.workload.key for match in matches)


def _matching_commands(snapshot: PodSnapshot, entry: PodIdentity, matches: list[Match]) -> tuple[str, ...]:
    """Return the alternative commands that make label and selector equal: add an entry, or change one of both."""
    first = matches[0].workload
    known = snapshot.cluster.profile.identities.find(entry.key) is not None
    if entry.key.namespace != first.key.namespace:
        there = EntryKey(first.key.namespace, entry.key.name)
        selector = entry.binding_selector if entry.effective_selector != entry.key.name else None
        return (add_command(snapshot.cluster, PodIdentity(there, entry.identity, selector)),)
    if not is_label_value(entry.effective_selector):
        wanted = replace(entry, binding_selector=first.binding)
        return (update_command(snapshot.cluster, entry, wanted),) if known else ()
    commands = (label_command(match.workload, entry.effective_selector) for match in matches)
    return tuple(filter(None, commands))


def _exception_command(snapshot: PodSnapshot, exception: PodIdentityException, matching: set[str]) -> str:
    """Return the command that removes the matching labels from the exception, or the exception if it has no others."""
    kept = {key: value for key, value in exception.pod_labels.items() if key not in matching}
    namespace, name = exception.key
    if snapshot.cluster.profile.exceptions.find(exception.key) is None:
        return kubectl_line("get", "azurepodidentityexception", name, "--namespace", namespace, "--output", "yaml")
    if not kept:
        return EXCEPTION.delete_command(snapshot.cluster, exception.key)
    labels = ("--pod-labels", *label_arguments(kept))
    return EXCEPTION.command(snapshot.cluster, "update", *key_arguments(exception.key), *labels)


def _describe_selector(entry: PodIdentity) -> str:
    return f"{entry.effective_selector!r} in namespace {entry.key.namespace!r}"


def _describe_identity(identity: ManagedIdentity) -> str:
    client_id = f" (client ID {identity.client_id})" if identity.client_id else ""
    return f"managed identity {identity.name!r}{client_id}"
