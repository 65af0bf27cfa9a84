# SPDX-License-Identifier: MIT
"""Microsoft.Resources: subscriptions, resource groups and the lists of resources."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable
from typing import Any

from ..context import Context
from ..errors import front_door, resource_group_not_found
from ..http import Request, Response, Route
from ..resource_ids import group_id, key

_SUBSCRIPTION = "/subscriptions/{subscription}"
_GROUP = f"{_SUBSCRIPTION}/resourcegroups/{{group}}"
_TYPE_FILTER = re.compile(r"resourceType eq '([^']*)'", re.IGNORECASE)

LOCATIONS = ("East US", "East US 2", "West US 2", "West Europe", "North Europe")

Resources = Callable[[], Iterable[dict[str, Any]]]


class ResourceGroups:
    """Subscriptions and their resource groups.

    contents: returns the JSON of all resources. empty: removes those of one group.
    """

    def __init__(self, context: Context, contents: Resources, empty: Callable[[str, str], None]) -> None:
        self._context = context
        self._contents = contents
        self._empty = empty
        self._groups: dict[tuple[str, ...], dict[str, Any]] = {}

    def put(self, subscription: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """Create or replace a group. Return its JSON."""
        known = self._groups.get(key(subscription, name), {"name": name})
        group: dict[str, Any] = {
            "id": group_id(subscription, known["name"]),
            "name": known["name"],
            "type": "Microsoft.Resources/resourceGroups",
            "location": str(body.get("location") or "eastus").replace(" ", "").lower(),
            "properties": {"provisioningState": "Succeeded"},
        }
        for field in ("tags", "managedBy"):
            if body.get(field):
                group[field] = copy.deepcopy(body[field])
        self._groups[key(subscription, name)] = group
        return group

    def get(self, subscription: str, name: str) -> dict[str, Any]:
        """Return a group's JSON. Raise SubscriptionNotFound or ResourceGroupNotFound."""
        self.check_subscription(subscription)
        group = self.find(subscription, name)
        if group is None:
            raise resource_group_not_found(name)
        return group

    def find(self, subscription: str, name: str) -> dict[str, Any] | None:
        return self._groups.get(key(subscription, name))

    def check_subscription(self, subscription: str) -> None:
        if subscription.lower() not in self._context.subscription_ids:
            raise front_door(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found.")

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/subscriptions", self._list_subscriptions),
            Route("GET", _SUBSCRIPTION, self._get_subscription),
            Route("GET", f"{_SUBSCRIPTION}/locations", self._list_locations),
            Route("GET", f"{_SUBSCRIPTION}/resourcegroups", self._list),
            Route("GET", f"{_SUBSCRIPTION}/resources", self._list_resources),
            Route("GET", f"{_GROUP}/resources", self._list_resources),
            Route("PUT", _GROUP, self._put),
            Route("GET", _GROUP, self._get),
            Route("HEAD", _GROUP, self._head),
            Route("DELETE", _GROUP, self._delete),
            Route("GET", f"{_SUBSCRIPTION}/operationresults/{{operation}}", lambda request: Response(200)),
            Route("GET", "/tenants", self._list_tenants),
        ]

    def _subscription(self, subscription: str) -> dict[str, Any]:
        number = self._context.subscription_ids.index(subscription) + 1
        return {
            "id": f"/subscriptions/{subscription}",
            "authorizationSource": "RoleBased",
            "managedByTenants": [],
            "subscriptionId": subscription,
            "tenantId": self._context.tenant_id,
            "displayName": f"Simulated subscription {number}",
            "state": "Enabled",
            "subscriptionPolicies": {
                "locationPlacementId": "Public_2014-09-01",
                "quotaId": "PayAsYouGo_2014-09-01",
                "spendingLimit": "Off",
            },
        }

    def _list_subscriptions(self, request: Request) -> Response:
        value = [self._subscription(subscription) for subscription in self._context.subscription_ids]
        return Response(200, {"value": value, "count": {"type": "Total", "value": len(value)}})

    def _get_subscription(self, request: Request) -> Response:
        self.check_subscription(request.parameters["subscription"])
        return Response(200, self._subscription(request.parameters["subscription"].lower()))

    def _list_tenants(self, request: Request) -> Response:
        tenant = self._context.tenant_id
        return Response(200, {"value": [{"id": f"/tenants/{tenant}", "tenantId": tenant}]})

    def _list_locations(self, request: Request) -> Response:
        self.check_subscription(request.parameters["subscription"])
        value = [
            {
                "id": f"/subscriptions/{request.parameters['subscription']}/locations/{_code(display_name)}",
                "name": _code(display_name),
                "displayName": display_name,
                "metadata": {"regionType": "Physical"},
            }
            for display_name in LOCATIONS
        ]
        return Response(200, {"value": value})

    def _list(self, request: Request) -> Response:
        subscription = request.parameters["subscription"]
        self.check_subscription(subscription)
        value = [group for (owner, _), group in self._groups.items() if owner == subscription.lower()]
        return Response(200, {"value": value})

    def _put(self, request: Request) -> Response:
        subscription, name = request.parameters["subscription"], request.parameters["group"]
        self.check_subscription(subscription)
        status = 200 if key(subscription, name) in self._groups else 201
        return Response(status, self.put(subscription, name, request.json_object()))

    def _get(self, request: Request) -> Response:
        return Response(200, self.get(request.parameters["subscription"], request.parameters["group"]))

    def _head(self, request: Request) -> Response:
        self._get(request)
        return Response(204)

    def _delete(self, request: Request) -> Response:
        """Delete the group and its resources at once. The client still polls `Location`."""
        subscription, name = request.parameters["subscription"], request.parameters["group"]
        self.get(subscription, name)
        self._empty(subscription, name)
        del self._groups[key(subscription, name)]
        job = f"/subscriptions/{subscription}/operationresults/RESOURCEGROUPDELETIONJOB-{name.upper()}"
        location = self._context.polling_url(job, request.query.get("api-version", ""))
        return Response(202, None, {"location": location})

    def _list_resources(self, request: Request) -> Response:
        wanted = _TYPE_FILTER.search(request.query.get("$filter", ""))
        scope = request.path.lower().removesuffix("resources")
        value = [
            {name: value for name, value in resource.items() if name not in ("properties", "eTag")}
            for resource in self._contents()
            if resource["id"].lower().startswith(scope)
            and (wanted is None or resource["type"].lower() == wanted[1].lower())
        ]
        return Response(200, {"value": value})


def _code(display_name: str) -> str:
    return display_name.replace(" ", "").lower()
