"""What becomes of the entries when one profile replaces another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from azext_podidentity.profile.entries import EntryKey, PodIdentity, Profile
from azext_podidentity.profile.entry_types import ENTRY_TYPES, EXCEPTION, IDENTITY, EntryType
from azext_podidentity.profile.identity_problems import is_another

ADDED, CHANGED, REMOVED, UNCHANGED = "added", "changed", "removed", "unchanged"
SIGNS = {ADDED: "+", CHANGED: "~", REMOVED: "-"}
_NAMES = {IDENTITY.field: "podIdentity", EXCEPTION.field: "exception"}


@dataclass(frozen=True)
class Step:
    """What becomes of one entry; `before` and `after` are what people decide of it, empty where it is not there."""

    action: str
    entry_type: EntryType
    key: EntryKey
    before: Mapping[str, str]
    after: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """As it is in the command's result, in the list named after the action."""
        return {
            "kind": _NAMES[self.entry_type.field],
            "namespace": self.key.namespace,
            "name": self.key.name,
            "before": dict(self.before) or None,
            "after": dict(self.after) or None,
        }

    def __str__(self) -> str:
        """A line with + ~ or -, and a line for each field of it that matters."""
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
    """What becomes of every entry of two profiles, of each kind in the order of keys."""

    steps: tuple[Step, ...]

    @classmethod
    def between(cls, before: Profile, after: Profile) -> Difference:
        """What becomes of the entries when `after` replaces `before`."""
        return cls(tuple(step for entry_type in ENTRY_TYPES for step in _steps(entry_type, before, after)))

    def __bool__(self) -> bool:
        """Whether there is any."""
        return any(step.action != UNCHANGED for step in self.steps)

    def of(self, action: str) -> list[Step]:
        """The steps of one kind."""
        return [step for step in self.steps if step.action == action]

    def to_json(self) -> dict[str, list[dict[str, Any]]]:
        """As it is in the command's result: a list for each action."""
        return {action: [step.to_json() for step in self.of(action)] for action in (*SIGNS, UNCHANGED)}

    def __str__(self) -> str:
        """All but what is unchanged, and how many there are of each action."""
        counts = ", ".join(f"{len(self.of(action))} {action}" for action in (*SIGNS, UNCHANGED))
        return "\n".join((*(str(step) for step in self.steps if step.action != UNCHANGED), counts))


def _steps(entry_type: EntryType, before: Profile, after: Profile) -> Iterator[Step]:
    old = {entry.key: entry for entry in entry_type.entries(before)}
    new = {entry.key: entry for entry in entry_type.entries(after)}
    for key in sorted(old.keys() | new.keys()):
        if key not in old:
            yield Step(ADDED, entry_type, key, {}, _fields(new[key]))
        elif key not in new:
            yield Step(REMOVED, entry_type, key, _fields(old[key]), {})
        else:
            action = UNCHANGED if old[key] == new[key] else CHANGED
            yield Step(action, entry_type, key, *_compared(old[key], new[key]))


def _compared(old: Any, new: Any) -> tuple[dict[str, str], dict[str, str]]:
    """The fields of both, with the object ids where only these tell that the managed identity is another one."""
    before, after = _fields(old), _fields(new)
    if isinstance(old, PodIdentity) and old.identity.same_as(new.identity) and is_another(old.identity, new.identity):
        return {**before, "objectId": old.identity.object_id or ""}, {**after, "objectId": new.identity.object_id}
    return before, after


def _fields(entry: Any) -> dict[str, str]:
    """What people decide of an entry, and the state where it is Failed: such a one is tried again."""
    if not isinstance(entry, PodIdentity):
        return {"podLabels": ", ".join(f"{key}={value}" for key, value in sorted(entry.pod_labels.items()))}
    state = {"provisioningState": "Failed"} if entry.failed else {}
    return {"identity": entry.identity.resource_id, "bindingSelector": entry.effective_selector, **state}
