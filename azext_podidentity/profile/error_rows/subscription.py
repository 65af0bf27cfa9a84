# SPDX-License-Identifier: MIT
"""Errors about subscriptions, tenants, sign-in and what a subscription has registered."""

from __future__ import annotations

from azext_podidentity.profile import error_advice as advice
from azext_podidentity.profile.known_errors import KnownError
from azext_podidentity.profile.service_requests import ON_CLUSTER, Stage

ROWS = (
    KnownError(
        codes=("OIDCIssuerFeatureFlagNotEnabled",),
        sample="OIDC issuer requires the feature flag Microsoft.ContainerService/EnableOIDCIssuerPreview.",
        cause="The subscription of cluster '{cluster}' has not registered the preview feature of the OIDC issuer.",
        fix="Register the feature, wait until its state is Registered, and then register the provider again:",
        commands=advice.register_oidc_issuer,
        stages=ON_CLUSTER,
    ),
    KnownError(
        codes=("WorkloadIdentityAddonFeatureFlagNotEnabled",),
        sample="Workload identity requires the feature flag Microsoft.ContainerService/EnableWorkloadIdentityPreview.",
        cause="The subscription of cluster '{cluster}' has not registered the preview feature of workload identity.",
        fix="Register the feature, wait until its state is Registered, and then register the provider again:",
        commands=advice.register_workload_identity,
        stages=ON_CLUSTER,
    ),
    KnownError(
        codes=(),
        pattern=r"feature(?: flag)? ['\"]?Microsoft\.ContainerService/(?P<feature>\w+)['\"]? is not "
        "(?:enabled|registered)",
        sample='The feature flag "Microsoft.ContainerService/SomePreview" is not registered.',
        cause="The subscription of cluster '{cluster}' has not registered the preview feature '{feature}', which the "
        "cluster uses.",
        fix="Register the feature, wait until its state is Registered, and then register the provider again:",
        commands=advice.register,
        stages=ON_CLUSTER,
    ),
    KnownError(
        codes=("FeatureNotFound",),
        sample="The feature 'EnablePodIdentityPreview' could not be found.",
        cause="The preview feature does not exist, or no longer exists, in this cloud. There is nothing to register.",
    ),
    KnownError(
        codes=("MissingSubscriptionRegistration",),
        pattern="namespace '(?P<namespace>[^']*)'",
        sample="The subscription is not registered to use namespace 'Microsoft.ManagedIdentity'.",
        cause="The subscription has not registered the resource provider '{namespace}'.",
        fix="To register it, run this command. If the resource is in another subscription, add --subscription:",
        commands=advice.register_namespace,
    ),
    KnownError(
        codes=("InvalidAuthenticationTokenTenant",),
        pattern=r"(?:.*must match the tenant '[^']*?(?P<tenant>[0-9a-f-]{36}))?",
        sample="The access token is from the wrong issuer 'ISSUER/OTHER_TENANT/'. It must match the "
        "tenant 'ISSUER/00000000-0000-0000-0000-000000000000/' associated with this subscription.",
        cause="You are signed in to another tenant than that of the subscription.",
        fix="To sign in to the tenant of the subscription, run:",
        commands=advice.login,
    ),
    KnownError(
        codes=("SubscriptionNotFound", "InvalidSubscriptionId"),
        pattern="(?:.*subscription '?(?P<subscription>[0-9a-f-]{36}))?",
        sample="The subscription '00000000-0000-0000-0000-000000000000' could not be found.",
        cause="The signed-in account cannot see the subscription. The resource may exist nevertheless.",
        fix="If the subscription is in another tenant, sign in to that tenant. If access was granted recently, refresh "
        "the list of subscriptions:",
        commands=advice.other_subscription,
    ),
    KnownError(
        codes=("ExpiredAuthenticationToken", "InvalidAuthenticationToken", "AuthenticationFailed"),
        sample="The access token expiry UTC time is earlier than current UTC time.",
        cause="The sign-in is not valid, or no longer valid.",
        fix="To sign in again, run:",
        commands=advice.login,
    ),
    KnownError(
        codes=("ReadOnlyDisabledSubscription",),
        sample="The subscription '00000000-0000-0000-0000-000000000000' is disabled and therefore marked as read only.",
        cause="The subscription is disabled and read-only. This is not related to pod identity.",
        fix="Ask the owner of the subscription to enable it, and then run your command again.",
        stages=frozenset(Stage),
    ),
)
