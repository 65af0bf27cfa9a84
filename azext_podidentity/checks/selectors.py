"""What pods must be labelled with to get a managed identity."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from azext_podidentity.checks.finding import Finding, subject_of
from azext_podidentity.checks.snapshot import Snapshot
from azext_podidentity.profile.commands import replace_commands
from azext_podidentity.profile.entries import PodIdentity
from azext_podidentity.profile.labels import BINDING_LABEL
from azext_podidentity.profile.validation import MAX_LABEL, is_label_value


def impossible(snapshot: Snapshot) -> Iterator[Finding]:
    """A pod's label can have the selector of each entry; the name it defaults to may be too long for that."""
    for entry in snapshot.cluster.profile.identities:
        selector = entry.effective_selector
        if not (selector and is_label_value(selector)):
            message = (
                f"No pod can have the label {BINDING_LABEL}={selector}: a label's value has at most {MAX_LABEL} "
                "letters, digits, '-', '_' and '.', and begins and ends with a letter or digit."
            )
            yield Finding("error", str(entry.key), message, _mend(snapshot, entry))


def shared(snapshot: Snapshot) -> Iterator[Finding]:
    """Where pods get several managed identities by one selector, which is allowed and often meant."""
    entries: dict[tuple[str, str], list[PodIdentity]] = defaultdict(list)
    for entry in snapshot.cluster.profile.identities:
        entries[entry.key.namespace, entry.effective_selector].append(entry)
    for (namespace, selector), sharing in entries.items():
        if len({entry.identity.resource_id.lower() for entry in sharing}) > 1:
            message = (
                f"Pods with the label {BINDING_LABEL}={selector} in namespace {namespace!r} get {len(sharing)} managed "
                "identities: their code must choose one by its client id."
            )
            yield Finding("info", subject_of(entry.key for entry in sharing), message)


def _mend(snapshot: Snapshot, entry: PodIdentity) -> str | None:
    """The same entry with a selector made from its name, None where its name has nothing for one."""
    selector = re.sub(r"[^-A-Za-z0-9_.]", "-", entry.key.name)[:MAX_LABEL].strip("-_.")
    return replace_commands(snapshot.cluster, entry, replace(entry, binding_selector=selector)) if selector else None
