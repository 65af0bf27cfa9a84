# SPDX-License-Identifier: MIT
"""Check the binding selectors."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from azext_podidentity.checks.finding import Finding, join_keys
from azext_podidentity.checks.snapshot import Snapshot
from azext_podidentity.profile.commands import replace_commands
from azext_podidentity.profile.entries import PodIdentity
from azext_podidentity.profile.labels import BINDING_LABEL
from azext_podidentity.profile.validation import MAX_LABEL, is_label_value


def check_selector_valid(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding for each selector that is not a valid label value, for example because a name is too long."""
    for entry in snapshot.cluster.profile.identities:
        selector = entry.effective_selector
        if not (selector and is_label_value(selector)):
            message = (
                f"No pod can have the label {BINDING_LABEL}={selector}. A label value has at most {MAX_LABEL} letters, "
                "digits, '-', '_' and '.', and starts and ends with a letter or digit."
            )
            yield Finding("error", str(entry.key), message, _replace_commands(snapshot, entry))


def check_selector_shared(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding with severity info for each selector that gives pods several managed identities."""
    entries: dict[tuple[str, str], list[PodIdentity]] = defaultdict(list)
    for entry in snapshot.cluster.profile.identities:
        entries[entry.key.namespace, entry.effective_selector].append(entry)
    for (namespace, selector), sharing in entries.items():
        if len({entry.identity.resource_id.lower() for entry in sharing}) > 1:
            message = (
                f"Pods with the label {BINDING_LABEL}={selector} in namespace {namespace!r} get {len(sharing)} managed "
                "identities. Their code must select one by its client ID."
            )
            yield Finding("info", join_keys(entry.key for entry in sharing), message)


def _replace_commands(snapshot: Snapshot, entry: PodIdentity) -> tuple[str, ...]:
    """Return the commands that replace the selector with one derived from the name, none if that is impossible."""
    selector = re.sub(r"[^-A-Za-z0-9_.]", "-", entry.key.name)[:MAX_LABEL].strip("-_.")
    if not selector:
        return ()
    return replace_commands(snapshot.cluster, entry, replace(entry, binding_selector=selector))
