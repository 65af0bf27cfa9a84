# SPDX-License-Identifier: MIT
"""Errors of long-running operations and of concurrent writes."""

from __future__ import annotations

from azure_simulator.known_errors.table import KnownError

OPERATIONS = (
    KnownError(
        "Preempted",
        ("operation",),
        200,
        "AKSOperationPreempted",
        "The operation was overriden and canceled by a later operation {operation}.",
        "report hashicorp/terraform-provider-azurerm#8260; the code is newer",
    ),
    KnownError(
        "Overridden",
        ("operation",),
        200,
        "Canceled",
        "The operation was overriden and canceled by a later operation {operation}.",
        "report hashicorp/terraform-provider-azurerm#8260",
    ),
    KnownError(
        "NotLatestOperation",
        ("operation",),
        200,
        "NotLatestOperation",
        (
            "The operation has been preempted by another one. Please wait for the other operation to complete and try "
            "again.."
        ),
        "recorded",
    ),
    KnownError(
        "PreemptedByDelete",
        ("operation",),
        200,
        "AKSOperationPreemptedByDelete",
        "The operation was preempted by a delete operation {operation}.",
        "report",
    ),
    KnownError(
        "EtagMismatch",
        ("write",),
        412,
        "EtagMismatch",
        "The managed cluster {cluster} has been modified (etag mismatch).",
        "report",
        shape="provider",
    ),
    KnownError(
        "EtagConflict",
        ("write",),
        409,
        "Conflict",
        "Etag mismatched.",
        "report",
        shape="provider",
    ),
    KnownError(
        "EtagMismatchLater",
        ("operation",),
        200,
        "EtagMismatch",
        "Failed to save control plane. Operation is not allowed: Another operation is in progress",
        "recorded",
    ),
    KnownError(
        "Canceled",
        ("operation",),
        200,
        "Canceled",
        "Operation is being canceled by user",
        "recorded",
        state="Canceled",
    ),
    KnownError(
        "OperationNotFound",
        ("poll",),
        404,
        "NotFound",
        "The operation '{operation}' was not found.",
        "report",
        shape="provider",
    ),
    KnownError(
        "OperationEmpty",
        ("poll",),
        200,
        "",
        "",
        "report",
        body={},
    ),
    KnownError(
        "OperationNonsense",
        ("poll",),
        200,
        "",
        "",
        "recorded with status 502",
        body="<html><body>Service Unavailable</body></html>",
    ),
    KnownError(
        "OperationServerError",
        ("poll",),
        500,
        "EntityStoreOperationError",
        "A database operation failed. Please retry later. If this error persists, contact AKS support.",
        "recorded",
        shape="provider",
    ),
    KnownError(
        "OperationBadGateway",
        ("poll",),
        502,
        "BadGatewayConnection",
        "The network connectivity issue encountered for 'Microsoft.ContainerService'; cannot fulfill the request.",
        "recorded",
    ),
    KnownError(
        "OperationGatewayTimeout",
        ("poll",),
        504,
        "GatewayTimeout",
        "The gateway did not receive a response from 'Microsoft.ContainerService' within the specified time period.",
        "recorded",
    ),
)
