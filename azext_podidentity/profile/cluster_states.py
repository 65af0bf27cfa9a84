# SPDX-License-Identifier: MIT
"""Decide by the state of a cluster whether a command continues, waits or is refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from azext_podidentity.profile.advice import Advice
from azext_podidentity.profile.cluster import Cluster


class Action(Enum):
    """How a command that changes the cluster reacts to its state."""

    CONTINUE = "continue"
    WAIT = "wait"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Decision:
    """The action in a state, and one sentence with the reason."""

    action: Action
    reason: str


STOPPED = Decision(Action.REFUSE, "The cluster is stopped: no pod runs, and pod identities cannot be changed.")
# From public recordings and the SDK's documentation. The service adds states without notice.
PROVISIONING = {
    "Succeeded": Decision(Action.CONTINUE, "No operation runs."),
    "Failed": Decision(Action.CONTINUE, "The last operation failed, and a write makes the service retry it."),
    "Canceled": Decision(Action.CONTINUE, "The last operation was canceled, and a write completes it."),
    "Creating": Decision(Action.WAIT, "The cluster is being created: it can be changed once it exists."),
    "Updating": Decision(Action.WAIT, "Another update is running, so a write would be refused or would replace it."),
    "Upgrading": Decision(Action.WAIT, "An upgrade is running, so a write would be refused or would replace it."),
    "Scaling": Decision(Action.WAIT, "A node pool is being scaled, so a write would be refused or replace it."),
    "Starting": Decision(Action.WAIT, "The cluster is being started: it can be changed once it runs."),
    "Stopping": Decision(Action.WAIT, "The cluster is being stopped: it can be changed once it is started again."),
    "Migrating": Decision(Action.WAIT, "The service is moving the cluster and accepts no changes."),
    "Deleting": Decision(Action.REFUSE, "The cluster is being deleted."),
}
_UNKNOWN = Decision(Action.WAIT, "An unknown operation is running. Every operation ends in a known state.")
_NONE = Decision(Action.CONTINUE, "The service shows no state, so no operation is known to be running.")


def decide(cluster: Cluster) -> Decision:
    """Return the decision for the state of the cluster, which is to wait in an unknown state."""
    decision = _decision(cluster.provisioning_state)
    if decision.action is Action.CONTINUE and cluster.power_state == "Stopped":
        return STOPPED
    return decision


def is_final(provisioning_state: str | None) -> bool:
    """Return whether no operation is running in that state."""
    return _decision(provisioning_state).action is Action.CONTINUE


def _decision(provisioning_state: str | None) -> Decision:
    return PROVISIONING.get(provisioning_state, _UNKNOWN) if provisioning_state else _NONE


def refusal_advice(cluster: Cluster, decision: Decision) -> Advice:
    """Return why the cluster cannot be changed in its state, and how to fix it."""
    reason = f"Cluster {cluster.reference.name!r} cannot be changed now. {decision.reason}"
    if decision is STOPPED:
        return Advice(reason, ("To start it, run:",), (cluster.reference.cluster_command("start"),))
    return Advice(reason, ("Use another cluster.",))
