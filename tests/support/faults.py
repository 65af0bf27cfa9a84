# SPDX-License-Identifier: MIT
"""Faults of the service; see azure_simulator.Fault."""

from __future__ import annotations

from typing import Any

from azure_simulator import Fault
from tests.support.azure_cli import CLUSTER_PATH

REQUEST_ID = "0f0e0d0c-request"
FORBIDDEN = "The client 'me' does not have authorization to perform this action over the scope."


def forbidden(method: str, path: str, times: int = 1) -> Fault:
    """Return a fault that refuses requests with 403."""
    return Fault(
        method,
        path,
        times,
        status=403,
        code="AuthorizationFailed",
        message=FORBIDDEN,
        headers={"x-ms-request-id": REQUEST_ID},
        shape="front-door",
    )


def unassigned(managed_identity: dict[str, Any]) -> Fault:
    """Return a fault that refuses a PUT of the cluster, because a role is missing or has not propagated."""
    ids = managed_identity["properties"]
    return Fault(
        "PUT",
        CLUSTER_PATH,
        status=400,
        code="PodIdentityAddonIdentitiesAssignmentError",
        message="Cluster identity has no assignment permission over identity "
        f"'resourceId: {managed_identity['id']} - clientId: {ids['clientId']} - objectId: {ids['principalId']}'. "
        "Please grant at least 'Managed Identity Operator' permission before assigning pod identity.",
    )


def html_page(method: str, path: str, status: int, message: str) -> Fault:
    """Return a fault that responds with the HTML page of a proxy or gateway."""
    return Fault(method, path, status=status, body=f"<html><body><h1>{message}</h1></body></html>")
