"""What a command does about the state in which it finds a cluster: wait, go on or refuse, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from azext_podidentity.profile.cluster import Cluster


class Action(Enum):
    """What a command that changes the cluster does."""

    GO_ON = "go on"
    WAIT = "wait"
    REFUSE = "refuse"


@dataclass(frozen=True)
class State:
    """What is done in a state, and one sentence why."""

    action: Action
    why: str


STOPPED = State(Action.REFUSE, "The cluster is stopped: no pod runs, and pod identities cannot be changed.")
# Public recordings and the SDK's documentation; the service adds to them without a word.
PROVISIONING = {
    "Succeeded": State(Action.GO_ON, "No operation runs."),
    "Failed": State(Action.GO_ON, "The last operation failed, and a write is how the service tries again."),
    "Canceled": State(Action.GO_ON, "The last operation was cancelled, and a write takes up what it left."),
    "Creating": State(Action.WAIT, "The cluster is being created: the service takes no write until it is there."),
    "Updating": State(Action.WAIT, "Another update runs: a write now would be refused, or would replace it."),
    "Upgrading": State(Action.WAIT, "An upgrade runs: a write now would be refused, or would replace it."),
    "Scaling": State(Action.WAIT, "A node pool is being scaled: a write now would be refused, or would replace it."),
    "Starting": State(Action.WAIT, "The cluster is being started: it can be changed once it runs."),
    "Stopping": State(Action.WAIT, "The cluster is being stopped: whether it can be changed is known after that."),
    "Migrating": State(Action.WAIT, "The service moves the cluster, and changes nothing meanwhile."),
    "Deleting": State(Action.REFUSE, "The cluster is being deleted, and what would be changed with it."),
}
_UNKNOWN = State(Action.WAIT, "An operation runs that is not known here: every operation ends in a known state.")


def state_of(cluster: Cluster) -> State:
    """What a command that changes this cluster does in the state it is in. What is not known is waited for."""
    state = PROVISIONING.get(cluster.provisioning_state or "", _UNKNOWN)
    if state.action is Action.GO_ON and cluster.power_state == "Stopped":
        return STOPPED
    return state


def is_final(provisioning_state: str | None) -> bool:
    """Whether no operation runs in that state."""
    return PROVISIONING.get(provisioning_state or "", _UNKNOWN).action is Action.GO_ON


def refusal(cluster: Cluster, state: State) -> tuple[str, str]:
    """What people are told of a cluster that cannot be changed in its state: which and why, and the way out."""
    message = f"Cluster {cluster.reference.name!r} cannot be changed now. {state.why}"
    if state is STOPPED:
        return message, f"Start it with:\n{cluster.reference.cluster_command('start')}"
    return message, "Name another cluster."
