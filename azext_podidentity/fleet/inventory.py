# SPDX-License-Identifier: MIT
"""The inventory of clusters in many subscriptions, with the properties that matter for pod identities."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.cluster_reference import cluster_of_id
from azext_podidentity.profile.text import count_of


@dataclass(frozen=True)
class FleetCluster:
    """A cluster with the name of its subscription (the ID if the name is unknown) and its tags."""

    cluster: Cluster
    subscription_name: str
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any], subscription_names: Mapping[str, str]) -> FleetCluster:
        """Read the JSON object of a managed cluster; the keys of the names are subscription IDs in lower case."""
        cluster = Cluster.from_json(cluster_of_id(str(raw.get("id"))), raw)
        subscription = cluster.reference.subscription or ""
        return cls(cluster, subscription_names.get(subscription.lower(), subscription), raw.get("tags") or {})

    @property
    def id(self) -> str:
        """Return the resource ID."""
        return self.cluster.resource_id or ""

    @property
    def name(self) -> str:
        """Return the name of the cluster."""
        return self.cluster.reference.name

    @property
    def subscription_id(self) -> str:
        """Return the ID of the subscription."""
        return self.cluster.reference.subscription or ""

    @property
    def enabled(self) -> bool:
        """Return whether the add-on is enabled."""
        return self.cluster.profile.enabled

    @property
    def failed(self) -> int:
        """Return the number of pod identities in state Failed."""
        return sum(entry.failed for entry in self.cluster.profile.identities)

    def to_json(self, shared_with: Sequence[str] = ()) -> dict[str, Any]:
        """Return the row of `list-clusters`. `shared_with`: the other clusters with the same cluster identity."""
        cluster, profile = self.cluster, self.cluster.profile
        return {
            "id": self.id,
            "name": self.name,
            "resourceGroup": cluster.reference.resource_group,
            "subscriptionId": self.subscription_id,
            "subscription": self.subscription_name,
            "location": cluster.location,
            "kubernetesVersion": cluster.kubernetes_version,
            "networkPlugin": cluster.network_plugin,
            "allowNetworkPluginKubenet": bool(profile.allow_network_plugin_kubenet),
            "enabled": profile.enabled,
            "podIdentities": len(profile.identities),
            "exceptions": len(profile.exceptions),
            "failed": self.failed,
            "oidcIssuer": cluster.features.oidc_issuer,
            "workloadIdentity": cluster.features.workload_identity,
            "clusterIdentity": {
                "type": cluster.identity_type if cluster.has_managed_identity else "ServicePrincipal",
                "principalId": cluster.principal_id,
                "resourceId": cluster.identity_resource_id,
                "sharedWith": list(shared_with),
            },
        }


@dataclass(frozen=True)
class Inventory:
    """All clusters that were found, and one sentence for each subscription that could not be read."""

    clusters: tuple[FleetCluster, ...]
    subscriptions: int
    unreadable: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, raw: Iterable[Mapping[str, Any]], subscription_names: Mapping[str, str], unreadable: Iterable[str] = ()
    ) -> Inventory:
        """Return the inventory of clusters in JSON, sorted by subscription, resource group and name."""
        clusters = {each.id.lower(): each for each in (FleetCluster.from_json(one, subscription_names) for one in raw)}
        in_order = tuple(sorted(clusters.values(), key=_place))
        return cls(in_order, len({each.subscription_id.lower() for each in in_order}), tuple(unreadable))

    @property
    def enabled(self) -> tuple[FleetCluster, ...]:
        """Return the clusters with the add-on enabled."""
        return tuple(each for each in self.clusters if each.enabled)

    def rows(self, *, include_disabled: bool = False) -> list[dict[str, Any]]:
        """Return the rows of `list-clusters`."""
        by_identity: dict[str, list[str]] = defaultdict(list)
        for each in self.clusters:
            if identity := each.cluster.identity_resource_id:
                by_identity[identity.lower()].append(each.id)
        shown = self.clusters if include_disabled else self.enabled
        return [
            each.to_json(
                [other for other in by_identity[(each.cluster.identity_resource_id or "").lower()] if other != each.id]
            )
            for each in shown
        ]

    def summary(self) -> str:
        """Return one sentence with the counts."""
        enabled = self.enabled
        profiles = [each.cluster.profile for each in enabled]
        failed = sum(each.failed for each in enabled)
        return (
            f"The add-on is enabled on {len(enabled)} of {count_of(len(self.clusters), 'cluster')} in "
            f"{count_of(self.subscriptions, 'subscription')}: "
            f"{count_of(sum(len(each.identities) for each in profiles), 'pod identity', 'pod identities')} "
            f"({failed} Failed), {count_of(sum(len(each.exceptions) for each in profiles), 'exception')}."
        )


def _place(cluster: FleetCluster) -> tuple[str, ...]:
    reference = cluster.cluster.reference
    return tuple(part.lower() for part in (cluster.subscription_name, reference.resource_group, reference.name))
