# SPDX-License-Identifier: MIT
"""The two forms of error responses of Azure Resource Manager.

Public recordings: the front door wraps the error and names itself in `x-ms-failure-cause`; the AKS provider
returns the error at the top level, plus `details` and `subcode`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from azure_simulator.http import JSON, JSON_UTF8, Response

Shape = Literal["provider", "front-door"]


class ServiceError(Exception):
    """An error response. A handler raises it and the application sends it."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        shape: Shape = "front-door",
        failure_cause: str | None = None,
        details: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.shape = shape
        self.failure_cause = failure_cause
        self.details = details
        self.headers = dict(headers or {})

    def response(self) -> Response:
        headers = dict(self.headers)
        if self.failure_cause:
            headers["x-ms-failure-cause"] = self.failure_cause
        if self.shape == "provider":
            body = {"code": self.code, "details": self.details, "message": self.message, "subcode": ""}
            return Response(self.status, body, headers, JSON)
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details is not None:
            error["details"] = self.details
        return Response(self.status, {"error": error}, headers, JSON_UTF8)


def front_door(status: int, code: str, message: str, details: Any = None) -> ServiceError:
    """Return an error of Azure Resource Manager itself, raised before any provider sees the request."""
    return ServiceError(status, code, message, failure_cause="gateway", details=details)


def service(status: int, code: str, message: str) -> ServiceError:
    """Return an error of authorization or managed identity: wrapped like the front door's, without a named cause."""
    return ServiceError(status, code, message)


def aks(status: int, code: str, message: str) -> ServiceError:
    """Return an error of the AKS provider: unwrapped, `x-ms-failure-cause` only on 5xx (public recordings)."""
    cause = "service" if status >= 500 else None
    return ServiceError(status, code, message, shape="provider", failure_cause=cause)


def resource_not_found(resource_type: str, name: str, resource_group: str) -> ServiceError:
    return front_door(
        404,
        "ResourceNotFound",
        f"The Resource '{resource_type}/{name}' under resource group '{resource_group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    )


def resource_group_not_found(name: str) -> ServiceError:
    return front_door(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")
