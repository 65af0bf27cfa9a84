# SPDX-License-Identifier: MIT
"""Kubernetes objects for unit tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.kubernetes_objects import KubernetesObject, Origin
from azext_podidentity.profile.labels import BINDING_LABEL, CLIENT_ID_ANNOTATION, USE_LABEL
from tests.support.builders import Json

API_VERSIONS = {"Pod": "v1", "ReplicationController": "v1", "Job": "batch/v1", "CronJob": "batch/v1"}
NAMESPACE = "my-app"


def workload(
    name: str = "web",
    selector: str | None = "my-pod-identity",
    *,
    kind: str = "Deployment",
    namespace: str = NAMESPACE,
    account: str | None = "web",
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    container: Json | None = None,
    **more: Any,
) -> Json:
    """Return a workload whose pods have the binding label unless it is None. `more` is added to its metadata."""
    pod_labels = {"app": name, **(labels or {}), **({BINDING_LABEL: selector} if selector is not None else {})}
    spec: Json = {"containers": [{"name": "main", "image": "app:1", **(container or {})}]}
    if account is not None:
        spec["serviceAccountName"] = account
    metadata = {"namespace": namespace, "name": name, **more}
    pod: Json = {"metadata": {"labels": pod_labels, "annotations": dict(annotations or {})}, "spec": spec}
    head = {"apiVersion": API_VERSIONS.get(kind, "apps/v1"), "kind": kind}
    if kind == "Pod":
        return {**head, "metadata": {**pod["metadata"], **metadata}, "spec": spec}
    if kind == "CronJob":
        return {**head, "metadata": metadata, "spec": {"jobTemplate": {"spec": {"template": pod}}}}
    selected: Json = {"app": name} if kind == "ReplicationController" else {"matchLabels": {"app": name}}
    return {**head, "metadata": metadata, "spec": {"selector": selected, "template": pod}}


def migrated(name: str = "web", **more: Any) -> Json:
    """Return the workload after its migration to workload identity."""
    return workload(name, None, labels={USE_LABEL: "true"}, **more)


def account(name: str = "web", client_id: str | None = None, *, namespace: str = NAMESPACE, **more: Any) -> Json:
    """Return a service account, annotated with the client ID if given."""
    annotations = {CLIENT_ID_ANNOTATION: client_id} if client_id else {}
    metadata = {"namespace": namespace, "name": name, "annotations": annotations, **more}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def made_by(kind: str, name: str) -> Json:
    """Return the metadata of an object that a controller owns."""
    return {"ownerReferences": [{"kind": kind, "name": name, "controller": True}]}


def inventory(*objects: Json) -> Inventory:
    """Return the inventory of the objects."""
    return Inventory.of([KubernetesObject(each, Origin("objects.yaml", 1)) for each in objects])
