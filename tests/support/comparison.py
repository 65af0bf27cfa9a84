# SPDX-License-Identifier: MIT
"""What a PUT must repeat of what was read."""

from __future__ import annotations

import copy
from typing import Any

from azure.mgmt.containerservice.models import ManagedCluster

from azure_simulator import Simulator
from tests.support.azure_cli import CLUSTER_PATH

Wire = dict[str, Any]


def written(simulator: Simulator) -> tuple[Wire, Wire]:
    """What the last PUT of a cluster sent, and what it should have: the body read last before it.

    Both without the pod identity profile; from what was read, the fields are left out that the SDK's own model
    says only the service may set. Fields that the model does not know are kept. The SDK is that of the newest az:
    an older one takes other fields for read-only.
    """
    exchanges = simulator.requests.matching(path=CLUSTER_PATH)
    put = max(index for index, each in enumerate(exchanges) if each.method == "PUT")
    read = next(each.response for each in reversed(exchanges[:put]) if each.method == "GET" and each.status == 200)
    return without_profile(exchanges[put].body), without_profile(without_read_only(read))


def without_read_only(body: Wire) -> Wire:
    """A cluster's body without the fields that the SDK's model says only the service may set."""
    kept: Wire = _without_read_only(body, ManagedCluster(copy.deepcopy(body)))
    return kept


def without_profile(body: Wire) -> Wire:
    """A cluster's body without the pod identity profile."""
    properties = {name: value for name, value in body["properties"].items() if name != "podIdentityProfile"}
    return {**body, "properties": properties}


def _without_read_only(value: Any, model: Any) -> Any:
    """The JSON value without read-only fields; `model` is the SDK's reading of it."""
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
