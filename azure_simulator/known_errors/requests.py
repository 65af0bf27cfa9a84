# SPDX-License-Identifier: MIT
"""Errors of throttled requests, missing resources, features, versions and limits."""

from __future__ import annotations

from azure_simulator.known_errors.table import RETRY_AFTER, KnownError

REQUESTS = (
    KnownError(
        "Throttled",
        ("read", "write", "poll"),
        429,
        "Throttled",
        (
            "The PutManagedClusterHandler.PUT request limit has been exceeded for SubID='{subscription}', please "
            "retry again in {seconds} seconds. For more information, please visit aka.ms/aks/throttling"
        ),
        "Learn: Troubleshoot the Throttled error code (429)",
        shape="provider",
        headers=RETRY_AFTER,
    ),
    KnownError(
        "TooManyRequests",
        ("read", "write", "poll", "grant", "credential", "identity"),
        429,
        "TooManyRequests",
        (
            "The request is being throttled as the limit has been reached for operation type. Retry after {seconds} "
            "seconds."
        ),
        "Learn: Throttling Resource Manager requests",
        headers=RETRY_AFTER,
    ),
    KnownError(
        "SubscriptionRequestsThrottled",
        ("read", "write", "grant", "credential", "identity"),
        429,
        "SubscriptionRequestsThrottled",
        (
            "Number of requests for subscription '{subscription}' exceeded the limit. Please try again after "
            "'{seconds}' seconds."
        ),
        "recorded",
        headers=RETRY_AFTER,
    ),
    KnownError(
        "ResourceRequestsThrottled",
        ("read", "write", "grant", "credential", "identity"),
        429,
        "ResourceRequestsThrottled",
        (
            "Number of requests for action '{action}' exceeded the limit of '150' for time interval '01:00:00'. "
            "Please try again after '{seconds}' seconds."
        ),
        "recorded",
        headers=RETRY_AFTER,
    ),
    KnownError(
        "ResourceNotFound",
        ("write", "operation", "entry"),
        404,
        "ResourceNotFound",
        (
            "The Resource '{type}/{resource}' under resource group '{group}' was not found. For more details please "
            "go to https://aka.ms/ARMResourceNotFoundFix"
        ),
        "recorded",
    ),
    KnownError(
        "ResourceGroupNotFound",
        ("write", "operation", "entry"),
        404,
        "ResourceGroupNotFound",
        "Resource group '{group}' could not be found.",
        "recorded",
    ),
    KnownError(
        "InvalidResourceReference",
        ("write", "operation", "entry"),
        400,
        "InvalidResourceReference",
        (
            "Resource {scope} referenced by resource {resource} was not found. Please make sure that the referenced "
            "resource exists, and that both resources are in the same region."
        ),
        "Learn: Troubleshoot common Azure deployment errors",
    ),
    KnownError(
        "FeatureNotEnabled",
        ("write",),
        400,
        "BadRequest",
        "PodIdentity addon is not allowed since feature '{feature}' is not enabled.",
        "report",
        shape="provider",
    ),
    KnownError(
        "FeatureFlagNotRegistered",
        ("write",),
        400,
        "BadRequest",
        'Preview feature {feature} not registered: the feature flag "{feature}" is not registered.',
        "report",
        shape="provider",
    ),
    KnownError(
        "OIDCIssuerFeatureFlagNotEnabled",
        ("write",),
        400,
        "OIDCIssuerFeatureFlagNotEnabled",
        "OIDC issuer feature is not enabled for this subscription.",
        "report",
        shape="provider",
    ),
    KnownError(
        "WorkloadIdentityAddonFeatureFlagNotEnabled",
        ("write",),
        400,
        "WorkloadIdentityAddonFeatureFlagNotEnabled",
        "Workload identity addon feature is not enabled for this subscription.",
        "report",
        shape="provider",
    ),
    KnownError(
        "FeatureNotFound",
        ("feature",),
        404,
        "FeatureNotFound",
        "The feature '{feature}' could not be found.",
        "report",
    ),
    KnownError(
        "K8sVersionNotSupported",
        ("write",),
        400,
        "K8sVersionNotSupported",
        "Managed cluster {cluster} is on version {version} which is not supported in this region.",
        "report",
        shape="provider",
    ),
    KnownError(
        "NodePoolMcVersionIncompatible",
        ("write",),
        400,
        "NodePoolMcVersionIncompatible",
        (
            "Node pool version {version} and control plane version are incompatible. Minor version of node pool "
            "version is bigger than control plane version."
        ),
        "report Azure/terraform-azurerm-aks#465",
        shape="provider",
    ),
    KnownError(
        "AgentPoolDeleting",
        ("write",),
        409,
        "OperationNotAllowed",
        "Operation is not allowed while a deletion has been issued on node pool {pool}.",
        "report",
        shape="provider",
    ),
    KnownError(
        "AgentPoolBusy",
        ("write",),
        409,
        "OperationNotAllowed",
        (
            "Operation is not allowed: Another agentpool operation ({pool} - Creating) is in progress, please wait "
            "for it to finish before starting a new operation."
        ),
        "report cilium/cilium#25944",
        shape="provider",
    ),
    KnownError(
        "UpgradeFailed",
        ("write",),
        409,
        "OperationNotAllowed",
        "Managed cluster is currently upgrading or failed in upgrade. Please complete the upgrade first.",
        "report",
        shape="provider",
    ),
    KnownError(
        "QuotaExceeded",
        ("write", "operation"),
        400,
        "QuotaExceeded",
        (
            "Provisioning of resource(s) for container service {cluster} in resource group {group} failed: "
            "insufficient quota."
        ),
        "recorded",
        shape="provider",
    ),
    KnownError(
        "SubnetIsFull",
        ("write", "operation"),
        400,
        "SubnetIsFull",
        "Subnet {resource} does not have enough capacity for the requested IP addresses.",
        "report",
    ),
    KnownError(
        "PodLabelsMissing",
        ("write",),
        400,
        "InvalidParameter",
        (
            "Required parameter properties.podIdentityProfile.userAssignedIdentityExceptions.podLabels is missing "
            "(null)."
        ),
        "report",
        shape="provider",
    ),
    KnownError(
        "AssignLimitExceeded",
        ("write", "operation"),
        400,
        "BadRequest",
        "User Assigned Identities Number '200' Assign exceed limit '150' in one request.",
        "report Azure/aad-pod-identity#813",
        shape="provider",
    ),
)
