# SPDX-License-Identifier: MIT
"""Match the `aadpodidbinding` label of pods with pod identities like the add-on does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from azext_podidentity.migration.workloads import Workload
from azext_podidentity.profile.entries import ManagedIdentity, PodIdentity, PodIdentityException, Profile


@dataclass(frozen=True)
class Match:
    """A workload with the label, and the pod identities that the label selects."""

    workload: Workload
    entries: tuple[PodIdentity, ...]

    @property
    def identities(self) -> tuple[ManagedIdentity, ...]:
        """The managed identities of the entries, without duplicates."""
        return tuple({entry.identity.resource_id.lower(): entry.identity for entry in self.entries}.values())

    def with_identities(self, now: Callable[[ManagedIdentity], ManagedIdentity]) -> Match:
        """Return the match with each managed identity replaced by the result of `now`."""
        return replace(self, entries=tuple(replace(each, identity=now(each.identity)) for each in self.entries))


class Selectors:
    """The pod identities of a profile and of AzureIdentityBindings, by namespace and selector.

    The label must equal a selector in the pod's namespace (aad-pod-identity, pkg/mic). Without the add-on, the
    open-source controller matches selectors of all namespaces by default.
    """

    def __init__(self, profile: Profile, bindings: Iterable[PodIdentity] = ()) -> None:
        self._entries: dict[tuple[str, str], list[PodIdentity]] = defaultdict(list)
        self._in_any_namespace: dict[str, list[PodIdentity]] = defaultdict(list)
        for entry in sorted((*profile.identities, *bindings), key=lambda entry: entry.key):
            self._entries[entry.key.namespace, entry.effective_selector].append(entry)
            if not profile.enabled:
                self._in_any_namespace[entry.effective_selector].append(entry)

    def match(self, workload: Workload) -> Match:
        """Return the match of the workload with the pod identities that its label selects, possibly none."""
        selector = workload.binding or ""
        found = self._entries.get((workload.key.namespace, selector)) or self._in_any_namespace.get(selector, [])
        return Match(workload, tuple(found))

    def similar(self, workload: Workload) -> list[PodIdentity]:
        """Return the pod identities whose selector equals the label except for namespace, letter case or spaces."""
        label, namespace = (workload.binding or "").strip().lower(), workload.key.namespace
        return [
            entry
            for (_, selector), entries in self._entries.items()
            if selector.strip().lower() == label
            for entry in entries
            if entry.key.namespace == namespace or selector == workload.binding
        ]


def excepted(exception: PodIdentityException, workloads: Iterable[Workload]) -> list[Workload]:
    """Return the workloads that bypass the node agent: those with any label of the exception, in its namespace.

    Values are compared without case (aad-pod-identity, pkg/pod).
    """
    labels = {key: value.lower() for key, value in exception.pod_labels.items()}
    return [
        each
        for each in workloads
        if each.key.namespace == exception.key.namespace
        and any(each.labels.get(key, "\0").lower() == value for key, value in labels.items())
    ]
