# SPDX-License-Identifier: MIT
"""Identity bindings: one managed identity bound to one cluster, without a credential per service account.

Sources: the published API of 2026-04-01 (body, states, eTag, long-running), Microsoft's pages "Identity bindings
concepts" and "Set up identity bindings" (the shared issuer, the one credential that AKS creates and keeps, what the
cluster must have enabled). No exchange is recorded. Assumptions: the texts of errors, that a binding does not make its
cluster busy, subject and audience of the credential, and the 20 seconds.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from azure_simulator.resources.containerservice.clusters import Cluster, IdentityBinding
from azure_simulator.resources.containerservice.operations import Operations

from ...context import Context, new_id
from ...errors import ServiceError, aks, resource_not_found
from ...http import JSON, Request, Response, Route
from ...resource_ids import CLUSTER_TYPE, key
from ..federated_credentials import MAXIMUM
from ..managedidentity import ManagedIdentities

CREDENTIAL = "aks-identity-binding"
_TYPE = f"{CLUSTER_TYPE}/identityBindings"

Json = dict[str, Any]


class IdentityBindings:
    """The handlers of identity bindings. `existing` returns the cluster of a request or raises."""

    def __init__(self, context: Context, identities: ManagedIdentities, operations: Operations) -> None:
        self._context = context
        self._identities = identities
        self._operations = operations

    def routes(self, cluster_path: str, existing: Callable[[Request], Cluster]) -> list[Route]:
        """Return the routes below the path of a cluster."""
        path = f"{cluster_path}/identityBindings"
        return [
            Route("GET", path, lambda request: self._list(existing(request))),
            Route("GET", f"{path}/{{binding}}", lambda request: self._get(existing(request), request)),
            Route("PUT", f"{path}/{{binding}}", lambda request: self._put(existing(request), request)),
            Route("DELETE", f"{path}/{{binding}}", lambda request: self._delete(existing(request), request)),
        ]

    def seed(self, cluster: Cluster, name: str, resource_id: str, state: str = "Succeeded") -> Json:
        """Store a binding in its final state, without checks but that the identity exists (KeyError)."""
        if self._identities.find(resource_id) is None:
            raise KeyError(resource_id)
        binding = IdentityBinding(self._body(cluster, name, resource_id))
        cluster.bindings[name.lower()] = binding
        self._settle(binding, state)
        return copy.deepcopy(binding.body)

    def of(self, cluster: Cluster) -> list[Json]:
        """Return copies of the bindings of a cluster in their current state."""
        current = (self._find(cluster, name) for name in list(cluster.bindings))
        return [copy.deepcopy(binding.body) for binding in current if binding]

    def _find(self, cluster: Cluster, name: str) -> IdentityBinding | None:
        """Return a binding after applying its finished operation."""
        binding = cluster.bindings.get(name.lower())
        operation = binding.operation if binding else None
        if binding and operation and not operation.running(self._context.now()):
            binding.operation = None
            if operation.failure:
                self._settle(binding, operation.failure["state"])
            elif operation.kind == "Deleting":
                del cluster.bindings[name.lower()]
                return None
            else:
                self._settle(binding, "Succeeded")
        return binding

    def _settle(self, binding: IdentityBinding, state: str) -> None:
        binding.body["properties"]["provisioningState"] = state
        binding.body["eTag"] = new_id()
        if state == "Succeeded":
            self._ensure_credential(binding)

    def _ensure_credential(self, binding: IdentityBinding) -> None:
        """Create the one credential of the identity, which stays after its last binding."""
        properties = binding.body["properties"]
        identity = self._identities.find(properties["managedIdentity"]["resourceId"])
        if identity is None or CREDENTIAL in self._identities.credentials.of(identity):
            return
        if len(self._identities.credentials.of(identity)) >= MAXIMUM:
            properties["provisioningState"] = "Failed"
            return
        issuer = properties["oidcIssuer"]["oidcIssuerUrl"]
        subject = f"system:identity-binding:{properties['managedIdentity']['clientId']}"
        self._identities.credentials.put(
            identity,
            CREDENTIAL,
            {"issuer": issuer, "subject": subject, "audiences": ["api://AzureADTokenExchange"]},
        )

    def _list(self, cluster: Cluster) -> Response:
        return Response(200, {"value": [self._shown(body) for body in self.of(cluster)]}, content_type=JSON)

    def _get(self, cluster: Cluster, request: Request) -> Response:
        name = request.parameters["binding"]
        binding = self._find(cluster, name)
        if binding is None:
            raise resource_not_found(_TYPE, f"{cluster.resource_id.name}/{name}", cluster.resource_id.group)
        return Response(200, self._shown(binding.body), content_type=JSON)

    def _put(self, cluster: Cluster, request: Request) -> Response:
        name, known = request.parameters["binding"], self._find(cluster, request.parameters["binding"])
        _check_idle(known)
        _check_conditions(request, known)
        wanted = (request.json_object().get("properties") or {}).get("managedIdentity") or {}
        resource_id = str(wanted.get("resourceId") or "")
        self._check(cluster, resource_id, known)
        binding = known or IdentityBinding(self._body(cluster, name, resource_id))
        cluster.bindings[name.lower()] = binding
        state = "Updating" if known else "Creating"
        self._begin(cluster, binding, state)
        headers = self._operations.headers(binding.operation) if binding.operation else {}
        return Response(200 if known else 201, self._shown(binding.body), headers, JSON)

    def _delete(self, cluster: Cluster, request: Request) -> Response:
        binding = self._find(cluster, request.parameters["binding"])
        if binding is None:
            return Response(204)
        _check_idle(binding)
        _check_conditions(request, binding)
        self._begin(cluster, binding, "Deleting")
        assert binding.operation
        return Response(202, None, self._operations.headers(binding.operation, with_location=True))

    def _begin(self, cluster: Cluster, binding: IdentityBinding, state: Any) -> None:
        seconds = self._context.durations.identity_binding
        subscription, location = cluster.resource_id.subscription, cluster.body["location"]
        binding.operation = self._operations.begin(subscription, location, state, seconds)
        binding.operation.has_stages = False  # they are those of a cluster
        binding.operation.failure = self._context.faults.take_operation_failure()
        binding.body["properties"]["provisioningState"] = state
        binding.body["eTag"] = new_id()

    def _check(self, cluster: Cluster, resource_id: str, known: IdentityBinding | None) -> None:
        properties = cluster.body["properties"]
        workload_identity = (properties.get("securityProfile") or {}).get("workloadIdentity") or {}
        if not ((properties.get("oidcIssuerProfile") or {}).get("enabled") and workload_identity.get("enabled")):
            raise _refused("Identity bindings require the OIDC issuer and workload identity to be enabled.")
        if (properties.get("apiServerAccessProfile") or {}).get("enableVnetIntegration"):
            raise _refused("Identity bindings are not supported with API server VNet integration.")
        if self._identities.find(resource_id) is None:
            raise _refused(f"The managed identity '{resource_id}' was not found.")
        if known and key(_identity_of(known)) != key(resource_id):
            message = "Changing property 'properties.managedIdentity.resourceId' is not allowed."
            raise aks(400, "PropertyChangeNotAllowed", message)
        others = (binding for binding in cluster.bindings.values() if binding is not known)
        if any(key(_identity_of(binding)) == key(resource_id) for binding in others):
            raise aks(409, "Conflict", f"The managed identity '{resource_id}' has another identity binding.")

    def _body(self, cluster: Cluster, name: str, resource_id: str) -> Json:
        identity = self._identities.find(resource_id)
        assert identity
        ids, tenant = identity["properties"], self._context.tenant_id
        return {
            "id": f"{cluster.body['id']}/identityBindings/{name}",
            "name": name,
            "type": _TYPE,
            "eTag": new_id(),
            "properties": {
                "managedIdentity": {
                    "resourceId": resource_id,
                    "objectId": ids["principalId"],
                    "clientId": ids["clientId"],
                    "tenantId": tenant,
                },
                "oidcIssuer": {"oidcIssuerUrl": f"https://ib.oic.prod-aks.azure.com/{tenant}/{ids['clientId']}"},
                "provisioningState": "Creating",
            },
        }

    def _shown(self, body: Json) -> Json:
        return {name: value for name, value in body.items() if name != "eTag" or self._context.settings.etags}


def _identity_of(binding: IdentityBinding) -> str:
    return str(binding.body["properties"]["managedIdentity"]["resourceId"])


def _refused(message: str) -> ServiceError:
    return aks(400, "BadRequest", message)


def _check_idle(binding: IdentityBinding | None) -> None:
    if binding and binding.operation:
        kind = binding.operation.kind
        message = f"Operation is not allowed: Another operation ({kind}) is in progress on the identity binding."
        raise aks(409, "OperationNotAllowed", message)


def _check_conditions(request: Request, binding: IdentityBinding | None) -> None:
    current = binding.body["eTag"] if binding else None
    expected = request.headers.get("if-match", "").strip('"')
    if expected and (binding is None or expected not in ("*", current)):
        raise aks(412, "EtagMismatch", "The identity binding has been modified (etag mismatch).")
    unexpected = request.headers.get("if-none-match", "").strip('"')
    if unexpected and binding and unexpected in ("*", current):
        raise aks(412, "PreconditionFailed", "The identity binding exists already and hence cannot be created again.")
