"""The entries that were found in files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from azext_podidentity.manifest.problems import Place, Problems
from azext_podidentity.profile.entries import EntryKey, PodIdentity, PodIdentityException
from azext_podidentity.profile.entry_types import EXCEPTION, IDENTITY, EntryType


@dataclass
class Found:
    """The entries of all files, each with its place; `notes` are what people should know of them."""

    problems: Problems
    identities: dict[EntryKey, tuple[PodIdentity, Place]] = field(default_factory=dict)
    exceptions: dict[EntryKey, tuple[PodIdentityException, Place]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add_identity(self, entry: PodIdentity, place: Place) -> None:
        """Keeps the entry; one whose namespace and name are taken is a problem."""
        self._add(IDENTITY, self.identities, entry, place)

    def add_exception(self, entry: PodIdentityException, place: Place) -> None:
        """Keeps the entry; one whose namespace and name are taken is a problem."""
        if not entry.pod_labels:
            self.notes.append(f"{place}: {EXCEPTION.name(entry.key)} has no labels and does nothing.")
        self._add(EXCEPTION, self.exceptions, entry, place)

    def _add(self, entry_type: EntryType, there: dict[EntryKey, tuple[Any, Place]], entry: Any, place: Place) -> None:
        if entry.key not in there:
            there[entry.key] = (entry, place)
            if len(there) == entry_type.limit + 1:
                self.problems.add(
                    place, f"{entry_type.noun.lower()} {entry.key} is one more than the {entry_type.limit} allowed"
                )
        elif all(entry.key):
            self.problems.add(
                place, f"{entry_type.noun.lower()} {entry.key} is here again, first at {there[entry.key][1]}"
            )
