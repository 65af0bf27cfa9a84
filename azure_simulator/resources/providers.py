# SPDX-License-Identifier: MIT
"""Resource providers: their resource types and the subscriptions that registered them."""

from __future__ import annotations

from typing import Any

from azure_simulator.resources.resources import LOCATIONS, ResourceGroups

from ..context import Context
from ..errors import front_door
from ..http import Request, Response, Route
from ..resource_ids import key

_ALL = "/subscriptions/{subscription}/providers"
_PROVIDER = f"{_ALL}/{{namespace}}"

RESOURCE_TYPES = {
    "Microsoft.ContainerService": ("managedClusters", "managedClusters/agentPools", "managedClusters/identityBindings"),
    "Microsoft.ManagedIdentity": ("userAssignedIdentities",),
    "Microsoft.Authorization": ("roleAssignments", "roleDefinitions"),
    "Microsoft.Features": ("features",),
    "Microsoft.Resources": ("resourceGroups", "subscriptions"),
}


class Providers:
    """The registrations of resource providers. Initially each subscription has all of them."""

    def __init__(self, context: Context, groups: ResourceGroups) -> None:
        self._context = context
        self._groups = groups
        self._registered_from: dict[tuple[str, ...], float] = {
            key(subscription, namespace): float("-inf")
            for subscription in context.subscription_ids
            for namespace in RESOURCE_TYPES
        }

    def check_registered(self, subscription: str, namespace: str) -> None:
        """Raise MissingSubscriptionRegistration if the provider is not registered (public recordings)."""
        if self._state(subscription, namespace) == "Registered":
            return
        message = (
            f"The subscription is not registered to use namespace '{namespace}'. "
            "See https://aka.ms/rps-not-found for how to register subscriptions."
        )
        code = "MissingSubscriptionRegistration"
        raise front_door(409, code, message, [{"code": code, "target": namespace, "message": message}])

    def routes(self) -> list[Route]:
        return [
            Route("GET", _ALL, self._list),
            Route("GET", _PROVIDER, self._get),
            Route("POST", f"{_PROVIDER}/register", self._register),
            Route("POST", f"{_PROVIDER}/unregister", self._unregister),
        ]

    def _state(self, subscription: str, namespace: str) -> str:
        start = self._registered_from.get(key(subscription, namespace))
        if start is None:
            return "NotRegistered"
        return "Registered" if self._context.now() >= start else "Registering"

    def _provider(self, subscription: str, namespace: str) -> dict[str, Any]:
        return {
            "id": f"/subscriptions/{subscription}/providers/{namespace}",
            "namespace": namespace,
            "resourceTypes": [
                {"resourceType": name, "locations": list(LOCATIONS), "apiVersions": ["2025-10-01"]}
                for name in RESOURCE_TYPES[namespace]
            ],
            "registrationState": self._state(subscription, namespace),
        }

    def _namespace(self, request: Request) -> tuple[str, str]:
        subscription, asked = request.parameters["subscription"], request.parameters["namespace"]
        self._groups.check_subscription(subscription)
        for namespace in RESOURCE_TYPES:
            if namespace.lower() == asked.lower():
                return subscription, namespace
        message = f"The resource namespace '{asked}' is invalid."
        raise front_door(404, "InvalidResourceNamespace", message)

    def _list(self, request: Request) -> Response:
        subscription = request.parameters["subscription"]
        self._groups.check_subscription(subscription)
        value = [self._provider(subscription, namespace) for namespace in RESOURCE_TYPES]
        if "$select" in request.query:
            wanted = request.query["$select"].lower().split(",")
            value = [{name: entry[name] for name in entry if name.lower() in wanted} for entry in value]
        return Response(200, {"value": value})

    def _get(self, request: Request) -> Response:
        return Response(200, self._provider(*self._namespace(request)))

    def _register(self, request: Request) -> Response:
        subscription, namespace = self._namespace(request)
        if self._state(subscription, namespace) == "NotRegistered":
            seconds = self._context.durations.provider_registration
            self._registered_from[key(subscription, namespace)] = self._context.after(seconds)
        return Response(200, self._provider(subscription, namespace))

    def _unregister(self, request: Request) -> Response:
        subscription, namespace = self._namespace(request)
        self._registered_from.pop(key(subscription, namespace), None)
        return Response(200, self._provider(subscription, namespace))
