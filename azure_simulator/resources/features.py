"""Microsoft.Features: preview features of the subscriptions."""

from __future__ import annotations

from typing import Any

from azure_simulator.resources.resources import ResourceGroups

from ..context import Context
from ..errors import front_door
from ..http import Answer, Call, Operation
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
    """States are the same in all subscriptions until a client changes them in one."""

    def __init__(self, context: Context, groups: ResourceGroups) -> None:
        self._context = context
        self._groups = groups
        self._names: dict[tuple[str, ...], str] = {}
        self._states: dict[tuple[str, ...], tuple[str, float]] = {}
        for name, state in _KNOWN.items():
            self.set(name, state)

    def set(self, name: str, state: str) -> None:
        """`name` is `Namespace/Feature`; the state holds in every subscription, at once."""
        self._names.setdefault(key(name), name)
        for subscription in self._context.subscription_ids:
            self._states[key(subscription, name)] = (state, float("inf"))

    def registered(self, subscription: str, name: str) -> bool:
        return self._state(subscription, name) == "Registered"

    def operations(self) -> list[Operation]:
        return [
            Operation("GET", f"{_ALL}/features", self._list),
            Operation("GET", f"{_ALL}/providers/{{namespace}}/features", self._list),
            Operation("GET", _FEATURE, self._get),
            Operation("POST", f"{_FEATURE}/register", self._register),
            Operation("POST", f"{_FEATURE}/unregister", self._unregister),
        ]

    def _state(self, subscription: str, name: str) -> str:
        """The state now; a change takes time."""
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

    def _list(self, call: Call) -> Answer:
        subscription, namespace = call.parameters["subscription"], call.parameters.get("namespace", "")
        self._groups.check_subscription(subscription)
        value = [
            self._feature(subscription, name)
            for name in self._names.values()
            if name.lower().startswith(f"{namespace}/".lower() if namespace else "")
        ]
        return Answer(200, {"value": value})

    def _asked(self, call: Call) -> tuple[str, str]:
        self._groups.check_subscription(call.parameters["subscription"])
        asked = f"{call.parameters['namespace']}/{call.parameters['feature']}"
        name = self._names.get(key(asked))
        if name is None:
            raise front_door(404, "FeatureNotFound", f"The feature '{asked}' could not be found.")
        return call.parameters["subscription"], name

    def _get(self, call: Call) -> Answer:
        return Answer(200, self._feature(*self._asked(call)))

    def _register(self, call: Call) -> Answer:
        return self._change(call, "Registered", "Registering")

    def _unregister(self, call: Call) -> Answer:
        return self._change(call, "Unregistered", "Unregistering")

    def _change(self, call: Call, goal: str, transition: str) -> Answer:
        subscription, name = self._asked(call)
        if self._state(subscription, name) not in (goal, transition):
            until = self._context.after(self._context.durations.feature_registration)
            self._states[key(subscription, name)] = (transition, until)
        return Answer(200, self._feature(subscription, name))
