# SPDX-License-Identifier: MIT
"""The Kubernetes side of the demo: a node with the node agent, and workloads that use a pod identity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAMESPACE, IDENTITY = "my-app", "web-identity"

_NODE = "aks-nodepool1-000000"
_GROUP = "aadpodidentity.k8s.io/v1"
_AGENT = {"k8s-app": "nmi"}
# The image of the add-on's node agent.
_AGENT_SPEC = {"containers": [{"name": "nmi", "image": "mcr.microsoft.com/oss/azure/aad-pod-identity/nmi:v1.8.18"}]}

Json = dict[str, Any]


def demo_objects(identity: Mapping[str, Any]) -> list[Json]:
    """Return the objects of a cluster whose pod identity `web-identity` binds that managed identity (JSON of Azure)."""
    metadata = {"namespace": NAMESPACE, "name": IDENTITY}
    spec = {"type": 0, "resourceID": identity["id"], "clientID": identity["properties"]["clientId"]}
    binding = {"azureIdentity": IDENTITY, "selector": IDENTITY}
    return [
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": _NODE, "labels": {"kubernetes.io/os": "linux"}}},
        _object("apps/v1", "DaemonSet", "nmi", {"template": _template(_AGENT, _AGENT_SPEC)}, namespace="kube-system"),
        _agent_pod(),
        {"apiVersion": _GROUP, "kind": "AzureIdentity", "metadata": metadata, "spec": spec},
        _object(_GROUP, "AzureIdentityBinding", f"{IDENTITY}-binding", binding),
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"namespace": NAMESPACE, "name": "web"}},
        _deployment("web", {"serviceAccountName": "web"}),
        _cron_job("report", {"serviceAccountName": "web", "restartPolicy": "OnFailure"}),
        # It runs as the default service account, which requires a decision.
        _deployment("worker", {}),
    ]


def _object(api_version: str, kind: str, name: str, spec: Json, namespace: str = NAMESPACE) -> Json:
    metadata = {"namespace": namespace, "name": name}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


def _template(labels: Mapping[str, str], spec: Mapping[str, Any]) -> Json:
    return {"metadata": {"labels": dict(labels)}, "spec": dict(spec)}


def _pod_template(name: str, spec: Mapping[str, Any]) -> Json:
    labels = {"app": name, "aadpodidbinding": IDENTITY}
    return _template(labels, {**spec, "containers": [{"name": name, "image": f"{name}:1"}]})


def _deployment(name: str, spec: Mapping[str, Any]) -> Json:
    selector = {"matchLabels": {"app": name}}
    return _object("apps/v1", "Deployment", name, {"selector": selector, "template": _pod_template(name, spec)})


def _cron_job(name: str, spec: Mapping[str, Any]) -> Json:
    job = {"spec": {"template": _pod_template(name, spec)}}
    return _object("batch/v1", "CronJob", name, {"schedule": "0 6 * * *", "jobTemplate": job})


def _agent_pod() -> Json:
    owner = {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "nmi", "uid": "nmi", "controller": True}
    metadata = {"namespace": "kube-system", "name": f"nmi-{_NODE}", "labels": _AGENT, "ownerReferences": [owner]}
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    pod = {"spec": {**_AGENT_SPEC, "nodeName": _NODE}, "status": status}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, **pod}
