# SPDX-License-Identifier: MIT
"""Find the label of pod identities at places that the migration does not understand.

Operators, charts and scripts can set the label on pods too, so any occurrence of its text can be a user of the add-on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from azext_podidentity.migration.json_values import mapping
from azext_podidentity.migration.pod_templates import EACH, Path, PodTemplate, group_of
from azext_podidentity.profile.labels import BINDING_LABEL

# Fields in which kubectl and the API server keep earlier states.
_HISTORY: tuple[Path, ...] = (
    ("status",),
    ("metadata", "managedFields"),
    ("metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"),
    ("metadata", "ownerReferences"),
)
# Kinds that keep earlier revisions of other objects, and definitions of kinds.
_HISTORY_KINDS = frozenset({"ControllerRevision", "Revision", "CustomResourceDefinition", "Event", "EndpointSlice"})
# Kinds that select pods by label but do not set labels on pods.
_SELECTING_KINDS = {"Service": "", "PodDisruptionBudget": "policy", "NetworkPolicy": "networking.k8s.io"}


def mentions(raw: Mapping[str, Any], template: PodTemplate | None) -> tuple[str, ...]:
    """Return the dotted paths at which an object contains the label in a way that is not understood."""
    if raw.get("kind") in _HISTORY_KINDS:
        return ()
    ignored = set(_HISTORY)
    if template is not None:
        ignored.add((*template.metadata_path, "labels", BINDING_LABEL))
        ignored.add(("spec", "selector"))
        if template.spec_path is not None:
            ignored |= {(*template.spec_path, name) for name in ("affinity", "topologySpreadConstraints")}
    if template is not None or _labels_stay(raw):
        ignored.add(("metadata", "labels"))
    return tuple(dict.fromkeys(_found(raw, (), ignored)))


def selects_by_label(raw: Mapping[str, Any]) -> bool:
    """Return whether a Service, PodDisruptionBudget or NetworkPolicy selects pods by the label."""
    group = _SELECTING_KINDS.get(str(raw.get("kind")))
    return group == group_of(raw.get("apiVersion")) and BINDING_LABEL in str(mapping(raw.get("spec")))


def _labels_stay(raw: Mapping[str, Any]) -> bool:
    """Return whether the object's own labels are not copied to pods, as for all built-in kinds except pods."""
    group = group_of(raw.get("apiVersion"))
    builtin = "." not in group or group.endswith(".k8s.io")
    return builtin and "kind" in raw


def _found(value: Any, path: Path, ignored: set[Path]) -> Iterator[str]:
    if path in ignored:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            if BINDING_LABEL in str(key):
                if (*path, str(key)) not in ignored:
                    yield ".".join((*(part for part in path if part != EACH), str(key)))
            else:
                yield from _found(item, (*path, str(key)), ignored)
    elif isinstance(value, list):
        for item in value:
            yield from _found(item, (*path, EACH), ignored)
    elif isinstance(value, str) and BINDING_LABEL in value:
        yield ".".join(part for part in path if part != EACH)
