# SPDX-License-Identifier: MIT
"""Microsoft.ContainerService over HTTP."""

from __future__ import annotations

import copy
from typing import Any

from azure_simulator.resources.containerservice.clusters import Cluster, Clusters
from azure_simulator.resources.containerservice.identity_bindings import IdentityBindings
from azure_simulator.resources.containerservice.operations import LongRunningOperation, Operations
from azure_simulator.resources.containerservice.run_command import RunCommands

from ...errors import aks, resource_not_found
from ...http import JSON, Request, Response, Route
from ...resource_ids import CLUSTER_TYPE, ResourceId
from ..providers import Providers
from ..resources import ResourceGroups

_BY_SUBSCRIPTION = f"/subscriptions/{{subscription}}/providers/{CLUSTER_TYPE}"
_BY_GROUP = f"/subscriptions/{{subscription}}/resourcegroups/{{group}}/providers/{CLUSTER_TYPE}"
_CLUSTER = f"{_BY_GROUP}/{{name}}"
_POOLS = f"{_CLUSTER}/agentPools"


class ContainerService:
    """The handlers of clusters and agent pools."""

    def __init__(
        self,
        groups: ResourceGroups,
        providers: Providers,
        clusters: Clusters,
        operations: Operations,
        commands: RunCommands,
        bindings: IdentityBindings,
    ) -> None:
        self._groups = groups
        self._providers = providers
        self._clusters = clusters
        self._operations = operations
        self._commands = commands
        self._bindings = bindings

    def routes(self) -> list[Route]:
        return [
            Route("GET", _BY_SUBSCRIPTION, self._list),
            Route("GET", _BY_GROUP, self._list),
            Route("PUT", _CLUSTER, self._put),
            Route("GET", _CLUSTER, self._get),
            Route("DELETE", _CLUSTER, self._delete),
            Route("GET", _POOLS, self._list_pools),
            Route("GET", f"{_POOLS}/{{pool}}", self._get_pool),
            Route("PUT", f"{_POOLS}/{{pool}}", self._put_pool),
            Route("POST", f"{_CLUSTER}/abort", self._abort),
            Route("POST", f"{_CLUSTER}/runCommand", self._run_command),
            Route("GET", f"{_CLUSTER}/commandResults/{{command}}", self._commands.result),
            Route("GET", f"{_CLUSTER}/operations/latest", self._latest_operation),
            *self._bindings.routes(_CLUSTER, self._existing),
            *self._operations.routes(),
        ]

    def _resource_id(self, request: Request) -> ResourceId:
        subscription, group = request.parameters["subscription"], request.parameters["group"]
        self._providers.check_registered(subscription, CLUSTER_TYPE.split("/")[0])
        owner = self._groups.get(subscription, group)
        return ResourceId(subscription, owner["name"], CLUSTER_TYPE, request.parameters["name"])

    def _find(self, resource_id: ResourceId) -> Cluster | None:
        return self._clusters.find(resource_id.subscription, resource_id.group, resource_id.name)

    def _existing(self, request: Request) -> Cluster:
        resource_id = self._resource_id(request)
        cluster = self._find(resource_id)
        if cluster is None:
            raise resource_not_found(CLUSTER_TYPE, resource_id.name, request.parameters["group"])
        return cluster

    def _list(self, request: Request) -> Response:
        subscription, group = request.parameters["subscription"], request.parameters.get("group")
        self._groups.check_subscription(subscription)
        if group:
            self._groups.get(subscription, group)
        value = [
            self._clusters.view(cluster)
            for cluster in self._clusters.all()
            if cluster.resource_id.subscription.lower() == subscription.lower()
            and (group is None or cluster.resource_id.group.lower() == group.lower())
        ]
        return Response(200, {"value": value}, content_type=JSON)

    def _get(self, request: Request) -> Response:
        return Response(200, self._clusters.view(self._existing(request)), content_type=JSON)

    def _put(self, request: Request) -> Response:
        """Check for a running operation (409), the preconditions (412), then the content (400): RFC 9110, 13.2.1."""
        resource_id = self._resource_id(request)
        cluster = self._find(resource_id)
        if cluster:
            self._clusters.check_idle(cluster)
        _check_preconditions(request, resource_id, cluster)
        if cluster is None:
            return self._create(resource_id, request)
        body, operation = self._clusters.update(cluster, request.json_object())
        return self._put_response(200, self._clusters.without_hidden(body), operation)

    def _create(self, resource_id: ResourceId, request: Request) -> Response:
        cluster, operation = self._clusters.create(resource_id, request.json_object())
        return self._put_response(201, copy.deepcopy(cluster.body), operation)

    def _put_response(self, status: int, body: dict[str, Any], operation: LongRunningOperation) -> Response:
        """Return a PUT's response, which shows pools without labels as `nodeLabels: {}` (public recordings)."""
        for pool in body["properties"]["agentPoolProfiles"]:
            pool.setdefault("nodeLabels", {})
        return Response(status, body, self._operations.headers(operation), JSON)

    def _delete(self, request: Request) -> Response:
        """Delete the cluster; 204 if it does not exist (ARM's convention, not recorded)."""
        cluster = self._find(self._resource_id(request))
        if cluster is None:
            return Response(204)
        operation = self._clusters.delete(cluster)
        return Response(202, None, self._operations.headers(operation, with_location=True))

    def _run_command(self, request: Request) -> Response:
        return self._commands.run(self._existing(request), request)

    def _abort(self, request: Request) -> Response:
        """Cancel the running operation. The response is the cluster as before (public recordings)."""
        cluster = self._existing(request)
        body = self._clusters.view(cluster)
        operation = self._clusters.abort(cluster)
        return Response(202, body, self._operations.headers(operation, with_location=True), JSON)

    def _latest_operation(self, request: Request) -> Response:
        """Return the operation that began last, as https://learn.microsoft.com/azure/aks/manage-abort-operations shows.

        Assumption: 404 if the cluster has had none.
        """
        cluster = self._existing(request)
        if cluster.latest is None:
            raise aks(404, "NotFound", f"No operation was found for managed cluster '{cluster.resource_id.name}'.")
        return Response(200, self._operations.of_cluster(cluster.body["id"], cluster.latest), content_type=JSON)

    def _list_pools(self, request: Request) -> Response:
        body = self._clusters.view(self._existing(request))
        value = [_pool(body, pool) for pool in body["properties"]["agentPoolProfiles"]]
        return Response(200, {"value": value}, content_type=JSON)

    def _get_pool(self, request: Request) -> Response:
        body = self._clusters.view(self._existing(request))
        name = request.parameters["pool"]
        pool = _find_pool(body, name)
        if pool is None:
            raise aks(404, "NotFound", f"Could not find the agent pool '{name}' of cluster '{body['name']}'.")
        return Response(200, _pool(body, pool), content_type=JSON)

    def _put_pool(self, request: Request) -> Response:
        cluster, name = self._existing(request), request.parameters["pool"]
        self._clusters.check_idle(cluster)
        known = _find_pool(cluster.body, name)
        properties = request.json_object().get("properties") or {}
        pool = {**properties, "name": known["name"] if known else name}
        body, operation = self._clusters.put_pool(cluster, pool)
        shown = _pool(body, _find_pool(body, name) or {})
        return Response(200 if known else 201, shown, self._operations.headers(operation), JSON)


def _find_pool(body: dict[str, Any], name: str) -> dict[str, Any] | None:
    pools = body["properties"]["agentPoolProfiles"]
    return next((pool for pool in pools if pool["name"].lower() == name.lower()), None)


def _pool(body: dict[str, Any], pool: dict[str, Any]) -> dict[str, Any]:
    properties = {name: value for name, value in pool.items() if name != "name"}
    return {
        "id": f"{body['id']}/agentPools/{pool['name']}",
        "name": pool["name"],
        "type": f"{CLUSTER_TYPE}/agentPools",
        "properties": properties,
    }


def _check_preconditions(request: Request, resource_id: ResourceId, cluster: Cluster | None) -> None:
    """Raise if a condition fails. If-Match accepts quotes or none; the service's wording is an assumption."""
    current = cluster.body.get("eTag") if cluster else None
    expected = request.headers.get("if-match", "").strip().strip('"')
    if expected and (cluster is None or expected not in ("*", current)):
        message = f"The managed cluster {resource_id.name} has been modified (etag mismatch)."
        raise aks(412, "EtagMismatch", message)
    unexpected = request.headers.get("if-none-match", "").strip().strip('"')
    if unexpected and cluster and unexpected in ("*", current):
        message = f"The managed cluster {resource_id.name} exists already and hence cannot be created again."
        raise aks(412, "PreconditionFailed", message)
