# SPDX-License-Identifier: MIT
"""Parse the Kubernetes objects that decide which managed identities a pod gets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

from azext_podidentity.migration import azure_identities
from azext_podidentity.migration.binding_roles import ROLE_KINDS, BindingRoles
from azext_podidentity.migration.inventory import DEFAULT_NAMESPACE, Inventory
from azext_podidentity.migration.json_values import mapping, strings, text
from azext_podidentity.migration.kubernetes_objects import KubernetesObject
from azext_podidentity.migration.pod_templates import BY_NAME, group_of
from azext_podidentity.migration.workloads import ObjectKey, Workload, is_finished, read_workload
from azext_podidentity.pod_checks.node_agent import AGENT, CONTROLLER, component_of, is_ready
from azext_podidentity.profile.entries import EntryKey, PodIdentityException, Unreadable

AZURE_IDENTITY, BINDING = azure_identities.IDENTITY, azure_identities.BINDING
ASSIGNED_IDENTITY, EXCEPTION = "AzureAssignedIdentity", "AzurePodIdentityException"
_OBJECT_KINDS = (AZURE_IDENTITY, BINDING, ASSIGNED_IDENTITY, EXCEPTION)
_OS_LABEL = "kubernetes.io/os"


@dataclass(frozen=True)
class Pod:
    """A pod of the cluster that has not finished.

    `spec`: its labels and the relevant parts of its pod spec. `owner`: its workload, or the pod itself if it has none.
    `created`: the time in RFC 3339, which can be sorted as text.
    """

    spec: Workload
    owner: ObjectKey
    node: str | None
    created: str

    @property
    def key(self) -> ObjectKey:
        """The namespace, kind and name."""
        return self.spec.key


class AzureIdentity(NamedTuple):
    """An AzureIdentity object."""

    key: EntryKey
    resource_id: str
    client_id: str


class Binding(NamedTuple):
    """An AzureIdentityBinding object. `identity`: the name of its AzureIdentity. `created`: as in `Pod`."""

    key: EntryKey
    identity: str
    selector: str
    created: str


class AssignedIdentity(NamedTuple):
    """An AzureAssignedIdentity object: the namespace and name of a pod, and its AzureIdentity."""

    key: EntryKey
    pod: EntryKey
    identity: str
    state: str


@dataclass(frozen=True)
class KubernetesState:  # pylint: disable=too-many-instance-attributes
    """The state of a cluster, or of manifests.

    `nodes`: the operating system of each node. `agents`: by node, whether its pod of the node agent is ready.
    `agent_owners`: the workloads that run the node agent. `has_controller`: whether the controller of the open-source
    project runs, so that each pod needs an AzureAssignedIdentity, which the add-on does not need. `complete`: whether
    the whole cluster was read, so that missing objects do not exist. `roles_unreadable`: why ClusterRoles could not be
    read. `kinds`: kinds and namespaces of the objects that were read from a cluster.
    """

    inventory: Inventory
    pods: tuple[Pod, ...] = ()
    nodes: Mapping[str, str] = field(default_factory=dict)
    agents: Mapping[str, bool] = field(default_factory=dict)
    agent_owners: tuple[ObjectKey, ...] = ()
    has_controller: bool = False
    identities: Mapping[EntryKey, AzureIdentity] = field(default_factory=dict)
    bindings: tuple[Binding, ...] = ()
    assigned: tuple[AssignedIdentity, ...] = ()
    exceptions: tuple[PodIdentityException, ...] = ()
    complete: bool = False
    roles_unreadable: str | None = None
    kinds: frozenset[tuple[str, str]] = frozenset()

    @property
    def uses_identity_bindings(self) -> bool:
        """Return whether a pod or workload uses an identity binding."""
        specs = (*self.inventory.workloads, *(pod.spec for pod in self.pods))
        return any(each.uses_identity_binding for each in specs)

    @property
    def knows_roles(self) -> bool:
        """Return whether all ClusterRoles and ClusterRoleBindings were read."""
        return self.roles_unreadable is None and all(self.was_read(kind, "") for kind in ROLE_KINDS)

    def with_roles(self, roles: Iterable[KubernetesObject] | Unreadable) -> KubernetesState:
        """Return the state with the ClusterRoles and ClusterRoleBindings, or with why they cannot be read."""
        if isinstance(roles, Unreadable):
            return replace(self, roles_unreadable=roles.reason)
        inventory = replace(self.inventory, binding_roles=BindingRoles.of(each.raw for each in roles))
        return replace(self, inventory=inventory)

    def was_read(self, kind: str, namespace: str) -> bool:
        """Return whether all objects of that kind in the namespace were read."""
        return self.complete or (kind, namespace) in self.kinds

    @cached_property
    def assigned_by_pod(self) -> Mapping[EntryKey, list[AssignedIdentity]]:
        """The AzureAssignedIdentity objects by pod."""
        found: dict[EntryKey, list[AssignedIdentity]] = defaultdict(list)
        for each in self.assigned:
            found[each.pod].append(each)
        return found

    def bindings_of(self, key: EntryKey) -> list[Binding]:
        """Return the bindings of an AzureIdentity."""
        return [each for each in self.bindings if (each.key.namespace, each.identity) == key]


def read_state(
    objects: Iterable[KubernetesObject], *, complete: bool, default_namespace: str = DEFAULT_NAMESPACE
) -> KubernetesState:
    """Return the state in the objects. Objects without a namespace are in the default one.

    `complete`: whether they are all objects of the cluster. Raise InvalidArgumentValueError as `Inventory.of` does.
    """
    listed = list(objects)
    inventory = Inventory.of(listed, default_namespace)
    live = [each for each in listed if mapping(each.raw.get("metadata")).get("uid")]
    pods = [each for each in live if _is_pod(each.raw) and not is_finished(each.raw)]
    custom: dict[str, list[Mapping[str, Any]]] = {kind: [] for kind in _OBJECT_KINDS}
    for each in live:
        if each.raw.get("kind") in custom and group_of(each.raw.get("apiVersion")) == azure_identities.GROUP:
            custom[each.raw["kind"]].append(each.raw)
    owners = {pod.key: owner for owner, owned in inventory.pods.items() for pod in owned}
    read = [_read_pod(each, owners) for each in pods]
    agents = [pod for pod, each in zip(read, pods, strict=True) if component_of(each.raw) == AGENT]
    ready = [is_ready(each.raw) for each in pods if component_of(each.raw) == AGENT]
    return KubernetesState(
        inventory=inventory,
        pods=tuple(read),
        nodes={
            str(each.raw["metadata"].get("name")): _os_of(each.raw) for each in live if each.raw.get("kind") == "Node"
        },
        agents={pod.node: state for pod, state in zip(agents, ready, strict=True) if pod.node},
        agent_owners=tuple(sorted({*(pod.owner for pod in agents), *_agent_sets(live)})),
        has_controller=any(component_of(each.raw) == CONTROLLER for each in pods),
        identities={each.key: each for each in map(_azure_identity, custom[AZURE_IDENTITY])},
        bindings=tuple(map(_binding, custom[BINDING])),
        assigned=tuple(map(_assigned, custom[ASSIGNED_IDENTITY])),
        exceptions=tuple(map(_exception, custom[EXCEPTION])),
        complete=complete,
        kinds=frozenset((str(each.raw.get("kind")), _key(each.raw).namespace) for each in live),
    )


def _is_pod(raw: Mapping[str, Any]) -> bool:
    return raw.get("kind") == "Pod" and raw.get("apiVersion") == "v1"


def _read_pod(each: KubernetesObject, owners: Mapping[ObjectKey, ObjectKey]) -> Pod:
    metadata = mapping(each.raw.get("metadata"))
    key = ObjectKey(str(metadata.get("namespace")), "Pod", str(metadata.get("name")))
    node = mapping(each.raw.get("spec")).get("nodeName")
    return Pod(
        spec=read_workload(key, each, BY_NAME["Pod"]),
        owner=owners.get(key, key),
        node=str(node) if node else None,
        created=text(metadata.get("creationTimestamp")),
    )


def _agent_sets(live: Iterable[KubernetesObject]) -> list[ObjectKey]:
    """Return the DaemonSets of the node agent, even if none of their pods runs."""
    return [
        ObjectKey(_key(each.raw).namespace, "DaemonSet", _key(each.raw).name)
        for each in live
        if each.raw.get("kind") == "DaemonSet"
        and component_of(mapping(mapping(each.raw.get("spec")).get("template"))) == AGENT
    ]


def _os_of(node: Mapping[str, Any]) -> str:
    labels = strings(mapping(node.get("metadata")).get("labels"))
    info = mapping(mapping(node.get("status")).get("nodeInfo"))
    return (labels.get(_OS_LABEL) or text(info.get("operatingSystem")) or "linux").lower()


def _azure_identity(raw: Mapping[str, Any]) -> AzureIdentity:
    spec = azure_identities.spec_of(raw)
    return AzureIdentity(_key(raw), text(spec.get("resourceid")), text(spec.get("clientid")))


def _binding(raw: Mapping[str, Any]) -> Binding:
    spec = azure_identities.spec_of(raw)
    created = text(mapping(raw.get("metadata")).get("creationTimestamp"))
    return Binding(_key(raw), text(spec.get("azureidentity")), text(spec.get("selector")), created)


def _assigned(raw: Mapping[str, Any]) -> AssignedIdentity:
    spec = azure_identities.spec_of(raw)
    pod = EntryKey(text(spec.get("podnamespace")), text(spec.get("pod")))
    identity = _key(mapping(spec.get("azureidentityref"))).name
    return AssignedIdentity(_key(raw), pod, identity, text(mapping(raw.get("status")).get("status")))


def _exception(raw: Mapping[str, Any]) -> PodIdentityException:
    return PodIdentityException(_key(raw), strings(azure_identities.spec_of(raw).get("podlabels")))


def _key(raw: Mapping[str, Any]) -> EntryKey:
    metadata = mapping(raw.get("metadata"))
    return EntryKey(text(metadata.get("namespace")), text(metadata.get("name")))
