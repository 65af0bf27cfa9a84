# SPDX-License-Identifier: MIT
"""Match the `aadpodidbinding` label of pods with pod identities, as the add-on does."""

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
        """The managed identities of the entries, each once."""
        return tuple({entry.identity.resource_id.lower(): entry.identity for entry in self.entries}.values())

    def with_identities(self, now: Callable[[ManagedIdentity], ManagedIdentity]) -> Match:
        """Return the match with each managed identity replaced by what `now` returns for it."""
        return replace(self, entries=tuple(replace(each, identity=now(each.identity)) for each in self.entries))


class Selectors:
    """The pod identities of a profile, and those of AzureIdentityBindings, by namespace and selector.

    The label is compared exactly, in the pod's own namespace (aad-pod-identity, pkg/mic). Without the add-on, the
    open-source controller compares it in all namespaces unless it is configured otherwise.
    """

    def __init__(self, profile: Profile, bindings: Iterable[PodIdentity] = ()) -> None:
        self._entries: dict[tuple[str, str], list[PodIdentity]] = defaultdict(list)
        self._in_any_namespace: dict[str, list[PodIdentity]] = defaultdict(list)
        for entry in sorted((*profile.identities, *bindings), key=lambda entry: entry.key):
            self._entries[entry.key.namespace, entry.effective_selector].append(entry)
            if not profile.enabled:
                self._in_any_namespace[entry.effective_selector].append(entry)

    def match(self, workload: Workload) -> Match:
        """Return the pod identities that the workload's label selects; no entries if none match."""
        selector = workload.binding or ""
        found = self._entries.get((workload.key.namespace, selector)) or self._in_any_namespace.get(selector, [])
        return Match(workload, tuple(found))

    def similar(self, workload: Workload) -> list[PodIdentity]:
        """Return the pod identities that the label may have meant: in another namespace, letter case or with spaces."""
        label, namespace = (workload.binding or "").strip().lower(), workload.key.namespace
        return [
            entry
            for (_, selector), entries in self._entries.items()
            if selector.strip().lower() == label
            for entry in entries
            if entry.key.namespace == namespace or selector == workload.binding
        ]


def excepted(exception: PodIdentityException, workloads: Iterable[Workload]) -> list[Workload]:
    """Return the workloads whose pods the exception lets bypass the node agent: any label suffices, in its namespace.

    Values compare without case (aad-pod-identity, pkg/pod).
    """
    labels = {key: value.lower() for key, value in exception.pod_labels.items()}
    return [
        each
        for each in workloads
        if each.key.namespace == exception.key.namespace
        and any(each.labels.get(key, "\0").lower() == value for key, value in labels.items())
    ]
