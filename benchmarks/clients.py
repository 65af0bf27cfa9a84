# SPDX-License-Identifier: MIT
"""Clients that add one pod identity with fixed waits, for comparison with az.

They send only the required requests: read the cluster, the managed identity and its role assignments, grant the role if
it is missing, write the cluster, poll the operation until it ends, and read the cluster.
"""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import requests

from benchmarks.cloud import LATENCY, Cloud
from benchmarks.command import CLUSTER, GROUP

_OPERATOR = "f1a07417-d97a-45cb-824c-7a7467783830"  # Managed Identity Operator
_ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments"
_CLUSTERS = "2025-10-01"
_ROLES = "2022-04-01"
_IDENTITIES = "2024-11-30"


@dataclass(frozen=True)
class Waits:
    """Seconds to wait after a grant or refusal, before the first poll of the operation, and between polls."""

    role: float
    first: float
    later: float


FIXED = Waits(30.0, 30.0, 30.0)


def knowing(cloud: Cloud) -> Waits:
    """Return the waits of a client that knows when the service is done: the service minimum."""
    return Waits(cloud.times.propagation - LATENCY, cloud.times.operation - LATENCY, 0.0)


class Client:
    """A client that signs in when it is created, so that the sign-in is not measured, as with az."""

    def __init__(self, cloud: Cloud) -> None:
        simulator = cloud.simulator
        self._resource_id = cloud.resource_ids[0]
        self._url = simulator.url
        self._path = (
            f"/subscriptions/{simulator.subscription_id}/resourceGroups/{GROUP}"
            f"/providers/Microsoft.ContainerService/managedClusters/{CLUSTER}"
        )
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(simulator.ca_file)
        token = self._session.post(
            f"{self._url}/{simulator.tenant_id}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": simulator.client_id,
                "client_secret": simulator.client_secret,
                "scope": f"{self._url}/.default",
            },
        )
        token.raise_for_status()
        self._session.headers["Authorization"] = f"Bearer {token.json()['access_token']}"

    def add(self, waits: Waits) -> None:
        """Add the pod identity and return once it is assigned. Raise requests.HTTPError if the service refuses."""
        with self._session:
            self._add(waits)

    def _add(self, waits: Waits) -> None:
        cluster = self._get(self._path, _CLUSTERS)
        principal_id = cluster["identity"]["principalId"]
        filter_ = f"atScope() and assignedTo('{principal_id}')"
        with ThreadPoolExecutor(1) as pool:
            granted = pool.submit(self._get, f"{self._resource_id}/{_ASSIGNMENTS}", _ROLES, **{"$filter": filter_})
            identity = self._get(self._resource_id, _IDENTITIES)
        if not granted.result()["value"]:
            self._grant(principal_id)
            time.sleep(waits.role)
        cluster["properties"]["podIdentityProfile"]["userAssignedIdentities"] = [_entry(identity)]
        answer = self._put(self._path, _CLUSTERS, cluster)
        while answer.status_code == requests.codes.bad_request:  # the role has not propagated yet
            time.sleep(waits.role)
            answer = self._put(self._path, _CLUSTERS, cluster)
        answer.raise_for_status()
        self._follow(answer.headers["Azure-AsyncOperation"], waits)
        self._get(self._path, _CLUSTERS)

    def _grant(self, principal_id: str) -> None:
        definition = f"/{'/'.join(self._resource_id.split('/')[1:3])}/providers/Microsoft.Authorization"
        properties = {
            "roleDefinitionId": f"{definition}/roleDefinitions/{_OPERATOR}",
            "principalId": principal_id,
            "principalType": "ServicePrincipal",
        }
        path = f"{self._resource_id}/{_ASSIGNMENTS}/{uuid.uuid4()}"
        self._put(path, _ROLES, {"properties": properties}).raise_for_status()

    def _follow(self, operation: str, waits: Waits) -> None:
        time.sleep(waits.first)
        while True:
            answer = self._session.get(operation)
            answer.raise_for_status()
            if answer.json()["status"] == "Succeeded":
                return
            time.sleep(waits.later)

    def _get(self, path: str, api_version: str, **query: str) -> Any:
        answer = self._session.get(f"{self._url}{path}", params={"api-version": api_version, **query})
        answer.raise_for_status()
        return answer.json()

    def _put(self, path: str, api_version: str, body: Any) -> requests.Response:
        return self._session.put(f"{self._url}{path}", params={"api-version": api_version}, json=body)


def _entry(identity: Any) -> dict[str, Any]:
    ids = identity["properties"]
    bound = {"resourceId": identity["id"], "clientId": ids["clientId"], "objectId": ids["principalId"]}
    return {"name": identity["name"], "namespace": "apps", "identity": bound}
