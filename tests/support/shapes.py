# SPDX-License-Identifier: MIT
"""The shape of JSON: its keys, and the kind of each value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z")
# Segments of an ID that are keywords of ARM, whose letter case is compared. All others are names.
_KEYWORDS = re.compile(
    r"subscriptions|resourcegroups|providers|microsoft\..+|managedclusters|userassignedidentities|features"
    r"|publicipaddresses|roleassignments|roledefinitions|agentpools|federatedidentitycredentials",
    re.IGNORECASE,
)


def kind(value: Any) -> str:
    """Return the kind of a value: an ID with its keywords, a GUID, a time, or a JSON type."""
    if isinstance(value, str):
        if value.startswith("/subscriptions/"):
            return "/".join(part if _KEYWORDS.fullmatch(part) else "*" for part in value.split("/") if part)
        patterns = {"guid": _GUID, "time": _TIME}
        return next((name for name, pattern in patterns.items() if pattern.fullmatch(value)), "string")
    return type(value).__name__


def shape(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield pairs of a path (`a.b[].c`) and a kind. Keys that are IDs are replaced by their kind."""
    if isinstance(value, dict):
        yield path, "object"
        for name, item in value.items():
            shown = kind(name) if name.startswith("/") else name
            yield from shape(item, f"{path}.{shown}" if path else shown)
    elif isinstance(value, list):
        yield path, "list"
        for item in value:
            yield from shape(item, f"{path}[]")
    else:
        yield path, kind(value)


def differences(recorded: Any, answered: Any, allowed: dict[str, str]) -> list[str]:
    """Return the differences in shape, except at paths that match a pattern in `allowed`."""
    ours, theirs = set(shape(answered)), set(shape(recorded))
    found = [f"only recorded: {path} ({kind})" for path, kind in sorted(theirs - ours)]
    found += [f"only answered: {path} ({kind})" for path, kind in sorted(ours - theirs)]
    return [line for line in found if not any(_matches(line, pattern) for pattern in allowed)]


def _matches(line: str, pattern: str) -> bool:
    path = line.split(": ", 1)[1].rpartition(" (")[0]
    escaped = pattern.replace("[", "[[]")
    return fnmatchcase(path, escaped) or fnmatchcase(path, f"{escaped}.*")
