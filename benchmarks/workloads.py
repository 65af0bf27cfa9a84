# SPDX-License-Identifier: MIT
"""Create realistic deployments, and the objects that a cluster creates from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from benchmarks.check import NAMESPACE

Wire = dict[str, Any]

_PROBE = {"httpGet": {"path": "/health", "port": "http", "scheme": "HTTP"}, "periodSeconds": 10, "timeoutSeconds": 1}
_STATES = ("Initialized", "Ready", "ContainersReady", "PodScheduled")
_PODS = 2


def deployment(number: int, identity: str) -> Wire:
    """Return a deployment with its own service account, whose pods are labelled for the pod identity of that name."""
    name = f"application-{number}"
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "benchmark"}
    variables = [{"name": f"SETTING_{each}", "value": f"value {each} of {name}"} for each in range(10)]
    container = {
        "name": "main",
        "image": f"registry.example/applications/{name}:1.2.3",
        "env": variables,
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "livenessProbe": _PROBE,
        "readinessProbe": _PROBE,
    }
    template = {
        "metadata": {"labels": {**labels, "aadpodidbinding": identity}},
        "spec": {"serviceAccountName": name, "containers": [container], "restartPolicy": "Always"},
    }
    metadata = {"name": name, "namespace": NAMESPACE, "labels": labels}
    spec = {"replicas": _PODS, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def as_kubectl_prints(deployments: Iterable[Wire]) -> Wire:
    """Return deployments, replica sets, pods and service accounts as `kubectl get --output json` prints them."""
    items = [each for deployed in deployments for each in _made_of(deployed)]
    return {"apiVersion": "v1", "kind": "List", "items": items}


def _made_of(deployed: Wire) -> Iterator[Wire]:
    name, template = deployed["metadata"]["name"], deployed["spec"]["template"]
    yield {**deployed, "metadata": {**deployed["metadata"], **_made(name)}, "status": _status("Available")}
    replica_set = {**deployed["metadata"], "name": f"{name}-7d9c", **_made(name, "Deployment")}
    yield {**deployed, "kind": "ReplicaSet", "metadata": replica_set, "status": _status("Available")}
    for number in range(_PODS):
        metadata = {"name": f"{name}-7d9c-{number}", "namespace": NAMESPACE, **template["metadata"]}
        yield {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {**metadata, **_made(f"{name}-7d9c", "ReplicaSet")},
            "spec": {**template["spec"], "nodeName": "aks-nodepool1-00000000-vmss000000"},
            "status": {**_status(*_STATES), "phase": "Running", "podIP": "10.244.0.10"},
        }
    account = {"name": name, "namespace": NAMESPACE, **_made(name)}
    yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account}


def _made(name: str, owner: str | None = None) -> Wire:
    """Return the metadata that a cluster adds to an object."""
    reference = {"apiVersion": "apps/v1", "kind": owner, "name": name, "controller": True}
    return {
        "uid": f"00000000-0000-0000-0000-{name}",
        "resourceVersion": "123456",
        "creationTimestamp": "2025-01-01T00:00:00Z",
        **({"ownerReferences": [reference]} if owner else {}),
    }


def _status(*conditions: str) -> Wire:
    at = {"status": "True", "lastTransitionTime": "2025-01-01T00:00:00Z", "reason": "Benchmark"}
    return {"conditions": [{"type": each, **at} for each in conditions]}
