# SPDX-License-Identifier: MIT
"""Small operations on a cluster's JSON."""

from __future__ import annotations

import copy
from typing import Any

from ...context import new_id
from ...errors import aks

Body = dict[str, Any]

_FIXED = (("dnsPrefix",), ("nodeResourceGroup",), ("networkProfile", "serviceCidr"))


def pools(body: Body) -> list[Body]:
    return (body.get("properties") or {}).get("agentPoolProfiles") or []


def profile_of(body: Body) -> Body | None:
    """Return the pod identity profile, or None."""
    return (body.get("properties") or {}).get("podIdentityProfile")


def set_state(body: Body, state: str) -> None:
    """Set the provisioningState of the cluster and of its agent pools."""
    body["properties"]["provisioningState"] = state
    for pool in pools(body):
        pool["provisioningState"] = state


def renew_etags(body: Body) -> None:
    for part in (body, *pools(body)):
        part["eTag"] = new_id()


def remove_etags(body: Body) -> None:
    for part in (body, *pools(body)):
        part.pop("eTag", None)


def with_etags_of(body: Body, old: Body) -> Body:
    """Return a copy as in a PUT's response: with the eTags of before the update (public recordings)."""
    response = copy.deepcopy(body)
    remove_etags(response)
    known = {pool["name"]: pool for pool in pools(old)}
    for part, before in [(response, old), *((pool, known.get(pool["name"], {})) for pool in pools(response))]:
        if "eTag" in before:
            part["eTag"] = before["eTag"]
    return response


def check_unchanged(requested: Body, existing: Body) -> None:
    """Raise PropertyChangeNotAllowed if an immutable property changes. A missing one keeps its value."""
    for path in _FIXED:
        new, old = requested["properties"], existing["properties"]
        for name in path:
            new, old = (new or {}).get(name), (old or {}).get(name)
        if new and old and new != old:
            name = ".".join(("properties", *path))
            raise aks(400, "PropertyChangeNotAllowed", f"Changing property '{name}' is not allowed.")


def same_but_for_pod_identity_lists(one: Body, other: Body) -> bool:
    return _without_pod_identity_lists(one) == _without_pod_identity_lists(other)


def _without_pod_identity_lists(body: Body) -> Body:
    bare = copy.deepcopy(body)
    remove_etags(bare)
    set_state(bare, "")
    profile = profile_of(bare) or {}
    for name in ("userAssignedIdentities", "userAssignedIdentityExceptions"):
        profile.pop(name, None)
    for identity in (bare.get("identity") or {}).get("userAssignedIdentities", {}).values():
        identity.clear()
    return bare
