"""Microsoft.ContainerService over HTTP."""

from __future__ import annotations

import copy
from typing import Any

from azure_simulator.resources.containerservice.clusters import Cluster, Clusters
from azure_simulator.resources.containerservice.operations import LongRunningOperation, Operations
from azure_simulator.resources.containerservice.run_command import RunCommands

from ...errors import aks, resource_not_found
from ...http import JSON, Answer, Call, Operation
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
    ) -> None:
        self._groups = groups
        self._providers = providers
        self._clusters = clusters
        self._operations = operations
        self._commands = commands

    def operations(self) -> list[Operation]:
        return [
            Operation("GET", _BY_SUBSCRIPTION, self._list),
            Operation("GET", _BY_GROUP, self._list),
            Operation("PUT", _CLUSTER, self._put),
            Operation("GET", _CLUSTER, self._get),
            Operation("DELETE", _CLUSTER, self._delete),
            Operation("GET", _POOLS, self._list_pools),
            Operation("GET", f"{_POOLS}/{{pool}}", self._get_pool),
            Operation("PUT", f"{_POOLS}/{{pool}}", self._put_pool),
            Operation("POST", f"{_CLUSTER}/runCommand", lambda call: self._commands.run(self._existing(call), call)),
            Operation("GET", f"{_CLUSTER}/commandResults/{{command}}", self._commands.result),
            *self._operations.routes(),
        ]

    def _place(self, call: Call) -> ResourceId:
        subscription, group = call.parameters["subscription"], call.parameters["group"]
        self._providers.check_registered(subscription, CLUSTER_TYPE.split("/")[0])
        owner = self._groups.get(subscription, group)
        return ResourceId(subscription, owner["name"], CLUSTER_TYPE, call.parameters["name"])

    def _find(self, place: ResourceId) -> Cluster | None:
        return self._clusters.find(place.subscription, place.group, place.name)

    def _existing(self, call: Call) -> Cluster:
        place = self._place(call)
        cluster = self._find(place)
        if cluster is None:
            raise resource_not_found(CLUSTER_TYPE, place.name, call.parameters["group"])
        return cluster

    def _list(self, call: Call) -> Answer:
        subscription, group = call.parameters["subscription"], call.parameters.get("group")
        self._groups.check_subscription(subscription)
        if group:
            self._groups.get(subscription, group)
        value = [
            self._clusters.view(cluster)
            for cluster in self._clusters.all()
            if cluster.place.subscription.lower() == subscription.lower()
            and (group is None or cluster.place.group.lower() == group.lower())
        ]
        return Answer(200, {"value": value}, content_type=JSON)

    def _get(self, call: Call) -> Answer:
        return Answer(200, self._clusters.view(self._existing(call)), content_type=JSON)

    def _put(self, call: Call) -> Answer:
        """What runs (409), then preconditions (412), then the content (400): RFC 9110, 13.2.1."""
        place = self._place(call)
        cluster = self._find(place)
        if cluster:
            self._clusters.check_idle(cluster)
        _check_preconditions(call, place, cluster)
        if cluster is None:
            return self._create(place, call)
        answer, operation = self._clusters.update(cluster, call.json_object())
        return self._put_answer(200, self._clusters.without_hidden(answer), operation)

    def _create(self, place: ResourceId, call: Call) -> Answer:
        cluster, operation = self._clusters.create(place, call.json_object())
        return self._put_answer(201, copy.deepcopy(cluster.body), operation)

    def _put_answer(self, status: int, body: dict[str, Any], operation: LongRunningOperation) -> Answer:
        """PUT answers, unlike GET ones, show pools without labels as `nodeLabels: {}` (public recordings)."""
        for pool in body["properties"]["agentPoolProfiles"]:
            pool.setdefault("nodeLabels", {})
        return Answer(status, body, self._operations.headers(operation), JSON)

    def _delete(self, call: Call) -> Answer:
        """204 where there is no such cluster: the convention of ARM, of which there is no recording."""
        cluster = self._find(self._place(call))
        if cluster is None:
            return Answer(204)
        operation = self._clusters.delete(cluster)
        return Answer(202, None, self._operations.headers(operation, with_location=True))

    def _list_pools(self, call: Call) -> Answer:
        body = self._clusters.view(self._existing(call))
        value = [_pool(body, pool) for pool in body["properties"]["agentPoolProfiles"]]
        return Answer(200, {"value": value}, content_type=JSON)

    def _get_pool(self, call: Call) -> Answer:
        body = self._clusters.view(self._existing(call))
        name = call.parameters["pool"]
        pool = _find_pool(body, name)
        if pool is None:
            raise aks(404, "NotFound", f"Could not find the agent pool '{name}' of cluster '{body['name']}'.")
        return Answer(200, _pool(body, pool), content_type=JSON)

    def _put_pool(self, call: Call) -> Answer:
        cluster, name = self._existing(call), call.parameters["pool"]
        self._clusters.check_idle(cluster)
        known = _find_pool(cluster.body, name)
        properties = call.json_object().get("properties") or {}
        pool = {**properties, "name": known["name"] if known else name}
        body, operation = self._clusters.put_pool(cluster, pool)
        answer = _pool(body, _find_pool(body, name) or {})
        return Answer(200 if known else 201, answer, self._operations.headers(operation), JSON)


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


def _check_preconditions(call: Call, place: ResourceId, cluster: Cluster | None) -> None:
    """If-Match takes the eTag with or without quotes; the service's wording is an assumption."""
    current = cluster.body.get("eTag") if cluster else None
    expected = call.headers.get("if-match", "").strip().strip('"')
    if expected and (cluster is None or expected not in ("*", current)):
        message = f"The managed cluster {place.name} has been modified (etag mismatch)."
        raise aks(412, "EtagMismatch", message)
    unexpected = call.headers.get("if-none-match", "").strip().strip('"')
    if unexpected and cluster and unexpected in ("*", current):
        message = f"The managed cluster {place.name} exists already and hence cannot be created again."
        raise aks(412, "PreconditionFailed", message)
