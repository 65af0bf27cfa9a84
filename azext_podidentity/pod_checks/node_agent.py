# SPDX-License-Identifier: MIT
"""Recognize the node agent (NMI) and the controller (MIC) of aad-pod-identity, however they were installed.

Their names differ between the add-on, the Helm chart and the plain manifests of the open-source project.
https://azure.github.io/aad-pod-identity/docs/concepts/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from azext_podidentity.migration.json_values import mapping, sequence, strings

# The Helm chart has the first label, the plain manifests the second one.
_COMPONENT_LABELS = ("app.kubernetes.io/component", "component")
AGENT, CONTROLLER = "nmi", "mic"


def component_of(pod: Mapping[str, Any]) -> str | None:
    """Return AGENT or CONTROLLER for a pod or pod template that runs one of them, None for any other."""
    labels = strings(mapping(pod.get("metadata")).get("labels"))
    named = {labels.get(label) for label in _COMPONENT_LABELS}
    images = set(_images(mapping(pod.get("spec"))))
    return next((each for each in (AGENT, CONTROLLER) if each in images or each in named), None)


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Return whether the pod's condition Ready is true."""
    conditions = map(mapping, sequence(mapping(pod.get("status")).get("conditions")))
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


def _images(spec: Mapping[str, Any]) -> Iterator[str]:
    """Yield the images of the containers without registry, folder, tag and digest."""
    for container in map(mapping, sequence(spec.get("containers"))):
        yield re.split("[:@]", str(container.get("image")).rpartition("/")[2])[0]
