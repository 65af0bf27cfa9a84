# SPDX-License-Identifier: MIT
"""State that exists at once, for tests and the demo: no operation, no propagation."""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence
from typing import Any

from azure_simulator.context import Context, new_id
from azure_simulator.resource_ids import CLUSTER_TYPE, ResourceId
from azure_simulator.services import Services

Json = dict[str, Any]


class Seed:
    """Create resources and return copies of their JSON. Missing resource groups are created too.

    `subscription_id` defaults to the first subscription.
    """

    def __init__(self, context: Context, services: Services, lock: threading.RLock) -> None:
        self._lock = lock
        self._context = context
        self._services = services

    def resource_group(self, name: str, location: str = "eastus", subscription_id: str | None = None) -> Json:
        with self._lock:
            subscription = self._subscription(subscription_id)
            return copy.deepcopy(self._services.groups.put(subscription, name, {"location": location}))

    def managed_identity(self, resource_group: str, name: str, subscription_id: str | None = None) -> Json:
        """Create an identity whose principal has replicated. Properties: clientId, principalId, tenantId."""
        with self._lock:
            subscription = self._subscription(subscription_id)
            self._ensure_group(subscription, resource_group)
            identity = self._services.identities.put(subscription, resource_group, name, {}, replicated=True)
            return copy.deepcopy(identity)

    def federated_credential(
        self, resource_id: str, name: str, issuer: str, subject: str, audience: str = "api://AzureADTokenExchange"
    ) -> Json:
        """Create a credential of a managed identity. Raise KeyError if the identity does not exist."""
        with self._lock:
            identity = self._services.identities.find(resource_id)
            if identity is None:
                raise KeyError(resource_id)
            properties = {"issuer": issuer, "subject": subject, "audiences": [audience]}
            return copy.deepcopy(self._services.identities.credentials.put(identity, name, properties))

    def role_assignment(
        self,
        scope: str,
        principal_id: str,
        role: str = "Managed Identity Operator",
        name: str | None = None,
        age: float = 3600.0,
    ) -> Json:
        """Create an assignment that has propagated. Raise ValueError for an unknown role name or ID.

        `name` defaults to a new GUID. `age` is how many seconds ago it was created.
        """
        definition = self._services.roles.definitions.find(role)
        if definition is None:
            raise ValueError(f"There is no role '{role}' in the simulator.")
        with self._lock:
            return self._services.roles.grant(scope, principal_id, definition, name, age)

    def role_definition(self, name: str, actions: Sequence[str], not_actions: Sequence[str] = ()) -> Json:
        """Create a custom role. Actions may contain `*`."""
        with self._lock:
            role = self._services.roles.definitions.add(name, actions, not_actions)
            return role.to_json(self._subscription(None))

    def group(self, *members: str) -> str:
        """Create a security group with these object IDs as members. Return its object ID."""
        with self._lock:
            object_id = new_id()
            self._services.directory.add_group(object_id, *members)
            return object_id

    def cluster(
        self,
        resource_group: str,
        name: str,
        *,
        network_plugin: str = "azure",
        identity: str = "SystemAssigned",
        kubelet_identity: str | None = None,
        subscription_id: str | None = None,
        pod_identity: bool | Json = True,
        body: Json | None = None,
        **properties: Any,
    ) -> Json:
        """Create a cluster that is ready.

        identity: "SystemAssigned", "UserAssigned" (a new managed identity), "ServicePrincipal", or the resource ID of
            a managed identity, which several clusters may share.
        kubelet_identity: the resource ID of a managed identity of the user's own; AKS creates one by default.
        pod_identity: True (enabled, no entries), False (never enabled) or the JSON of a podIdentityProfile.
            Entries without a state are Assigned.
        body: the JSON of a whole cluster, stored unchanged; the other arguments are ignored.
        properties: override members of `properties`, after the defaults were added.
        """
        with self._lock:
            subscription = self._subscription(subscription_id)
            group = self._ensure_group(subscription, resource_group)
            resource_id = ResourceId(subscription, group["name"], CLUSTER_TYPE, name)
            if body is None:
                request = self._request(group, name, network_plugin, identity)
                body = self._services.clusters.seed(resource_id, request).body
                if kubelet_identity:
                    properties["identityProfile"] = {"kubeletidentity": self._ids(kubelet_identity)}
                body["properties"].update(_pod_identity(pod_identity, network_plugin), **properties)
            return copy.deepcopy(self._services.clusters.store(resource_id, body).body)

    def identity_binding(
        self, resource_group: str, cluster: str, name: str, resource_id: str, state: str = "Succeeded"
    ) -> Json:
        """Create an identity binding in its final state. Raise KeyError if cluster or managed identity are missing."""
        with self._lock:
            found = self._services.clusters.find(self._subscription(None), resource_group, cluster)
            if found is None:
                raise KeyError(f"{resource_group}/{cluster}")
            return self._services.bindings.seed(found, name, resource_id, state)

    def policy_assignment(
        self, scope: str, name: str, definition_id: str, parameters: Json | None = None, **properties: Any
    ) -> Json:
        """Assign a policy or an initiative. `parameters`: their values by name; `properties`: other ones, as ARM's."""
        values = {parameter: {"value": value} for parameter, value in (parameters or {}).items()}
        with self._lock:
            body = {"policyDefinitionId": definition_id, "parameters": values, **properties}
            return copy.deepcopy(self._services.policies.assign(scope, name, body))

    def policy_definition(self, resource_id: str, **properties: Any) -> Json:
        """Create a policy definition, or an initiative with its `policyDefinitions` and `parameters`."""
        with self._lock:
            return copy.deepcopy(self._services.policies.define(resource_id, properties))

    def feature(self, name: str, state: str) -> None:
        """Set a feature's state. `name` has its namespace, except for a feature of Microsoft.ContainerService."""
        full_name = name if "/" in name else f"Microsoft.ContainerService/{name}"
        with self._lock:
            self._services.features.set(full_name, state)

    def _subscription(self, subscription_id: str | None) -> str:
        return subscription_id or self._context.subscription_ids[0]

    def _ensure_group(self, subscription: str, name: str) -> Json:
        known = self._services.groups.find(subscription, name)
        return known or self._services.groups.put(subscription, name, {"location": "eastus"})

    def _ids(self, resource_id: str) -> Json:
        """Return the IDs of a managed identity as clusters show them. Raise KeyError if it does not exist."""
        identity = self._services.identities.find(resource_id)
        if identity is None:
            raise KeyError(resource_id)
        ids = identity["properties"]
        return {"resourceId": resource_id, "clientId": ids["clientId"], "objectId": ids["principalId"]}

    def _request(self, group: Json, name: str, network_plugin: str, identity: str) -> Json:
        request: Json = {
            "location": group["location"],
            "properties": {
                "dnsPrefix": f"{name}-dns",
                "agentPoolProfiles": [{"name": "nodepool1", "count": 3, "mode": "System"}],
                "networkProfile": {"networkPlugin": network_plugin},
            },
        }
        if identity == "SystemAssigned":
            request["identity"] = {"type": identity}
        elif identity == "ServicePrincipal":
            request["properties"]["servicePrincipalProfile"] = {"clientId": new_id()}
        else:
            own = identity.startswith("/")
            resource_id = identity if own else self.managed_identity(group["name"], f"{name}-identity")["id"]
            request["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {resource_id: {}}}
        return request


def _pod_identity(pod_identity: bool | Json, network_plugin: str) -> Json:
    if pod_identity is False:
        return {}
    if pod_identity is True:
        consent = {"allowNetworkPluginKubenet": True} if network_plugin == "kubenet" else {}
        return {"podIdentityProfile": {"enabled": True, **consent}}
    profile = copy.deepcopy(pod_identity)
    for entry in profile.get("userAssignedIdentities") or []:
        entry.setdefault("provisioningState", "Assigned")
    return {"podIdentityProfile": profile}
