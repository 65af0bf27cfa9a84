# SPDX-License-Identifier: MIT
"""A client of the simulator that sends requests as Azure SDKs do, and names that tests share."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from azure_simulator import Simulator
from azure_simulator.clock import ManualClock

API_VERSION = "2025-10-01"
GROUP = "group"
CLUSTER = "cluster"


def trust(ca_file: Path | str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(ca_file))


class Arm:
    """A client with a bearer token. Paths may omit `/subscriptions/...` of the first subscription."""

    def __init__(self, simulator: Simulator, clock: ManualClock, token: str | None = None) -> None:
        self.simulator = simulator
        self.clock = clock
        self._http = httpx.Client(base_url=simulator.url, verify=trust(simulator.ca_file), timeout=30)
        self.token = token or self._log_in()

    def __enter__(self) -> Arm:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def another_client(self) -> Arm:
        """Return a client with separate connections: httpx may close one that another thread is about to use."""
        return Arm(self.simulator, self.clock, self.token)

    def close(self) -> None:
        self._http.close()

    def _log_in(self) -> str:
        form = {
            "client_id": self.simulator.client_id,
            "client_secret": self.simulator.client_secret,
            "grant_type": "client_credentials",
            "scope": f"{self.simulator.url}/.default",
        }
        answer = self._http.post(f"/{self.simulator.tenant_id}/oauth2/v2.0/token", data=form)
        return str(answer.raise_for_status().json()["access_token"])

    def path(self, path: str) -> str:
        absolute = path.startswith(("/subscriptions", "/providers", "/graph", "https://"))
        return path if absolute else f"/subscriptions/{self.simulator.subscription_id}/{path.lstrip('/')}"

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request. A query in the path, as in operation URLs, is kept; otherwise an api-version is added."""
        parameters = None if "?" in path else {"api-version": API_VERSION, **(query or {})}
        sent = {"authorization": f"Bearer {self.token}", **(headers or {})}
        return self._http.request(method, self.path(path), params=parameters, json=body, headers=sent)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.send("GET", path, **options)

    def put(self, path: str, body: Any, **options: Any) -> httpx.Response:
        return self.send("PUT", path, body, **options)

    def cluster_path(self, name: str = CLUSTER, group: str = GROUP) -> str:
        return self.path(f"resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters/{name}")

    def cluster(self, name: str = CLUSTER) -> dict[str, Any]:
        """Return the cluster as a GET shows it."""
        body: dict[str, Any] = self.get(self.cluster_path(name)).raise_for_status().json()
        return body

    def change(self, edit: Callable[[dict[str, Any]], object], headers: dict[str, str] | None = None) -> httpx.Response:
        """Read the cluster, edit its JSON in place and send all of it back, as every client does."""
        body = self.cluster()
        edit(body)
        return self.put(self.cluster_path(), body, headers=headers)

    def settle(self, seconds: float = 3600) -> None:
        """Let all long-running processes end."""
        self.clock.advance(seconds)


def entry(identity: dict[str, Any], name: str = "name", namespace: str = "namespace") -> dict[str, Any]:
    """Return the JSON of a pod identity as a client sends it."""
    properties = identity["properties"]
    return {
        "name": name,
        "namespace": namespace,
        "identity": {
            "resourceId": identity["id"],
            "clientId": properties["clientId"],
            "objectId": properties["principalId"],
        },
    }


def profile(cluster: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = cluster["properties"]["podIdentityProfile"]
    return found


def add(*entries: dict[str, Any]) -> Callable[[dict[str, Any]], object]:
    """Return an edit that adds pod identities."""
    return lambda body: profile(body).setdefault("userAssignedIdentities", []).extend(entries)


def remove(*names: str) -> Callable[[dict[str, Any]], object]:
    """Return an edit that removes pod identities by name."""

    def edit(body: dict[str, Any]) -> None:
        kept = [item for item in profile(body)["userAssignedIdentities"] if item["name"] not in names]
        profile(body)["userAssignedIdentities"] = kept

    return edit


def states(cluster: dict[str, Any]) -> dict[str, str]:
    """Return the provisioningState of each pod identity by name."""
    entries = profile(cluster).get("userAssignedIdentities") or []
    return {item["name"]: item["provisioningState"] for item in entries}
