# SPDX-License-Identifier: MIT
"""The parts of a cluster that a PUT must repeat from the read."""

from __future__ import annotations

import copy
from typing import Any

from azure.mgmt.containerservice.models import ManagedCluster

from azure_simulator import Simulator
from tests.support.azure_cli import CLUSTER_PATH

Wire = dict[str, Any]


def written(simulator: Simulator) -> tuple[Wire, Wire]:
    """Return the body of the last PUT of a cluster, and the expected one: the last body read before it.

    Both lack the pod identity profile, and the expected body lacks the fields that are read-only in the SDK's model.
    Fields that are missing from the model are kept. The SDK is that of the newest az, because read-only fields differ
    by version.
    """
    exchanges = simulator.requests.matching(path=CLUSTER_PATH)
    put = max(index for index, each in enumerate(exchanges) if each.method == "PUT")
    read = next(each.response for each in reversed(exchanges[:put]) if each.method == "GET" and each.status == 200)
    return without_profile(exchanges[put].body), without_profile(without_read_only(read))


def without_read_only(body: Wire) -> Wire:
    """Return a cluster's body without the fields that are read-only in the SDK's model."""
    kept: Wire = _without_read_only(body, ManagedCluster(copy.deepcopy(body)))
    return kept


def without_profile(body: Wire) -> Wire:
    """Return a cluster's body without the pod identity profile."""
    properties = {name: value for name, value in body["properties"].items() if name != "podIdentityProfile"}
    return {**body, "properties": properties}


def _without_read_only(value: Any, model: Any) -> Any:
    """Return the JSON value without read-only fields. `model` is the SDK's model of it."""
    if hasattr(model, "_attr_to_rest_field"):
        known = {field._rest_name: (name, field) for name, field in model._attr_to_rest_field.items()}
        kept = {}
        for name, item in value.items():
            attribute, field = known.get(name, ("", None))
            if field is None:
                kept[name] = item
            elif field._visibility != ["read"]:
                kept[name] = _without_read_only(item, getattr(model, attribute))
        return kept
    if isinstance(value, list):
        return [_without_read_only(item, part) for item, part in zip(value, model, strict=True)]
    if isinstance(value, dict):
        return {name: _without_read_only(item, model[name]) for name, item in value.items()}
    return value
