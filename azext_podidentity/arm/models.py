# SPDX-License-Identifier: MIT
"""Convert between the extension's values and the SDK's models of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azure.core import MatchConditions

if TYPE_CHECKING:
    from azure.mgmt.containerservice.models import ManagedCluster, ManagedClusterPodIdentityProfile

    from azext_podidentity.arm.managed_clusters import ClusterState
    from azext_podidentity.profile.cluster import Cluster
    from azext_podidentity.profile.entries import Profile


def profile_model(profile: Profile) -> ManagedClusterPodIdentityProfile:
    """Return the profile as the SDK's model, to be sent."""
    from azure.mgmt.containerservice.models import ManagedClusterPodIdentityProfile

    return ManagedClusterPodIdentityProfile(profile.to_json())


def edited(state: ClusterState, wanted: Cluster) -> ManagedCluster:
    """Return the SDK's model that was read, with the pod identity profile and the features of the wanted cluster."""
    properties: Any = state.model.properties
    if wanted.profile is not state.cluster.profile:
        properties.pod_identity_profile = profile_model(wanted.profile)
    fill_null_labels(state.model)
    if wanted.features.enabled and not state.cluster.features.enabled:
        _enable_workload_identity(properties)
    return state.model


def fill_null_labels(model: ManagedCluster) -> None:
    """Replace `podLabels: null`, which old versions wrote and the service now refuses, with `{}`."""
    profile = model.properties.pod_identity_profile if model.properties else None
    for exception in (profile.user_assigned_identity_exceptions if profile else None) or ():
        if exception is not None and exception.pod_labels is None:
            exception.pod_labels = {}


def _enable_workload_identity(properties: Any) -> None:
    """Enable the OIDC issuer and workload identity in the SDK's model, and keep the other values of their profiles."""
    from azure.mgmt.containerservice.models import (
        ManagedClusterOIDCIssuerProfile,
        ManagedClusterSecurityProfile,
        ManagedClusterSecurityProfileWorkloadIdentity,
    )

    properties.oidc_issuer_profile = properties.oidc_issuer_profile or ManagedClusterOIDCIssuerProfile()
    properties.oidc_issuer_profile.enabled = True
    properties.security_profile = properties.security_profile or ManagedClusterSecurityProfile()
    workload_identity = properties.security_profile.workload_identity or ManagedClusterSecurityProfileWorkloadIdentity()
    workload_identity.enabled = True
    properties.security_profile.workload_identity = workload_identity


def if_unchanged(etag: str | None) -> dict[str, Any]:
    """Return the SDK's options that make a write fail with 412 if the cluster changed since it was read."""
    return {"etag": etag, "match_condition": MatchConditions.IfNotModified} if etag else {}


def if_absent() -> dict[str, Any]:
    """Return the SDK's options that make a write fail with 412 if the cluster exists."""
    return {"match_condition": MatchConditions.IfMissing}
