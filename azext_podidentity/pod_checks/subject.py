# SPDX-License-Identifier: MIT
"""Find the pod to trace, and reduce a snapshot to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from azure.cli.core.azclierror import ResourceNotFoundError

from azext_podidentity.migration.workloads import Workload
from azext_podidentity.pod_checks.kubernetes_state import KubernetesState, Pod
from azext_podidentity.pod_checks.pod_snapshot import PodSnapshot
from azext_podidentity.profile.entries import Entries, EntryKey, PodIdentity
from azext_podidentity.profile.text import some_of

_LISTED = 10


@dataclass(frozen=True)
class Subject:
    """A pod of the cluster, or the pods of a workload in a manifest.

    `workload`: the object to change: the owner of the pod if its pod template has the same label, else the pod itself.
    `pod`: None for a manifest.
    """

    workload: Workload
    pod: Pod | None = None

    @property
    def spec(self) -> Workload:
        """The labels and the spec of the pod itself."""
        return self.pod.spec if self.pod else self.workload

    @property
    def name(self) -> str:
        """The name of the pod in messages."""
        return str(self.spec.key)


def find_subject(inside: KubernetesState, key: EntryKey) -> Subject:
    """Return the pod with that namespace and name, else the workload with that name, which has no pods yet.

    Raise ResourceNotFoundError with similar names.
    """
    workloads = {each.key: each for each in inside.inventory.workloads}
    for pod in inside.pods:
        if (pod.key.namespace, pod.key.name) == key:
            owner = workloads.get(pod.owner)
            return Subject(owner if owner and owner.binding == pod.spec.binding else pod.spec, pod)
    named = [each for each in workloads.values() if (each.key.namespace, each.key.name) == key]
    for workload in named:
        pods = [pod for pod in inside.pods if pod.owner == workload.key]
        return Subject(workload, pods[0]) if pods else Subject(workload)
    raise _not_found(inside, key)


def narrow(snapshot: PodSnapshot, subject: Subject) -> PodSnapshot:
    """Return the snapshot reduced to the pod and to the pod identities that its label selects."""
    entries = snapshot.selectors.match(subject.workload).entries
    cluster, inside = snapshot.cluster, snapshot.inside
    profile = replace(
        cluster.profile, identities=Entries(each for each in cluster.profile.identities if each in entries)
    )
    inventory = replace(
        inside.inventory,
        workloads=(subject.workload,),
        stale_pods=(),
        pod_identities=tuple(each for each in inside.inventory.pod_identities if each in entries),
    )
    pods = (subject.pod,) if subject.pod else ()
    of_pod = {EntryKey(pod.key.namespace, pod.key.name) for pod in pods}
    return PodSnapshot(
        replace(snapshot.azure, cluster=replace(cluster, profile=profile)),
        replace(
            inside,
            inventory=inventory,
            pods=pods,
            assigned=tuple(each for each in inside.assigned if each.pod in of_pod),
        ),
    )


def with_whole_profile(narrowed: PodSnapshot, snapshot: PodSnapshot) -> PodSnapshot:
    """Return the narrowed snapshot with all pod identities, to find similar selectors."""
    inventory = replace(narrowed.inside.inventory, pod_identities=snapshot.inside.inventory.pod_identities)
    return PodSnapshot(snapshot.azure, replace(narrowed.inside, inventory=inventory))


def entries_of(snapshot: PodSnapshot, subject: Subject) -> tuple[PodIdentity, ...]:
    """Return the pod identities that the label of the pod selects."""
    return snapshot.selectors.match(subject.workload).entries


def _not_found(inside: KubernetesState, key: EntryKey) -> ResourceNotFoundError:
    keys = [*(pod.key for pod in inside.pods), *(workload.key for workload in inside.inventory.workloads)]
    names = sorted({f"{each.namespace}/{each.name}" for each in keys})
    similar = [each for each in names if key.name in each or each.startswith(f"{key.namespace}/")]
    found = f"Similar: {some_of(similar, _LISTED)}." if similar else f"Read: {some_of(names, _LISTED) or 'no pod'}."
    return ResourceNotFoundError(
        f"Pod '{key}' is not among the pods that were read. {found}",
        "Pass --pod NAMESPACE/NAME. With --workloads, the file must contain the pod.",
    )
