# SPDX-License-Identifier: MIT
"""Compare the entries of two profiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from azext_podidentity.profile.entries import EntryKey, Keyed, PodIdentity, Profile
from azext_podidentity.profile.entry_types import ENTRY_TYPES, EXCEPTION, IDENTITY, EntryType
from azext_podidentity.profile.identity_problems import is_another

ADDED, CHANGED, REMOVED, UNCHANGED = "added", "changed", "removed", "unchanged"
SIGNS = {ADDED: "+", CHANGED: "~", REMOVED: "-"}
_VERBS = {ADDED: "add", CHANGED: "change", REMOVED: "remove"}
_NAMES = {IDENTITY.field: "podIdentity", EXCEPTION.field: "exception"}


@dataclass(frozen=True)
class EntryChange:
    """The change of one entry: the fields that users set, `before` and `after`; empty if it does not exist."""

    action: str
    entry_type: EntryType
    key: EntryKey
    before: Mapping[str, str]
    after: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object for the list of this action in the command's result."""
        return {
            "kind": _NAMES[self.entry_type.field],
            "namespace": self.key.namespace,
            "name": self.key.name,
            "before": dict(self.before) or None,
            "after": dict(self.after) or None,
        }

    def __str__(self) -> str:
        """Return a line with +, ~ or - and the entry, and an indented line for each field that is set or changes."""
        lines = [f"{SIGNS[self.action]} {self.entry_type.noun.lower()} {self.key}"]
        for name in dict.fromkeys((*self.before, *self.after)):
            old, new = self.before.get(name), self.after.get(name)
            if self.action != CHANGED:
                lines.append(f"    {name}: {new or old}")
            elif old != new:
                lines.append(f"    {name}: {old or '(none)'} -> {new or '(none)'}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Difference:
    """The changes of all entries of two profiles, sorted by type and key."""

    changes: tuple[EntryChange, ...]

    @classmethod
    def between(cls, before: Profile, after: Profile) -> Difference:
        """Return the changes from `before` to `after`."""
        return cls(tuple(change for each in ENTRY_TYPES for change in _compare(each, before, after)))

    def __bool__(self) -> bool:
        """Return whether any entry changes."""
        return any(each.action != UNCHANGED for each in self.changes)

    def of(self, action: str) -> list[EntryChange]:
        """Return the changes with that action."""
        return [each for each in self.changes if each.action == action]

    def to_json(self) -> dict[str, list[dict[str, Any]]]:
        """Return the command's result: a list for each action."""
        return {action: [each.to_json() for each in self.of(action)] for action in (*SIGNS, UNCHANGED)}

    def __str__(self) -> str:
        """Return the lines of every change, and a line that says how many entries would change."""
        counted = ", ".join(f"{verb} {len(self.of(action))}" for action, verb in _VERBS.items())
        counts = f"Would {counted}; {len(self.of(UNCHANGED))} unchanged."
        return "\n".join((*(str(each) for each in self.changes if each.action != UNCHANGED), counts))


def _compare(entry_type: EntryType, before: Profile, after: Profile) -> Iterator[EntryChange]:
    old = {entry.key: entry for entry in entry_type.entries(before)}
    new = {entry.key: entry for entry in entry_type.entries(after)}
    for key in sorted(old.keys() | new.keys()):
        if key not in old:
            yield EntryChange(ADDED, entry_type, key, {}, new[key].user_fields)
        elif key not in new:
            yield EntryChange(REMOVED, entry_type, key, old[key].user_fields, {})
        else:
            action = UNCHANGED if old[key] == new[key] else CHANGED
            yield EntryChange(action, entry_type, key, *_compare_fields(old[key], new[key]))


def _compare_fields(old: Keyed, new: Keyed) -> tuple[dict[str, str], dict[str, str]]:
    """Return the fields of both. They include the object IDs if only these differ, after a recreation."""
    before, after = old.user_fields, new.user_fields
    if isinstance(old, PodIdentity) and isinstance(new, PodIdentity):
        held, now = old.identity, new.identity
        if held.same_as(now) and is_another(held, now):
            before["objectId"], after["objectId"] = held.object_id or "", now.object_id or ""
    return before, after
