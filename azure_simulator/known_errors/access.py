# SPDX-License-Identifier: MIT
"""Errors of authentication, authorization, policies, locks and subscriptions."""

from __future__ import annotations

from azure_simulator.known_errors.table import KnownError

ACCESS = (
    KnownError(
        "LinkedAuthorizationFailed",
        ("write", "operation"),
        403,
        "LinkedAuthorizationFailed",
        (
            "The client '{principal}' with object id '{principal}' has permission to perform action "
            "'Microsoft.ContainerService/managedClusters/write' on scope '/subscriptions/"
            "{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters/{cluster}'; "
            "however, it does not have permission to perform action '{action}' on the linked scope(s) '{scope}' or "
            "the linked scope(s) are invalid."
        ),
        "report Azure/secrets-store-csi-driver-provider-azure#66",
    ),
    KnownError(
        "AuthorizationFailed",
        ("read", "write", "operation", "grant", "credential", "identity", "entry"),
        403,
        "AuthorizationFailed",
        (
            "The client '{principal}' with object id '{principal}' does not have authorization to perform action "
            "'{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh "
            "your credentials."
        ),
        "recorded",
    ),
    KnownError(
        "RequestDisallowedByPolicy",
        ("write", "operation", "grant", "credential"),
        403,
        "RequestDisallowedByPolicy",
        (
            "Resource '{resource}' was disallowed by policy. Policy identifiers: "
            '\'[{{"policyAssignment":{{"name":"{policy}","id":"/subscriptions/{subscription}/providers/Microsoft.Authorization/policyAssignments/{policy}"}}}}]\'.'
        ),
        "Learn: Resolve errors for request disallowed by policy",
    ),
    KnownError(
        "ScopeLocked",
        ("write", "grant", "credential", "operation"),
        409,
        "ScopeLocked",
        (
            "The scope '{scope}' cannot perform write operation because following scope(s) are locked: "
            "'/subscriptions/{subscription}/resourceGroups/{group}'. Please remove the lock and try again."
        ),
        "recorded for a deletion",
    ),
    KnownError(
        "DenyAssignmentAuthorizationFailed",
        ("write",),
        403,
        "DenyAssignmentAuthorizationFailed",
        (
            "The client '{principal}' with object id '{principal}' has permission to perform action '{action}' on "
            "scope '{scope}'; however, the access is denied because of the deny assignment with name '{policy}' and "
            "Id '{operation}' at scope '/subscriptions/{subscription}/resourceGroups/{group}'."
        ),
        "report",
    ),
    KnownError(
        "RoleAssignmentLimitExceeded",
        ("grant",),
        400,
        "RoleAssignmentLimitExceeded",
        "The role assignment limit for the subscription has been reached. No more role assignments can be created.",
        "Learn: Troubleshoot Azure RBAC limits",
    ),
    KnownError(
        "PrincipalNotFound",
        ("grant",),
        400,
        "PrincipalNotFound",
        (
            "Principal {principal} does not exist in the directory {operation}. Check that you have the correct "
            "principal ID."
        ),
        "recorded",
    ),
    KnownError(
        "InvalidAuthenticationTokenTenant",
        ("read", "write", "grant", "credential", "identity"),
        401,
        "InvalidAuthenticationTokenTenant",
        "The access token is from the wrong issuer. It must match the tenant associated with this subscription.",
        "Learn: Azure Resource Manager, authentication across tenants",
    ),
    KnownError(
        "ExpiredAuthenticationToken",
        ("read", "write", "poll", "grant", "credential", "identity"),
        401,
        "ExpiredAuthenticationToken",
        "The access token expiry UTC time is earlier than current UTC time.",
        "recorded",
    ),
    KnownError(
        "SubscriptionNotFound",
        ("identity",),
        404,
        "SubscriptionNotFound",
        "The subscription '{subscription}' could not be found.",
        "recorded",
    ),
    KnownError(
        "ReadOnlyDisabledSubscription",
        ("write", "operation", "grant", "credential"),
        409,
        "ReadOnlyDisabledSubscription",
        (
            "The subscription '{subscription}' is disabled and therefore marked as read only. You cannot perform any "
            "write actions on this subscription until it is re-enabled."
        ),
        "report",
    ),
)
