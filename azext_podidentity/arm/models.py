"""The SDK's model of a cluster as it is to be sent."""

from __future__ import annotations

from typing import Any

from azure.core import MatchConditions

from azext_podidentity.profile.changes import Change
from azext_podidentity.profile.entries import Profile


def profile_model(profile: Profile) -> Any:
    """The profile as the SDK's model, to be sent."""
    from azure.mgmt.containerservice.models import ManagedClusterPodIdentityProfile

    return ManagedClusterPodIdentityProfile(profile.to_json())


def edited(model: Any, wanted: Profile, change: Change) -> Any:
    """What was read of the cluster with the profile replaced, and the features enabled that the change enables."""
    properties = model.properties
    properties.pod_identity_profile = profile_model(wanted)
    if change.enables_workload_identity:
        _enable_workload_identity(properties)
    return model


def _enable_workload_identity(properties: Any) -> None:
    """Enables both features in the SDK's model of a cluster's properties; what else their profiles hold stays."""
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
    """The SDK's options that make a write fail with 412 where the cluster is not as it was read; none for no etag."""
    return {"etag": etag, "match_condition": MatchConditions.IfNotModified} if etag else {}
