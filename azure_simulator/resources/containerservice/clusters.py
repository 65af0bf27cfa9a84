# SPDX-License-Identifier: MIT
"""Managed clusters: the stored state and its changes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from azure_simulator.resources.containerservice import defaults, pod_identity
from azure_simulator.resources.containerservice.bodies import (
    Body,
    check_unchanged,
    pools,
    profile_of,
    remove_etags,
    renew_etags,
    same_but_for_pod_identity_lists,
    set_state,
    with_etags_of,
)
from azure_simulator.resources.containerservice.cluster_identity import ClusterIdentities
from azure_simulator.resources.containerservice.operations import LongRunningOperation, OperationKind, Operations
from azure_simulator.resources.containerservice.pod_identity import Outcome
from azure_simulator.resources.containerservice.pod_identity_check import (
    Check,
    Dependencies,
    check_assign_limit,
    check_kubelet_identity,
)
from azure_simulator.resources.containerservice.read_only import writable

from ...context import Context, new_id
from ...errors import aks, front_door
from ...resource_ids import ResourceId, key


@dataclass
class IdentityBinding:
    """One identity binding of a cluster. `operation` is the one that runs."""

    body: Body
    operation: LongRunningOperation | None = None


@dataclass
class Cluster:
    """One cluster. `body` is what a GET shows; `settled` is what it becomes when `operation` ends well.

    `latest` is the operation that began last, also after its end.
    """

    resource_id: ResourceId
    body: Body
    operation: LongRunningOperation | None = None
    settled: Body | None = None
    latest: LongRunningOperation | None = None
    bindings: dict[str, IdentityBinding] = field(default_factory=dict)


class Clusters:
    """All clusters. Nothing runs in the background: a finished operation takes effect when next read."""

    def __init__(
        self, context: Context, identities: ClusterIdentities, dependencies: Dependencies, operations: Operations
    ) -> None:
        self._context = context
        self._identities = identities
        self._dependencies = dependencies
        self._operations = operations
        self._clusters: dict[tuple[str, ...], Cluster] = {}

    def find(self, subscription: str, group: str, name: str) -> Cluster | None:
        """Return the current state of the cluster, after applying a finished operation."""
        cluster_key = key(subscription, group, name)
        cluster = self._clusters.get(cluster_key)
        operation = cluster.operation if cluster else None
        if cluster and operation and not operation.running(self._context.now()):
            self._finish(cluster_key, cluster, operation)
        return self._clusters.get(cluster_key)

    def all(self) -> Iterator[Cluster]:
        for cluster_key in list(self._clusters):
            cluster = self.find(*cluster_key)
            if cluster:
                yield cluster

    def region(self, subscription: str, group: str, name: str) -> str:
        """Return the location of a cluster, or "" if it does not exist."""
        cluster = self._clusters.get(key(subscription, group, name))
        return str(cluster.body["location"]) if cluster else ""

    def check_idle(self, cluster: Cluster) -> None:
        """Raise OperationNotAllowed while an operation runs, unless a PUT may preempt it."""
        running = cluster.operation
        if running and not (self._context.settings.preempt and running.kind != "Deleting"):
            raise aks(
                409,
                "OperationNotAllowed",
                f"Operation is not allowed: Another operation ({running.kind}) is in progress, "
                "please wait for it to finish before starting a new operation. "
                "See https://aka.ms/aks-pending-operation for more details",
            )

    def create(self, resource_id: ResourceId, request: Body) -> tuple[Cluster, LongRunningOperation]:
        """Create a cluster, which is Creating. Raise the service's error if it refuses the body."""
        body = self._requested(resource_id, request, None)
        self._check_pod_identity(body, None, resource_id.subscription, creating=True)
        self._identities.register(body)
        cluster = Cluster(resource_id, body)
        self._clusters[key(*_names(resource_id))] = cluster
        settled = copy.deepcopy(body)
        self._identities.resolve(settled)
        defaults.after_create(settled, resource_id)
        operation = self._begin(cluster, "Creating", self._context.durations.create, settled)
        return cluster, operation

    def update(self, cluster: Cluster, request: Body) -> tuple[Body, LongRunningOperation]:
        """Replace the cluster's writable state. Return the response body, which has the previous eTag."""
        old = cluster.body
        body = self._requested(cluster.resource_id, request, old)
        outcome = self._check_pod_identity(body, profile_of(old), cluster.resource_id.subscription, creating=False)
        self._identities.register(body)
        operation = self._replace(cluster, body, outcome, self._duration(old, body))
        return with_etags_of(cluster.body, old), operation

    def put_pool(self, cluster: Cluster, pool: Body) -> tuple[Body, LongRunningOperation]:
        """Add or replace one agent pool. Assumption: this does not check the add-on."""
        request = copy.deepcopy(cluster.body)
        others = [item for item in pools(request) if item["name"].lower() != pool["name"].lower()]
        request["properties"]["agentPoolProfiles"] = [*others, pool]
        old, body = cluster.body, self._requested(cluster.resource_id, request, cluster.body)
        operation = self._replace(cluster, body, None, self._context.durations.update)
        return with_etags_of(cluster.body, old), operation

    def delete(self, cluster: Cluster) -> LongRunningOperation:
        """Delete the cluster, even while an operation runs. A second deletion joins the first."""
        running = cluster.operation
        if running and running.kind == "Deleting":
            return running
        settled = copy.deepcopy(cluster.body)
        return self._begin(cluster, "Deleting", self._context.durations.delete, settled)

    def abort(self, cluster: Cluster) -> LongRunningOperation:
        """Cancel the running operation by another one, which takes a few seconds. Raise 409 if none runs.

        https://learn.microsoft.com/rest/api/aks/managed-clusters/abort-latest-operation and public recordings.
        """
        running = cluster.operation
        if running is None:
            raise aks(409, "OperationNotAllowed", "No operation is running that could be aborted.")
        running.failure = {"state": "Canceled", "code": "Canceled", "message": "Operation is being canceled by user"}
        set_state(cluster.body, "Canceling")
        names = cluster.resource_id.subscription, cluster.body["location"]
        abort = self._operations.begin(*names, "Updating", self._context.durations.abort)
        abort.has_stages = False
        running.end = abort.end
        return abort

    def simulate_external_update(
        self, cluster: Cluster, seconds: float, change: Callable[[Body], object] | None
    ) -> None:
        """Start another client's update without checks and faults. `change` edits the body in place."""
        body = copy.deepcopy(cluster.body)
        if change:
            change(body)
        old, requested = profile_of(cluster.body), profile_of(body)
        outcome = None
        if requested and requested != old:
            outcome = pod_identity.outcome(requested, old, self._context.faults, lambda entry: True)
        self._replace(cluster, body, outcome, seconds, faults=False)

    def seed(self, resource_id: ResourceId, request: Body) -> Cluster:
        """Store a ready cluster from a client's request body, without checks."""
        body = self._requested(resource_id, request, None)
        self._identities.resolve(body)
        defaults.after_create(body, resource_id)
        set_state(body, "Succeeded")
        return self.store(resource_id, body)

    def store(self, resource_id: ResourceId, body: Body) -> Cluster:
        """Store a ready cluster with this JSON. Missing eTags are added."""
        body = copy.deepcopy(body)
        body.setdefault("eTag", new_id())
        for pool in pools(body):
            pool.setdefault("eTag", new_id())
        self._identities.register(body, replicated=True)
        cluster = self._clusters[key(*_names(resource_id))] = Cluster(resource_id, body)
        return cluster

    def remove_group(self, subscription: str, group: str) -> None:
        for cluster_key in [each for each in self._clusters if each[:2] == key(subscription, group)]:
            self._remove(cluster_key)

    def view(self, cluster: Cluster) -> Body:
        """Return a copy of the cluster's JSON as a GET shows it."""
        body = copy.deepcopy(cluster.body)
        operation = cluster.operation
        if operation and operation.kind == "Creating" and operation.progress(self._context.now()) > 0.5:
            assert cluster.settled is not None
            network = cluster.settled["properties"]["networkProfile"]
            body["properties"]["networkProfile"] = copy.deepcopy(network)
        return self.without_hidden(body)

    def without_hidden(self, body: Body) -> Body:
        """Return the body with or without eTags, as the settings say."""
        if not self._context.settings.etags:
            remove_etags(body)
        return body

    def _finish(self, cluster_key: tuple[str, ...], cluster: Cluster, operation: LongRunningOperation) -> None:
        cluster.operation = None
        if operation.failure:
            set_state(cluster.body, operation.failure["state"])
            pod_identity.fail_unsettled(profile_of(cluster.body), operation.failure)
        elif operation.kind == "Deleting":
            self._remove(cluster_key)
        else:
            assert cluster.settled is not None
            cluster.body = cluster.settled
            set_state(cluster.body, "Succeeded")
        renew_etags(cluster.body)
        cluster.settled = None

    def _remove(self, cluster_key: tuple[str, ...]) -> None:
        self._identities.unregister(self._clusters.pop(cluster_key).body)

    def _begin(
        self, cluster: Cluster, kind: OperationKind, seconds: float, settled: Body, faults: bool = True
    ) -> LongRunningOperation:
        """Start an operation on the cluster. A running one is preempted and ends with the new one."""
        nodes = sum(pool.get("count") or 0 for pool in pools(cluster.body))
        operation = self._operations.begin(
            cluster.resource_id.subscription, cluster.body["location"], kind, seconds, nodes
        )
        operation.failure = self._context.faults.take_operation_failure() if faults else None
        if cluster.operation:
            cluster.operation.preempted = True
            cluster.operation.end = max(cluster.operation.end, operation.end)
        cluster.operation, cluster.settled, cluster.latest = operation, settled, operation
        set_state(cluster.body, kind)
        return operation

    def _replace(
        self, cluster: Cluster, body: Body, outcome: Outcome | None, seconds: float, faults: bool = True
    ) -> LongRunningOperation:
        self._identities.resolve(body)
        settled = copy.deepcopy(body)
        if outcome:
            body["properties"]["podIdentityProfile"] = outcome.during
            settled["properties"]["podIdentityProfile"] = outcome.settled
        cluster.body = body
        operation = self._begin(cluster, "Updating", seconds, settled, faults)
        renew_etags(body)
        return operation

    def _requested(self, resource_id: ResourceId, request: Body, existing: Body | None) -> Body:
        """Return the complete body of a request. Raise if it is malformed or changes an immutable property."""
        requested = writable(request)
        # An Automatic cluster with a hosted system pool has none (public recordings).
        had_none = existing is not None and not existing["properties"].get("agentPoolProfiles")
        if not (requested["properties"]["agentPoolProfiles"] or had_none):
            raise aks(400, "InvalidParameter", "Required parameter agentPoolProfiles is missing (null).")
        if not (existing or requested.get("location")):
            raise front_door(400, "LocationRequired", "The location property is required.")
        if existing:
            check_unchanged(requested, existing)
        body = defaults.complete(requested, resource_id, existing, self._context.tenant_id)
        self._identities.assign(body, existing)
        profile = profile_of(body)
        if profile is not None and not profile.get("enabled"):
            body["properties"]["podIdentityProfile"] = {}
        return body

    def _check_pod_identity(self, body: Body, old: Body | None, subscription: str, creating: bool) -> Outcome | None:
        check_kubelet_identity(body, self._dependencies)
        profile = profile_of(body)
        if not profile:
            return None
        check = Check(body, subscription, self._dependencies)
        check.run(creating)
        limit = self._context.settings.assign_limit
        if limit is not None:
            check_assign_limit(profile, old, limit)
        return pod_identity.outcome(profile, old, self._context.faults, check.assignable)

    def _duration(self, old: Body, new: Body) -> float:
        durations = self._context.durations
        only_lists = same_but_for_pod_identity_lists(old, new)
        return durations.pod_identity if only_lists else durations.update


def _names(resource_id: ResourceId) -> tuple[str, str, str]:
    return resource_id.subscription, resource_id.group, resource_id.name
