# SPDX-License-Identifier: MIT
"""The input of the checks of pods: the cluster in Azure, and its Kubernetes objects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from azext_podidentity.checks.snapshot import Snapshot
from azext_podidentity.migration.matching import Match, Selectors
from azext_podidentity.migration.workloads import ObjectKey, Workload
from azext_podidentity.pod_checks.kubernetes_state import KubernetesState, Pod
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import EntryKey, PodIdentityException
from azext_podidentity.profile.labels import BINDING_LABEL
from azext_podidentity.profile.shell import kubectl_line
from azext_podidentity.profile.text import some_of

_MAX_NAMES = 5


@dataclass(frozen=True)
class PodSnapshot:
    """The state of a cluster in Azure and in Kubernetes, and values derived from both."""

    azure: Snapshot
    inside: KubernetesState

    @property
    def cluster(self) -> Cluster:
        """The cluster in Azure."""
        return self.azure.cluster

    @cached_property
    def selectors(self) -> Selectors:
        """The pod identities of the profile and of other AzureIdentityBindings, by selector."""
        known = {entry.key for entry in self.cluster.profile.identities}
        of_profile = {each.key for each in self.inside.bindings if EntryKey(each.key.namespace, each.identity) in known}
        by_hand = (each for each in self.inside.inventory.pod_identities if each.key not in of_profile)
        return Selectors(self.cluster.profile, by_hand)

    @cached_property
    def matches(self) -> tuple[Match, ...]:
        """The workloads with the label, and pods that still have it, each with the pod identities it selects."""
        inventory = self.inside.inventory
        labelled = (each for each in (*inventory.workloads, *inventory.stale_pods) if each.binding is not None)
        return tuple(map(self.selectors.match, labelled))

    @cached_property
    def by_label(self) -> Mapping[tuple[str, str], list[Match]]:
        """The matches by namespace and label."""
        found: dict[tuple[str, str], list[Match]] = defaultdict(list)
        for match in self.matches:
            found[match.workload.key.namespace, match.workload.binding or ""].append(match)
        return found

    @cached_property
    def labelled_pods(self) -> tuple[Pod, ...]:
        """The pods of the cluster that have the label."""
        return tuple(pod for pod in self.inside.pods if pod.spec.binding is not None)

    @cached_property
    def exceptions(self) -> tuple[PodIdentityException, ...]:
        """The exceptions of the profile, if the add-on is enabled, and other exceptions in the cluster."""
        profile = self.cluster.profile
        found = {each.key: each for each in profile.exceptions} if profile.enabled else {}
        return tuple({**{each.key: each for each in self.inside.exceptions}, **found}.values())


def pods_by_node(pods: Iterable[Pod]) -> Mapping[str, list[Pod]]:
    """Return the scheduled pods by the name of their node."""
    nodes: dict[str, list[Pod]] = defaultdict(list)
    for pod in pods:
        if pod.node is not None:
            nodes[pod.node].append(pod)
    return nodes


def names_of(keys: Iterable[ObjectKey]) -> str:
    """Return the subject of a finding about the objects: at most five of them."""
    return some_of(dict.fromkeys(keys), _MAX_NAMES)


def label_command(workload: Workload, selector: str) -> str | None:
    """Return the command that sets the label on the pods of a workload in the cluster.

    Return None for manifests, which the command would not change, and for kinds with a list of pod templates.
    """
    template, key = workload.template, workload.key
    if not workload.live or template is None or template.has_lists or workload.owner_missing:
        return None
    where = (key.name, "--namespace", key.namespace)
    if key.kind == "Pod":
        return kubectl_line("label", "pod", *where, f"{BINDING_LABEL}={selector}", "--overwrite")
    steps = (*template.metadata_path, "labels")
    opening, closing = "".join(f'{{"{step}":' for step in steps), "}" * len(steps)
    patch = f'{opening}{{"{BINDING_LABEL}":"{selector}"}}{closing}'
    resource = template.resource if template.custom else key.kind.lower()
    return kubectl_line("patch", resource, *where, "--type", "merge", "--patch", patch)
