# SPDX-License-Identifier: MIT
"""Trace one pod from its labels to its token, and summarize the result in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from azext_podidentity.pod_checks.pod_identity_chain import identities_of, pod_identity_steps
from azext_podidentity.pod_checks.pod_snapshot import PodSnapshot
from azext_podidentity.pod_checks.step import State, Step
from azext_podidentity.pod_checks.subject import Subject
from azext_podidentity.pod_checks.workload_identity_chain import WorkloadIdentity, workload_identity_steps
from azext_podidentity.profile.entries import ManagedIdentity
from azext_podidentity.profile.text import some_of
from azext_podidentity.profile.workload_credentials import IdentityCredentials

RESULT = "Result"
_LISTED = 10


def follow_pod(snapshot: PodSnapshot, subject: Subject, identity: WorkloadIdentity) -> list[Step]:
    """Return the steps of the pod; the last one is the result.

    `identity`: the managed identity of its service account, if it uses workload identity. A pod can use both.
    """
    first = _pod_step(subject)
    on_workload_identity = subject.spec.uses_workload_identity
    if not on_workload_identity:
        steps = pod_identity_steps(snapshot, subject)
        return [first, *steps, _pod_identity_result(snapshot, subject, steps)]
    steps = list(workload_identity_steps(snapshot, subject, identity))
    result = _workload_identity_result(identity, steps)
    if subject.spec.binding is None:
        return [first, *steps, result]
    by_label = pod_identity_steps(snapshot, subject)
    also = _pod_identity_result(snapshot, subject, by_label)
    state: State = result.state if result.state == "Error" else _worst([result, also])
    sentence = f"{result.detail} By its label: {also.detail}"
    return [first, *by_label, *steps, Step(RESULT, state, sentence, result.command or also.command)]


def _pod_step(subject: Subject) -> Step:
    where = f", on node {subject.pod.node!r}" if subject.pod and subject.pod.node else ""
    owner = f" of {subject.pod.owner}" if subject.pod and subject.pod.owner != subject.pod.key else ""
    read = "was read from the cluster" if subject.spec.live else f"was read from {subject.spec.origin}"
    return Step("Pod", "Ok", f"{subject.name}{owner} {read}{where}.")


def _pod_identity_result(snapshot: PodSnapshot, subject: Subject, steps: Sequence[Step]) -> Step:
    if broken := _first(steps, "Error"):
        return Step(RESULT, "Error", f"The pod gets no managed identity. {broken.detail}", broken.command)
    identities = identities_of(snapshot, subject)
    names = some_of(map(_describe, identities), _LISTED)
    sentence = f"The pod gets managed identity {names}."
    if len(identities) > 1:
        sentence = f"The pod gets {len(identities)} managed identities, one per client ID: {names}."
    if subject.workload.pod.host_network:
        sentence = (
            f"The node agent does not see the pod. It gets {names} only if it asks with that client ID, and otherwise "
            "the identity of the node."
        )
    return _with_unknown(sentence, steps)


def _workload_identity_result(identity: WorkloadIdentity, steps: Sequence[Step]) -> Step:
    if broken := _first(steps, "Error"):
        detail = f"The pod gets no managed identity by workload identity. {broken.detail}"
        return Step(RESULT, "Error", detail, broken.command)
    found = identity.lookup
    names = _describe(found.identity) if isinstance(found, IdentityCredentials) else f"client ID {identity.client_id}"
    return _with_unknown(f"The pod gets managed identity {names} by workload identity.", steps)


def _with_unknown(sentence: str, steps: Sequence[Step]) -> Step:
    """Return the result, with the names of the steps whose state is unknown."""
    unknown = [step.step for step in steps if step.state == "Unknown"]
    warning = _first(steps, "Warning")
    suffix = f" Unknown: {', '.join(unknown)}." if unknown else ""
    return Step(RESULT, _worst(steps), f"{sentence}{suffix}", warning.command if warning else None)


def _worst(steps: Sequence[Step]) -> State:
    order: tuple[State, ...] = ("Error", "Warning", "Unknown", "Ok")
    return min((step.state for step in steps), key=order.index, default="Ok")


def _first(steps: Sequence[Step], state: State) -> Step | None:
    return next((step for step in steps if step.state == state), None)


def _describe(identity: ManagedIdentity) -> str:
    return f"'{identity.name}' by client ID {identity.client_id}" if identity.client_id else f"'{identity.name}'"
