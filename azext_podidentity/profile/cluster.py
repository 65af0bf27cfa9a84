# SPDX-License-Identifier: MIT
"""The properties of a managed cluster that matter for pod identities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from azext_podidentity.profile.cluster_features import Features
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.entries import Profile
from azext_podidentity.profile.text import state_name

DEPRECATION = (
    "The pod identity add-on is deprecated; its support ended in September 2025. To plan the migration to Microsoft "
    "Entra Workload ID, run 'az aks pod-identity migrate'."
)


@dataclass(frozen=True)
class Cluster:  # pylint: disable=too-many-instance-attributes
    """The properties of a managed cluster that matter for pod identities, as they were read."""

    reference: ClusterReference
    profile: Profile
    location: str | None = None
    network_plugin: str | None = None
    identity_type: str | None = None
    principal_id: str | None = None
    identity_resource_id: str | None = None
    provisioning_state: str | None = None
    node_pools: tuple[Mapping[str, Any], ...] = field(default=())
    kubernetes_version: str | None = None
    power_state: str | None = None
    api_servers: tuple[str, ...] = ()
    features: Features = field(default_factory=Features)
    resource_id: str | None = None
    kubelet_resource_id: str | None = None
    azure_policy: bool = False

    @classmethod
    def from_json(cls, reference: ClusterReference, raw: Mapping[str, Any]) -> Cluster:
        """Read the JSON object of a `Microsoft.ContainerService/managedClusters` resource."""
        properties = raw.get("properties") or {}
        identity = raw.get("identity") or {}
        return cls(
            reference=reference,
            profile=Profile.from_json(properties.get("podIdentityProfile")),
            location=raw.get("location"),
            network_plugin=(properties.get("networkProfile") or {}).get("networkPlugin"),
            identity_type=identity.get("type"),
            principal_id=_principal_id(identity),
            identity_resource_id=next(iter(identity.get("userAssignedIdentities") or ()), None),
            provisioning_state=state_name(properties.get("provisioningState")),
            node_pools=tuple(filter(None, properties.get("agentPoolProfiles") or ())),
            kubernetes_version=properties.get("currentKubernetesVersion") or properties.get("kubernetesVersion"),
            power_state=state_name((properties.get("powerState") or {}).get("code")),
            api_servers=tuple(filter(None, map(properties.get, ("fqdn", "privateFQDN")))),
            features=Features.from_json(properties),
            resource_id=raw.get("id"),
            kubelet_resource_id=_kubelet_resource_id(properties.get("identityProfile") or {}),
            azure_policy=_has_azure_policy(properties.get("addonProfiles") or {}),
        )

    @property
    def has_managed_identity(self) -> bool:
        """Return whether the cluster identity is a managed identity and not a service principal."""
        return (self.identity_type or "None") != "None"

    @property
    def uses_kubenet(self) -> bool:
        """Return whether the network plugin is kubenet."""
        return (self.network_plugin or "").lower() == "kubenet"

    @property
    def needs_kubenet_consent(self) -> bool:
        """Return whether the network plugin is kubenet and the profile does not allow it."""
        return self.uses_kubenet and not self.profile.allow_network_plugin_kubenet


def _has_azure_policy(add_ons: Mapping[str, Any]) -> bool:
    """Return whether the Azure Policy add-on is enabled; the letter case of its name varies."""
    return any(name.lower() == "azurepolicy" and bool((each or {}).get("enabled")) for name, each in add_ons.items())


def _kubelet_resource_id(profile: Mapping[str, Any]) -> str | None:
    """Return the resource ID of the kubelet identity, with which the nodes pull images."""
    kubelet: Mapping[str, Any] = profile.get("kubeletidentity") or {}
    return kubelet.get("resourceId")


def _principal_id(identity: Mapping[str, Any]) -> str | None:
    """Return the object ID of the cluster identity, which is system-assigned or the only user-assigned one."""
    if own := identity.get("principalId"):
        return str(own)
    for assigned in (identity.get("userAssignedIdentities") or {}).values():
        if principal := (assigned or {}).get("principalId"):
            return str(principal)
    return None
