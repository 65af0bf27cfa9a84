# SPDX-License-Identifier: MIT
"""Collect the entries of all files of a manifest."""

from __future__ import annotations

from dataclasses import dataclass, field

from azext_podidentity.manifest.problems import Place, Problems
from azext_podidentity.manifest.selector import ClusterSelector
from azext_podidentity.profile.entries import Entry, EntryKey, PodIdentity, PodIdentityException
from azext_podidentity.profile.entry_types import EXCEPTION, IDENTITY, EntryType


@dataclass
class EntryCollector:
    """The entries of all files with their places, the selectors of clusters, and `notes`: one sentence each.

    namespace: the Kubernetes namespace of entries that do not name one; empty if every entry must name its namespace.
    """

    problems: Problems
    namespace: str = ""
    identities: dict[EntryKey, tuple[PodIdentity, Place]] = field(default_factory=dict)
    exceptions: dict[EntryKey, tuple[PodIdentityException, Place]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    clusters: list[ClusterSelector] = field(default_factory=list)

    def add_identity(self, entry: PodIdentity, place: Place) -> None:
        """Add a pod identity, or a problem if its namespace and name are already in use."""
        self._add(IDENTITY, self.identities, entry, place)

    def add_exception(self, entry: PodIdentityException, place: Place) -> None:
        """Add an exception, or a problem if its namespace and name are already in use."""
        if not entry.pod_labels:
            self.notes.append(f"{place}: {EXCEPTION.name(entry.key)} has no labels, so it matches no pod.")
        self._add(EXCEPTION, self.exceptions, entry, place)

    def _add(
        self, entry_type: EntryType, known: dict[EntryKey, tuple[Entry, Place]], entry: Entry, place: Place
    ) -> None:
        name = f"{entry_type.noun.lower()} {entry.key}"
        if entry.key not in known:
            known[entry.key] = (entry, place)
            if len(known) == entry_type.limit + 1:
                self.problems.add(place, f"{name} exceeds the limit of {entry_type.limit}")
        elif all(entry.key):
            self.problems.add(place, f"{name} is defined twice, first at {known[entry.key][1]}")
