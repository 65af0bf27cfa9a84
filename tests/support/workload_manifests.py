# SPDX-License-Identifier: MIT
"""Shared parts of the tests of `migrate`: the command, manifests, and kubectl."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml

from azure_simulator import Simulator
from development.paths import KUBECTL
from tests.support.azure_cli import NAMESPACE, ON_CLUSTER, sent
from tests.support.cluster_state import entries

MIGRATE = f"aks pod-identity migrate {ON_CLUSTER}"
ISSUER = "https://issuer.example/cluster/"
ENABLED: dict[str, Any] = {
    "oidcIssuerProfile": {"enabled": True, "issuerURL": ISSUER},
    "securityProfile": {"workloadIdentity": {"enabled": True}},
}
CREDENTIALS = "/federatedIdentityCredentials"
USE = "azure.workload.identity/use"
CLIENT_ID = "azure.workload.identity/client-id"
PROXY = "azure.workload.identity/inject-proxy-sidecar"

Wire = dict[str, Any]

_API_VERSIONS = {"Pod": "v1", "ReplicationController": "v1", "Job": "batch/v1", "CronJob": "batch/v1"}


def workload(name: str, selector: str | None, kind: str = "Deployment", account: str | None = None) -> Wire:
    """Return a workload whose pods have the label `aadpodidbinding` unless `selector` is None."""
    labels = {"app": name, **({} if selector is None else {"aadpodidbinding": selector})}
    spec: Wire = {"containers": [{"name": "main", "image": "app:1"}]}
    if account is not None:
        spec["serviceAccountName"] = account
    head: Wire = {"apiVersion": _API_VERSIONS.get(kind, "apps/v1"), "kind": kind}
    metadata = {"namespace": NAMESPACE, "name": name}
    if kind == "Pod":
        return {**head, "metadata": {**metadata, "labels": labels}, "spec": spec}
    template = {"metadata": {"labels": labels}, "spec": spec}
    if kind == "CronJob":
        of_job: Wire = {"spec": {"template": template}}
        return {**head, "metadata": metadata, "spec": {"schedule": "@daily", "jobTemplate": of_job}}
    selected: Wire = {"app": name} if kind == "ReplicationController" else {"matchLabels": {"app": name}}
    return {**head, "metadata": metadata, "spec": {"selector": selected, "template": template}}


def service_account(name: str, client_id: str | None = None) -> Wire:
    """Return a service account, annotated with the client ID if given."""
    annotations = {CLIENT_ID: client_id} if client_id else {}
    metadata = {"namespace": NAMESPACE, "name": name, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def live(*objects: Wire) -> Wire:
    """Return the objects as `kubectl get -o json` prints them."""
    items = [{**each, "metadata": {**each["metadata"], "uid": f"uid-{number}"}} for number, each in enumerate(objects)]
    return {"apiVersion": "v1", "kind": "List", "items": items}


def write(path: Path, *objects: Wire) -> Path:
    """Write the objects to a YAML file. Return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump_all(objects), "utf-8")
    return path


def kustomize(folder: Path) -> dict[tuple[str, str], Wire]:
    """Return the output of `kubectl kustomize` for the folder, by kind and name."""
    result = subprocess.run([KUBECTL, "kustomize", folder], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return {(each["kind"], each["metadata"]["name"]): each for each in yaml.safe_load_all(result.stdout)}


def pod_of(built: Wire) -> Wire:
    """Return the pod template of an object of any kind."""
    if built["kind"] == "Pod":
        return built
    spec = built["spec"]
    template: Wire = (spec["jobTemplate"]["spec"] if built["kind"] == "CronJob" else spec)["template"]
    return template


def credentials(simulator: Simulator, name: str = "app") -> list[Wire]:
    """Return the properties of the credentials on the managed identity of the pod identity."""
    (resource_id,) = {each["identity"]["resourceId"] for each in entries(simulator).values() if each["name"] == name}
    return [each["properties"] for each in simulator.federated_credentials(resource_id)]


def codes(plan: Wire) -> list[str]:
    """Return the codes of the plan's decisions."""
    return [each["code"] for each in plan["decisions"]]


def writes(simulator: Simulator) -> list[str]:
    """Return the requests that are not reads, in the format of `sent`."""
    return [each for each in sent(simulator) if not each.startswith("GET")]
