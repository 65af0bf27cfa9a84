"""What becomes of the entries when one profile replaces another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from azext_podidentity.profile.entries import EntryKey, PodIdentity, Profile
from azext_podidentity.profile.kinds import EXCEPTION, IDENTITY, Kind

ADD, CHANGE, REMOVE = "add", "change", "remove"
SIGNS = {ADD: "+", CHANGE: "~", REMOVE: "-"}
_NAMES = {IDENTITY.field: "podIdentity", EXCEPTION.field: "exception"}


@dataclass(frozen=True)
class Step:
    """What becomes of one entry; `before` and `after` are what people decide of it, empty where it is not there."""

    action: str
    kind: Kind
    key: EntryKey
    before: Mapping[str, str]
    after: Mapping[str, str]

    @property
    def changed(self) -> list[str]:
        """The fields that are not the same before and after."""
        names = dict.fromkeys((*self.before, *self.after))
        return [name for name in names if self.before.get(name) != self.after.get(name)]

    def to_json(self) -> dict[str, Any]:
        """As it is in the command's result."""
        return {
            "action": self.action,
            "kind": _NAMES[self.kind.field],
            "namespace": self.key.namespace,
            "name": self.key.name,
            "before": dict(self.before) or None,
            "after": dict(self.after) or None,
        }

    def __str__(self) -> str:
        """A line with + ~ or -, and a line for each field of it that matters."""
        shown = self.changed if self.action == CHANGE else (self.after or self.before)
        lines = [f"{SIGNS[self.action]} {self.kind.noun.lower()} {self.key}"]
        for name in shown:
            old, new = self.before.get(name), self.after.get(name)
            value = f"{old or '(none)'} -> {new or '(none)'}" if self.action == CHANGE else new or old
            lines.append(f"    {name}: {value}")
        return "\n".join(lines)


def difference(before: Profile, after: Profile) -> list[Step]:
    """What is added, changed and removed, of each kind in the order of keys; empty where nothing is."""
    return [step for kind in (IDENTITY, EXCEPTION) for step in _steps(kind, before, after)]


def _steps(kind: Kind, before: Profile, after: Profile) -> Iterator[Step]:
    old = {entry.key: entry for entry in kind.entries(before)}
    new = {entry.key: entry for entry in kind.entries(after)}
    for key in sorted(old.keys() | new.keys()):
        if key not in old:
            yield Step(ADD, kind, key, {}, _fields(new[key]))
        elif key not in new:
            yield Step(REMOVE, kind, key, _fields(old[key]), {})
        elif old[key] != new[key]:
            yield Step(CHANGE, kind, key, _fields(old[key]), _fields(new[key]))


def _fields(entry: Any) -> dict[str, str]:
    """What people decide of an entry, and the state where it is Failed: such a one is tried again."""
    if not isinstance(entry, PodIdentity):
        return {"podLabels": ", ".join(f"{key}={value}" for key, value in sorted(entry.pod_labels.items()))}
    state = {"provisioningState": "Failed"} if entry.failed else {}
    return {"identity": entry.identity.resource_id, "bindingSelector": entry.effective_selector, **state}
