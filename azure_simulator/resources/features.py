# SPDX-License-Identifier: MIT
"""Microsoft.Features: preview features of the subscriptions."""

from __future__ import annotations

from typing import Any

from azure_simulator.resources.resources import ResourceGroups

from ..context import Context
from ..errors import front_door
from ..http import Request, Response, Route
from ..resource_ids import key

POD_IDENTITY_FEATURE = "Microsoft.ContainerService/EnablePodIdentityPreview"

# Spelt as the service spells them: entries added later have a small m (public recordings).
_KNOWN = {
    "microsoft.ContainerService/EnablePodIdentityPreview": "Registered",
    "Microsoft.ContainerService/EnableAzureRBACPreview": "NotRegistered",
    "Microsoft.ContainerService/ManagedCluster": "Registered",
}
_SETTLED = {"Registering": "Registered", "Unregistering": "Unregistered"}
_ALL = "/subscriptions/{subscription}/providers/Microsoft.Features"
_FEATURE = f"{_ALL}/providers/{{namespace}}/features/{{feature}}"


class Features:
    """Feature states: the same in all subscriptions until a client changes them in one."""

    def __init__(self, context: Context, groups: ResourceGroups) -> None:
        self._context = context
        self._groups = groups
        self._names: dict[tuple[str, ...], str] = {}
        self._states: dict[tuple[str, ...], tuple[str, float]] = {}
        for name, state in _KNOWN.items():
            self.set(name, state)

    def set(self, name: str, state: str) -> None:
        """Set the state of `Namespace/Feature` in every subscription, at once."""
        self._names.setdefault(key(name), name)
        for subscription in self._context.subscription_ids:
            self._states[key(subscription, name)] = (state, float("inf"))

    def registered(self, subscription: str, name: str) -> bool:
        return self._state(subscription, name) == "Registered"

    def routes(self) -> list[Route]:
        return [
            Route("GET", f"{_ALL}/features", self._list),
            Route("GET", f"{_ALL}/providers/{{namespace}}/features", self._list),
            Route("GET", _FEATURE, self._get),
            Route("POST", f"{_FEATURE}/register", self._register),
            Route("POST", f"{_FEATURE}/unregister", self._unregister),
        ]

    def _state(self, subscription: str, name: str) -> str:
        """Return the current state; a change takes time."""
        state, until = self._states.get(key(subscription, name), ("NotRegistered", 0.0))
        return _SETTLED.get(state, state) if self._context.now() >= until else state

    def _feature(self, subscription: str, name: str) -> dict[str, Any]:
        namespace, feature = name.split("/", 1)
        return {
            "properties": {"state": self._state(subscription, name)},
            "id": f"/subscriptions/{subscription}/providers/Microsoft.Features"
            f"/providers/{namespace}/features/{feature}",
            "type": "Microsoft.Features/providers/features",
            "name": name,
        }

    def _list(self, request: Request) -> Response:
        subscription, namespace = request.parameters["subscription"], request.parameters.get("namespace", "")
        self._groups.check_subscription(subscription)
        value = [
            self._feature(subscription, name)
            for name in self._names.values()
            if name.lower().startswith(f"{namespace}/".lower() if namespace else "")
        ]
        return Response(200, {"value": value})

    def _asked(self, request: Request) -> tuple[str, str]:
        self._groups.check_subscription(request.parameters["subscription"])
        asked = f"{request.parameters['namespace']}/{request.parameters['feature']}"
        name = self._names.get(key(asked))
        if name is None:
            raise front_door(404, "FeatureNotFound", f"The feature '{asked}' could not be found.")
        return request.parameters["subscription"], name

    def _get(self, request: Request) -> Response:
        return Response(200, self._feature(*self._asked(request)))

    def _register(self, request: Request) -> Response:
        return self._change(request, "Registered", "Registering")

    def _unregister(self, request: Request) -> Response:
        return self._change(request, "Unregistered", "Unregistering")

    def _change(self, request: Request, goal: str, transition: str) -> Response:
        subscription, name = self._asked(request)
        if self._state(subscription, name) not in (goal, transition):
            until = self._context.after(self._context.durations.feature_registration)
            self._states[key(subscription, name)] = (transition, until)
        return Response(200, self._feature(subscription, name))
