# SPDX-License-Identifier: MIT
"""What a command does about the state in which it finds a cluster: wait, go on or refuse, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from azext_podidentity.profile.advice import Advice
from azext_podidentity.profile.cluster import Cluster


class Action(Enum):
    """What a command that changes the cluster does."""

    GO_ON = "go on"
    WAIT = "wait"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Decision:
    """What is done in a state, and one sentence that says why."""

    action: Action
    reason: str


STOPPED = Decision(Action.REFUSE, "The cluster is stopped: no pod runs, and pod identities cannot be changed.")
# Public recordings and the SDK's documentation; the service adds to them without a word.
PROVISIONING = {
    "Succeeded": Decision(Action.GO_ON, "No operation runs."),
    "Failed": Decision(Action.GO_ON, "The last operation failed, and a write makes the service try again."),
    "Canceled": Decision(Action.GO_ON, "The last operation was cancelled, and a write completes it."),
    "Creating": Decision(Action.WAIT, "The cluster is being created: it can be changed once it exists."),
    "Updating": Decision(Action.WAIT, "Another update is running, so a write would be refused or would replace it."),
    "Upgrading": Decision(Action.WAIT, "An upgrade is running, so a write would be refused or would replace it."),
    "Scaling": Decision(Action.WAIT, "A node pool is being scaled, so a write would be refused or replace it."),
    "Starting": Decision(Action.WAIT, "The cluster is being started: it can be changed once it runs."),
    "Stopping": Decision(Action.WAIT, "The cluster is being stopped: it can be changed once it is started again."),
    "Migrating": Decision(Action.WAIT, "The service is moving the cluster and accepts no changes."),
    "Deleting": Decision(Action.REFUSE, "The cluster is being deleted."),
}
_UNKNOWN = Decision(Action.WAIT, "An operation runs that is not known here: every operation ends in a known state.")
_NONE = Decision(Action.GO_ON, "The service names no state, so nothing says that an operation runs.")


def decide(cluster: Cluster) -> Decision:
    """Return what a command that changes this cluster does in its state. Wait in a state that is not known."""
    decision = _decision(cluster.provisioning_state)
    if decision.action is Action.GO_ON and cluster.power_state == "Stopped":
        return STOPPED
    return decision


def is_final(provisioning_state: str | None) -> bool:
    """Return whether no operation runs in that state."""
    return _decision(provisioning_state).action is Action.GO_ON


def _decision(provisioning_state: str | None) -> Decision:
    return PROVISIONING.get(provisioning_state, _UNKNOWN) if provisioning_state else _NONE


def refusal_advice(cluster: Cluster, decision: Decision) -> Advice:
    """Return why a cluster cannot be changed in its state, and the way out."""
    reason = f"Cluster {cluster.reference.name!r} cannot be changed now. {decision.reason}"
    if decision is STOPPED:
        return Advice(reason, ("To start it, run:",), (cluster.reference.cluster_command("start"),))
    return Advice(reason, ("Use another cluster.",))
