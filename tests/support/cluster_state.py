# SPDX-License-Identifier: MIT
"""The state of the simulated Azure before and after a command."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from functools import partial
from typing import Any

from azure_simulator import Durations, Fault, Simulator
from tests.support.azure_cli import CLUSTER, CLUSTER_PATH, GROUP, NAMESPACE

Wire = dict[str, Any]


def pod_identity(managed_identity: Wire, name: str, **more: Any) -> Wire:
    """Return an entry of `userAssignedIdentities` that binds the managed identity, in `NAMESPACE` unless given."""
    ids = managed_identity["properties"]
    identity = {
        "resourceId": managed_identity["id"],
        "clientId": ids["clientId"],
        "objectId": ids["principalId"],
    }
    return {"name": name, "namespace": NAMESPACE, "identity": identity, **more}


def pod_exception(name: str, labels: Mapping[str, str] | None, namespace: str = NAMESPACE) -> Wire:
    """Return an entry of `userAssignedIdentityExceptions`."""
    return {"name": name, "namespace": namespace, "podLabels": None if labels is None else dict(labels)}


def seed_entries(simulator: Simulator, *names: str, exceptions: Iterable[Wire] = (), **options: Any) -> dict[str, Wire]:
    """Create a cluster with a pod identity of each name, bound to a managed identity of that name, with its role.

    `options` are those of `Seed.cluster`. Return the managed identities by name.
    """
    identities = {name: simulator.seed.managed_identity(GROUP, name) for name in names}
    profile = {
        "enabled": True,
        "userAssignedIdentities": [pod_identity(identity, name) for name, identity in identities.items()],
        "userAssignedIdentityExceptions": list(exceptions),
    }
    cluster = simulator.seed.cluster(GROUP, CLUSTER, pod_identity=profile, **options)
    for identity in identities.values():
        simulator.seed.role_assignment(identity["id"], principal_id(cluster))
    return identities


def principal_id(cluster: Wire) -> str:
    """Return the object ID of the cluster identity."""
    identity = cluster["identity"]
    (assigned,) = (identity.get("userAssignedIdentities") or {"": identity}).values()
    return str(assigned["principalId"])


def profile_of(simulator: Simulator) -> Wire:
    """Return the current pod identity profile."""
    profile: Wire = simulator.cluster(GROUP, CLUSTER)["properties"]["podIdentityProfile"]
    return profile


def entries(simulator: Simulator) -> dict[str, Wire]:
    """Return the current pod identities by name."""
    return {each["name"]: each for each in profile_of(simulator).get("userAssignedIdentities", [])}


def exceptions(simulator: Simulator) -> dict[str, Wire]:
    """Return the current exceptions by name."""
    return {each["name"]: each for each in profile_of(simulator).get("userAssignedIdentityExceptions", [])}


def recreate(simulator: Simulator, identity: Wire) -> Wire:
    """Delete the managed identity. Return a new one with the same name."""
    simulator.remove_managed_identity(identity["id"])
    return simulator.seed.managed_identity(GROUP, identity["name"])


def is_bound(simulator: Simulator, identity: Wire, name: str) -> bool:
    """Return whether the entry of that name is Assigned, with the managed identity's current IDs."""
    return entries(simulator)[name] == {**pod_identity(identity, name), "provisioningState": "Assigned"}


def takes(simulator: Simulator, **seconds: float) -> None:
    """Set the given `Durations` in real seconds, and all others to 0."""
    at_once = dict.fromkeys((field.name for field in fields(Durations)), 0.0)
    simulator.durations = Durations(**(at_once | seconds))
    simulator.scale = 1.0


def busy_when_read(simulator: Simulator, seconds: float, change: Callable[[Wire], object] | None = None) -> None:
    """Let another client's update start just before the next read of the cluster. It takes `seconds` of real time."""
    begin = partial(simulator.start_operation, GROUP, CLUSTER, seconds, change)
    simulator.faults.add(Fault("GET", CLUSTER_PATH, call=begin))


def change_meanwhile(simulator: Simulator, name: str = "others") -> None:
    """Let another client add an exception, in an update that ends immediately."""

    def add(body: Wire) -> None:
        profile = body["properties"]["podIdentityProfile"]
        profile.setdefault("userAssignedIdentityExceptions", []).append(pod_exception(name, {"app": name}))

    simulator.start_operation(GROUP, CLUSTER, 0, add)
