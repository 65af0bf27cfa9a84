# SPDX-License-Identifier: MIT
"""Clusters in every state that the pod checks detect, as Azure and kubectl show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from azext_podidentity.checks.snapshot import Snapshot
from azext_podidentity.migration.kubernetes_objects import KubernetesObject, Origin
from azext_podidentity.pod_checks.kubernetes_state import read_state
from azext_podidentity.pod_checks.pod_snapshot import PodSnapshot
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.entries import EntryKey, Unreadable
from azext_podidentity.profile.labels import IDENTITY_BINDING_ANNOTATION, USE_LABEL
from tests.support.builders import KEY, REFERENCE, Json, cluster_of, exception_entry, identity_entry, identity_id
from tests.support.kubernetes_objects import account, made_by, workload
from tests.support.snapshots import OTHER, snapshot_of

NODE = "aks-nodes-000001"
CREATED_AT = "2026-01-01T00:00:00Z"
_GROUP = "aadpodidentity.k8s.io/v1"


def live(objects: Sequence[Json]) -> list[Json]:
    """Return the objects with the metadata of a live cluster."""
    return [
        {**each, "metadata": {"creationTimestamp": CREATED_AT, **each["metadata"], "uid": f"uid-{number}"}}
        for number, each in enumerate(objects)
    ]


def custom(kind: str, key: EntryKey, spec: Json, **more: Any) -> Json:
    """Return an object of aad-pod-identity. `more` is added to its metadata."""
    metadata = {"namespace": key.namespace, "name": key.name, **more}
    return {"apiVersion": _GROUP, "kind": kind, "metadata": metadata, "spec": spec}


def identity_objects(key: EntryKey = KEY, resource_id: str = identity_id(), **changes: Any) -> list[Json]:
    """Return the AzureIdentity and AzureIdentityBinding that the add-on creates for a pod identity."""
    identity = {"type": 0, "resourceID": resource_id, "clientID": changes.get("client_id", f"client of {resource_id}")}
    binding = {"azureIdentity": key.name, "selector": changes.get("selector", key.name)}
    return [
        custom("AzureIdentity", key, identity),
        custom("AzureIdentityBinding", EntryKey(key.namespace, f"{key.name}-binding"), binding),
    ]


def node(name: str = NODE, system: str = "linux") -> Json:
    """Return a node."""
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {"kubernetes.io/os": system}}}


def agent_set(image: str = "mcr.microsoft.com/oss/azure/aad-pod-identity/nmi:v1.8.18") -> Json:
    """Return the DaemonSet of the node agent."""
    metadata = {"namespace": "kube-system", "name": "nmi"}
    template = {"metadata": {"labels": {"k8s-app": "nmi"}}, "spec": {"containers": [{"name": "nmi", "image": image}]}}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata, "spec": {"template": template}}


def agent(ready: bool = True, node_name: str = NODE) -> Json:
    """Return the pod of the node agent on a node."""
    template = agent_set()["spec"]["template"]
    metadata = {"namespace": "kube-system", "name": f"nmi-{node_name}", **template["metadata"]}
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": str(ready)}]}
    head = {"apiVersion": "v1", "kind": "Pod", "metadata": {**metadata, **made_by("DaemonSet", "nmi")}}
    return {**head, "spec": {**template["spec"], "nodeName": node_name}, "status": status}


def controller() -> Json:
    """Return the controller pod of the open-source project's Helm chart."""
    pod = workload("mic", None, kind="Pod", namespace="kube-system", labels={"app.kubernetes.io/component": "mic"})
    return {**pod, "status": {"phase": "Running"}}


def pod(label: str | None = KEY.name, *, name: str = "web", node_name: str = NODE, **more: Any) -> Json:
    """Return a pod with the label on a node. `spec` is merged into its spec."""
    spec = more.pop("spec", {})
    found = workload(name, label, kind="Pod", **more)
    return {**found, "spec": {**found["spec"], "nodeName": node_name, **spec}, "status": {"phase": "Running"}}


def assigned(state: str, pod_name: str = "web") -> Json:
    """Return the AzureAssignedIdentity of a pod."""
    spec = {"pod": pod_name, "podNamespace": KEY.namespace, "azureIdentityRef": {"metadata": {"name": KEY.name}}}
    return {**custom("AzureAssignedIdentity", EntryKey("default", pod_name), spec), "status": {"status": state}}


HEALTHY: tuple[Json, ...] = (node(), agent_set(), agent(), *identity_objects())


@dataclass(frozen=True)
class PodState:
    """A cluster: its profile entries, and its live objects or manifests."""

    objects: tuple[Json, ...] = HEALTHY
    identities: tuple[Json, ...] = (identity_entry(),)
    exceptions: tuple[Json, ...] = ()
    manifests: bool = False
    properties: Mapping[str, Any] = field(default_factory=dict)
    azure: Mapping[str, Any] = field(default_factory=dict)
    roles_unreadable: str | None = None

    def snapshot(self, reference: ClusterReference = REFERENCE) -> PodSnapshot:
        """Return the snapshot of the cluster."""
        listed = list(self.objects) if self.manifests else live(self.objects)
        objects = [KubernetesObject(each, Origin("pods.json")) for each in listed]
        inside = read_state(objects, complete=not self.manifests)
        if self.roles_unreadable is not None:
            inside = inside.with_roles(Unreadable(self.roles_unreadable))
        return PodSnapshot(self._azure(reference), inside)

    def _azure(self, reference: ClusterReference) -> Snapshot:
        cluster = cluster_of(list(self.identities), list(self.exceptions), reference=reference, **self.properties)
        return snapshot_of(cluster, **self.azure)


def runs(*pods: Json, without: str = "", **more: Any) -> PodState:
    """Return a healthy cluster that runs the pods, without the objects of one kind."""
    return PodState(tuple(each for each in (*HEALTHY, *pods) if each["kind"] != without), **more)


def on_identity_binding() -> tuple[Json, ...]:
    """Return a pod that uses an identity binding, and its annotated service account."""
    bound = pod(None, labels={USE_LABEL: "true"}, annotations={IDENTITY_BINDING_ANNOTATION: "true"})
    return bound, account("web", f"client of {identity_id()}")


_SHARED = (
    identity_entry(bindingSelector="both"),
    identity_entry(OTHER, identity_id("other"), bindingSelector="both"),
)
_SHARED_OBJECTS = (
    *identity_objects(selector="both"),
    *identity_objects(OTHER, identity_id("other"), selector="both"),
)
_ELSEWHERE = identity_entry(EntryKey("other-app", KEY.name))
_OFF = {"enabled": False}
_HAND_MADE = EntryKey("my-app", "by-hand")

# The check with a finding, its severity, part of its message, and the cluster. No other check has a finding.
POD_STATES: dict[str, tuple[str, str, str, PodState]] = {
    "no role for identity binding": (
        "pod-identity-binding-role",
        "error",
        "No ClusterRole lets service account 'my-app/web' use the identity binding",
        runs(*on_identity_binding()),
    ),
    "roles not readable": (
        "pod-identity-binding-role",
        "warning",
        "could not be read: forbidden",
        runs(*on_identity_binding(), roles_unreadable="forbidden"),
    ),
    "unknown label": ("pod-label", "error", "'nothing'", runs(pod("nothing"))),
    "label in other namespace": (
        "pod-label",
        "error",
        "Similar: 'my-pod-identity' in namespace 'other-app'.",
        PodState(
            (node(), agent_set(), agent(), *identity_objects(EntryKey("other-app", KEY.name)), pod()), (_ELSEWHERE,)
        ),
    ),
    "label in other case": (
        "pod-label",
        "error",
        "Similar: 'my-pod-identity' in namespace 'my-app'.",
        runs(pod("My-Pod-Identity")),
    ),
    "selector with spaces": (
        "pod-label",
        "error",
        "Similar: ' app ' in namespace 'my-app'.",
        PodState(
            (node(), agent_set(), agent(), *identity_objects(selector=" app "), pod("app")),
            (identity_entry(bindingSelector=" app "),),
        ),
    ),
    "label in manifest": (
        "pod-label",
        "error",
        "'nothing'",
        PodState((workload("web", "nothing"),), manifests=True),
    ),
    "exception in profile": (
        "pod-exception",
        "error",
        "'agents' in namespace 'my-app'",
        runs(pod(labels={"tier": "Web"}), exceptions=(exception_entry(EntryKey("my-app", "agents"), {"tier": "web"}),)),
    ),
    "exception in cluster": (
        "pod-exception",
        "error",
        "'by-hand'",
        runs(pod(), custom("AzurePodIdentityException", _HAND_MADE, {"podLabels": {"app": "web"}})),
    ),
    "host network": ("pod-host-network", "warning", "hostNetwork", runs(pod(spec={"hostNetwork": True}))),
    "Windows node": (
        "pod-windows",
        "error",
        "Windows nodes",
        runs(node("win", "windows"), pod(node_name="win")),
    ),
    "Windows node selector": (
        "pod-windows",
        "error",
        "Windows nodes",
        PodState(
            ({**workload(kind="Pod"), "spec": {"nodeSelector": {"kubernetes.io/os": "windows"}}},), manifests=True
        ),
    ),
    "several identities": (
        "pod-client-id",
        "warning",
        "do not set AZURE_CLIENT_ID",
        PodState((node(), agent_set(), agent(), *_SHARED_OBJECTS, pod("both")), _SHARED),
    ),
    "no AzureIdentity": ("azure-identity-missing", "error", "no AzureIdentity", runs(without="AzureIdentity")),
    "no binding": ("azure-identity-missing", "error", "no AzureIdentity", runs(without="AzureIdentityBinding")),
    "other client ID": (
        "azure-identity-different",
        "error",
        "client ID old",
        PodState((node(), agent_set(), agent(), *identity_objects(client_id="old"))),
    ),
    "other managed identity": (
        "azure-identity-different",
        "error",
        "names managed identity",
        PodState((node(), agent_set(), agent(), *identity_objects(resource_id=identity_id("other"))), azure={}),
    ),
    "other selector": (
        "azure-identity-different",
        "error",
        "selector 'old'",
        PodState((node(), agent_set(), agent(), *identity_objects(selector="old"))),
    ),
    "AzureIdentity by hand": (
        "azure-identity-unknown",
        "warning",
        "created manually",
        runs(*identity_objects(_HAND_MADE)),
    ),
    "not assigned": (
        "azure-assigned-identity",
        "error",
        "state Created",
        runs(controller(), pod(), assigned("Created")),
    ),
    "no assigned identity": (
        "azure-assigned-identity",
        "error",
        "have no AzureAssignedIdentity",
        runs(controller(), pod()),
    ),
    "agent not ready": (
        "node-agent-ready",
        "error",
        f"is not ready on node '{NODE}'",
        PodState((node(), agent_set(), agent(ready=False), *identity_objects(), pod())),
    ),
    "no agent on node": (
        "node-agent-ready",
        "error",
        "does not run on node 'new'",
        runs(node("new"), pod(node_name="new")),
    ),
    "no agent": ("node-agent", "error", "no node agent", PodState((node(), *identity_objects()))),
    "leftover agent": (
        "node-agent-leftover",
        "warning",
        "is disabled",
        PodState((node(), agent_set(), agent()), (), properties=_OFF),
    ),
    "older than binding": (
        "pod-age",
        "info",
        "older",
        runs(pod(creationTimestamp="2025-12-31T00:00:00Z")),
    ),
    "working pod": (
        "pod-managed-identity",
        "info",
        f"'app-identity' (client ID client of {identity_id()})",
        runs(pod()),
    ),
}
