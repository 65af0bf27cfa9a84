# SPDX-License-Identifier: MIT
"""A Kubernetes API that stores objects, for a real kubectl: kmock in a separate thread."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import httpx
import kmock

from development.paths import KUBECTL

Wire = dict[str, Any]

_VERBS = frozenset({"get", "list", "create", "patch", "delete", "update", "watch"})
_KINDS = {
    "v1/serviceaccounts": "ServiceAccount",
    "v1/pods": "Pod",
    "v1/configmaps": "ConfigMap",
    "v1/nodes": "Node",
    "apps/v1/deployments": "Deployment",
    "apps/v1/daemonsets": "DaemonSet",
    "batch/v1/cronjobs": "CronJob",
    "argoproj.io/v1alpha1/rollouts": "Rollout",
    "secrets-store.csi.x-k8s.io/v1/secretproviderclasses": "SecretProviderClass",
    "aadpodidentity.k8s.io/v1/azureidentities": "AzureIdentity",
    "aadpodidentity.k8s.io/v1/azureidentitybindings": "AzureIdentityBinding",
    "aadpodidentity.k8s.io/v1/azureassignedidentities": "AzureAssignedIdentity",
    "aadpodidentity.k8s.io/v1/azurepodidentityexceptions": "AzurePodIdentityException",
    "constraints.gatekeeper.sh/v1beta1/k8spspcapabilities": "K8sPSPCapabilities",
    "rbac.authorization.k8s.io/v1/clusterroles": "ClusterRole",
    "rbac.authorization.k8s.io/v1/clusterrolebindings": "ClusterRoleBinding",
    "example.com/v1/widgets": "Widget",
}
_OF_CLUSTER = frozenset({"Node", "K8sPSPCapabilities", "ClusterRole", "ClusterRoleBinding"})
_SECONDS = 30


class _Emulator(kmock.KubernetesEmulator):
    """Add the kind to kmock's lists, which kubectl requires."""

    async def _serve_list(self, request: Any) -> Any:
        listed: Any = await super()._serve_list(request)
        return {"apiVersion": "v1", "kind": "List", **listed}


class KubernetesApi:
    """The API of one cluster; kubectl finds it by the environment."""

    def __init__(self, url: str, folder: Path, context: str) -> None:
        self.url = url.rstrip("/")
        self._config = folder / "kubeconfig"
        cluster = {"name": "here", "cluster": {"server": self.url}}
        user = {"name": context, "context": {"cluster": "here", "user": "me"}}
        head = {"apiVersion": "v1", "kind": "Config", "current-context": context}
        # The API has no schemas, without which kubectl validates nothing.
        self._program = folder / "kubectl" / "kubectl"
        self._program.parent.mkdir()
        self._program.write_text(
            f'#!/bin/sh\ncase " $* " in *" apply "* | *" create "*) exec {KUBECTL} "$@" --validate=false;; esac\n'
            f'exec {KUBECTL} "$@"\n'
        )
        self._program.chmod(0o755)
        self._config.write_text(
            json.dumps({**head, "clusters": [cluster], "contexts": [user], "users": [{"name": "me", "user": {}}]})
        )

    @property
    def host(self) -> str:
        """Return the address of the API, without scheme and port."""
        return urlsplit(self.url).hostname or ""

    def environment(self, path: str = os.environ.get("PATH", os.defpath)) -> dict[str, str]:
        """Return the environment variables that lead kubectl to the API, with the value of PATH that follows it."""
        return {
            "KUBECONFIG": str(self._config),
            "PATH": f"{self._program.parent}{os.pathsep}{path}",
            "NO_PROXY": "127.0.0.1",
        }

    def seed(self, *objects: Wire) -> None:
        """Create the objects as a cluster has them."""
        for number, each in enumerate(objects):
            body = {**each, "metadata": {**each["metadata"], "uid": f"uid-{number}"}}
            httpx.post(self._collection(each), json=body, trust_env=False).raise_for_status()

    def get(self, kind: str, name: str, namespace: str = "my-app") -> Wire:
        """Return the current state of an object."""
        path = next(path for path, each in _KINDS.items() if each == kind)
        found: Wire = httpx.get(f"{self._path(path, namespace)}/{name}", trust_env=False).raise_for_status().json()
        return found

    def run(self, *command: str, folder: Path | None = None) -> str:
        """Run a command that calls kubectl, and return what it prints."""
        environment = {**os.environ, **self.environment()}
        result = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def run_in_cluster(self, command: str) -> tuple[int, str]:
        """Return the exit code of a shell command that calls kubectl, and what it prints."""
        environment = {**os.environ, **self.environment()}
        result = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, check=False)
        return result.returncode, result.stdout or result.stderr

    def _collection(self, raw: Wire) -> str:
        path = next(path for path, kind in _KINDS.items() if kind == raw["kind"])
        return self._path(path, raw["metadata"].get("namespace", ""))

    def _path(self, path: str, namespace: str) -> str:
        version, _, plural = path.rpartition("/")
        root = "apis" if "/" in version else "api"
        return f"{self.url}/{root}/{version}/{f'namespaces/{namespace}/' if namespace else ''}{plural}"


@contextmanager
def kubernetes_api(
    folder: Path, context: str = "here", without: str | None = None, forbidden: Sequence[str] = ()
) -> Iterator[KubernetesApi]:
    """Serve an empty cluster while the block runs, to a kubectl whose current context has that name.

    without: an API group that the cluster does not serve, because its custom resource definitions are not installed.
    forbidden: resources such as 'rbac.authorization.k8s.io/v1/clusterroles' that the user may not list.
    """
    started, loop, urls = Event(), asyncio.new_event_loop(), list[str]()
    stop = asyncio.Event()

    async def serve() -> None:
        async with _Emulator() as emulator, kmock.Server(emulator):
            for path, kind in _KINDS.items():
                if path.partition("/")[0] == without:
                    continue
                emulator.resources[path] = kmock.ResourceInfo(
                    kind=kind, namespaced=kind not in _OF_CLUSTER, verbs=set(_VERBS)
                )
            # kmock gives the core group a name that kubectl does not understand.
            emulator["get /api/v1"] << _core_resources()
            for each in forbidden:
                emulator[f"get /apis/{each}"] << 403
            urls.append(str(emulator.url))
            started.set()
            await stop.wait()

    thread = Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert started.wait(_SECONDS)
    try:
        yield KubernetesApi(urls[0], folder, context)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(_SECONDS)


def _core_resources() -> dict[str, Any]:
    resources = [
        {
            "name": path.rpartition("/")[2],
            "kind": kind,
            "singularName": "",
            "namespaced": kind not in _OF_CLUSTER,
            "verbs": sorted(_VERBS),
        }
        for path, kind in _KINDS.items()
        if path.count("/") == 1
    ]
    return {"apiVersion": "v1", "kind": "APIResourceList", "groupVersion": "v1", "resources": resources}
