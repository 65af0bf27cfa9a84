# SPDX-License-Identifier: MIT
"""The rates at which Azure accepts requests, and the requests it refuses beyond them.

Sources: Microsoft's pages "Quotas, virtual machine size restrictions, and region availability in AKS" (the provider's
token buckets), "Troubleshoot the Throttled error code (429)" (its error), "Understand how Azure Resource Manager
throttles requests" (the buckets of Resource Manager; a request before its time is not processed and gets a new wait),
"Troubleshoot TooManyRequestsReceived or SubscriptionRequestsThrottled" (its error) and "Guidance for throttled requests
in Azure Resource Graph" (15 queries in 5 seconds per user, and the error).
Assumptions: a request that is refused for another reason costs a token too, because throttling precedes the handler;
the provider's handlers other than the published `PutManagedClusterHandler.PUT` are named alike.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from azure_simulator.context import Context
from azure_simulator.errors import ServiceError
from azure_simulator.resource_ids import CLUSTER_TYPE

_SUBSCRIPTION = r"/subscriptions/(?P<subscription>[^/]+)"
_GROUP = rf"{_SUBSCRIPTION}/resourcegroups/(?P<group>[^/]+)"
_CLUSTER = rf"{_GROUP}/providers/{CLUSTER_TYPE}/(?P<cluster>[^/]+)"
_PROVIDER = rf"{_SUBSCRIPTION}(/resourcegroups/[^/]+)?/providers/Microsoft\.ContainerService/"
_OPERATION = rf"{_PROVIDER}locations/[^/]+/operation(s|results)/[^/]+$"
_LOCATION = re.compile(r"/locations/([^/]+)/", re.IGNORECASE)

Key = tuple[str, ...]
MakeError = Callable[["Limit", str, int], ServiceError]


def _throttled_by_aks(limit: Limit, subscription: str, seconds: int) -> ServiceError:
    return ServiceError(
        429,
        "Throttled",
        f"The {limit.name} request limit has been exceeded for SubID='{subscription}', please retry again in "
        f"{seconds} seconds. For more information, please visit aka.ms/aks/throttling",
        shape="provider",
        headers={"retry-after": str(seconds)},
    )


def _throttled_by_resource_manager(limit: Limit, subscription: str, seconds: int) -> ServiceError:
    interval = round(limit.burst / limit.per_second)
    return ServiceError(
        429,
        "SubscriptionRequestsThrottled",
        f"Number of {limit.name} requests for subscription '{subscription}' exceeded the limit of '{limit.burst}' for "
        f"time interval '00:00:{interval:02}'. Please try again after '{seconds}' seconds.",
        failure_cause="gateway",
        headers={"retry-after": str(seconds)},
    )


def _throttled_by_resource_graph(limit: Limit, subscription: str, seconds: int) -> ServiceError:
    """Return the error of Microsoft's page "Guidance for throttled requests in Azure Resource Graph"."""
    message = (
        "Client application has been throttled and should not attempt to repeat the request until an amount of time "
        "has elapsed."
    )
    return ServiceError(
        429,
        "RateLimiting",
        "Please provide below info when asking for support.",
        details=[{"code": "RateLimiting", "message": message}],
        headers={"retry-after": str(seconds), "x-ms-user-quota-remaining": "0"},
    )


@dataclass(frozen=True)
class Limit:
    """A token bucket for requests whose method and path match.

    Attributes:
        name: the name in the error.
        method: regular expression of the method.
        path: regular expression of the path, ignoring case. One bucket exists per value of its named groups.
        burst: requests at once.
        per_second: tokens added per second, up to `burst`.
        by_region: one bucket per region too.
    """

    name: str
    method: str
    path: str
    burst: int
    per_second: float
    error: MakeError = _throttled_by_aks
    by_region: bool = False

    def match(self, method: str, path: str) -> re.Match[str] | None:
        """Return the match of the path, or None if this limit does not apply to the request."""
        return re.match(self.path, path, re.IGNORECASE) if re.fullmatch(self.method, method) else None


_MINUTE = 1 / 60
# The first matching limit applies.
AKS_LIMITS = (
    Limit("PutManagedClusterHandler.PUT", "PUT", rf"{_CLUSTER}$", 20, _MINUTE),
    Limit("GetManagedClusterHandler.GET", "GET", rf"{_CLUSTER}$", 60, 1.0),
    Limit("PutAgentPoolHandler.PUT", "PUT", rf"{_CLUSTER}/agentPools/(?P<pool>[^/]+)$", 20, _MINUTE),
    Limit("ListManagedClustersHandler.GET", "GET", rf"{_SUBSCRIPTION}/providers/{CLUSTER_TYPE}$", 500, 1.0),
    Limit("ListManagedClustersByResourceGroupHandler.GET", "GET", rf"{_GROUP}/providers/{CLUSTER_TYPE}$", 60, 1.0),
    Limit("GetOperationStatusHandler.GET", "GET", _OPERATION, 200, 2.0, by_region=True),
    Limit("OtherHandlers", ".*", _PROVIDER, 60, 1.0, by_region=True),
)
RESOURCE_MANAGER_LIMITS = (
    Limit("write", "PUT|PATCH|POST", _SUBSCRIPTION, 200, 10.0, _throttled_by_resource_manager),
    Limit("delete", "DELETE", _SUBSCRIPTION, 200, 10.0, _throttled_by_resource_manager),
    Limit("read", "GET|HEAD", _SUBSCRIPTION, 250, 25.0, _throttled_by_resource_manager),
)
GRAPH_LIMITS = (
    Limit("query", "POST", "/providers/Microsoft.ResourceGraph/resources$", 15, 3.0, _throttled_by_resource_graph),
)
# The first matching limit of each table applies, so a request may take tokens in several tables.
Limits = tuple[tuple[Limit, ...], ...]
AZURE_LIMITS: Limits = (RESOURCE_MANAGER_LIMITS, AKS_LIMITS, GRAPH_LIMITS)
NO_LIMITS: Limits = ()


@dataclass
class _Bucket:
    tokens: float
    read_at: float


class Throttle:
    """The buckets of some limits, on the simulator's clock. `scale` shortens the refill like every duration.

    region_of: returns the region of a cluster by subscription, group and name, or "" if it does not exist.
    """

    def __init__(self, context: Context, limits: Limits, region_of: Callable[[str, str, str], str]) -> None:
        self.limits = limits
        self._context = context
        self._region_of = region_of
        self._buckets: dict[Key, _Bucket] = {}

    def take(self, method: str, path: str) -> ServiceError | None:
        """Take a token in each bucket of the request. Return the refusal if one is empty, else None."""
        for table in self.limits:
            limit, match = next(((each, found) for each in table if (found := each.match(method, path))), (None, None))
            if limit and match and (wait := self._take(limit, self._key(limit, match))):
                return limit.error(limit, match.groupdict().get("subscription", ""), math.ceil(wait))
        return None

    def _key(self, limit: Limit, match: re.Match[str]) -> Key:
        named = tuple(value.lower() for value in match.groupdict().values())
        return (limit.name, *named, self._region(match.string) if limit.by_region else "")

    def _region(self, path: str) -> str:
        location, cluster = _LOCATION.search(path), re.match(_CLUSTER, path, re.IGNORECASE)
        if location:
            return location[1].lower()
        return self._region_of(cluster["subscription"], cluster["group"], cluster["cluster"]) if cluster else ""

    def _take(self, limit: Limit, key: Key) -> float:
        """Take a token. Return 0, or the seconds until the bucket has one."""
        now, bucket = self._context.now(), self._buckets.setdefault(key, _Bucket(limit.burst, self._context.now()))
        seconds_a_token = self._context.scale / limit.per_second
        gained = (now - bucket.read_at) / seconds_a_token if seconds_a_token else float("inf")
        bucket.tokens, bucket.read_at = min(limit.burst, bucket.tokens + gained), now
        # A client that waited exactly as long as required must not fail due to a rounding error.
        if bucket.tokens < 1 - 1e-9:
            return (1 - bucket.tokens) * seconds_a_token
        bucket.tokens -= 1
        return 0.0
