# SPDX-License-Identifier: MIT
"""Long-running operations of the AKS provider and their status."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ...context import Context, new_id
from ...errors import aks
from ...http import JSON, Request, Response, Route
from ...resource_ids import key

# The api-version of operation URLs is the service's own, never the request's (public recordings).
OPERATION_API_VERSION = "2025-03-01"
LEASE_SECONDS = 6 * 3600
OperationKind = Literal["Creating", "Updating", "Deleting"]
_LOCATION = "/subscriptions/{subscription}/providers/Microsoft.ContainerService/locations/{location}"
_NOT_LATEST = {
    "code": "NotLatestOperation",
    "message": "The operation has been preempted by another one. "
    "Please wait for the other operation to complete and try again..",
}


@dataclass
class LongRunningOperation:
    """An operation on one cluster. `kind` is the provisioningState during it; times are clock readings.

    `failure` is the error it ends with, and the `state` it ends in. `preempted` is an operation that another one
    replaced: it continues, shows an error, and ends Succeeded with that error still attached (public recordings).
    """

    subscription: str
    location: str
    kind: OperationKind
    start: float
    end: float
    nodes: int = 0
    failure: dict[str, str] | None = None
    preempted: bool = False
    has_stages: bool = True
    id: str = field(default_factory=new_id)

    def running(self, now: float) -> bool:
        return now < self.end

    def progress(self, now: float) -> float:
        return 1.0 if not self.running(now) else (now - self.start) / (self.end - self.start)

    def status(self, now: float, stages: bool) -> str:
        """Return InProgress, then free text in the recorded order, then Succeeded or Failed."""
        if not self.running(now):
            return self.failure["state"] if self.failure else "Succeeded"
        names = self._stages() if stages and self.has_stages else ["InProgress"]
        return names[int(self.progress(now) * len(names))]

    def _stages(self) -> list[str]:
        if self.kind == "Creating":
            return [
                "InProgress",
                "ProvisioningNetworkResources",
                "ProvisioningControlPlane",
                "ReconcilingDNS",
                f"CreatingAgentPools: 0/{self.nodes} nodes completed",
                f"CreatingAgentPools: {self.nodes}/{self.nodes} nodes completed",
                "ReconcilingAddons",
            ]
        return ["InProgress", "ReconcilingAddons"] if self.kind == "Updating" else ["InProgress"]

    def error(self, now: float) -> dict[str, str] | None:
        if self.preempted:
            return _NOT_LATEST
        if self.running(now) or self.failure is None:
            return None
        return {name: self.failure[name] for name in ("code", "message")}


class Operations:
    """All operations, finished ones included."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._operations: dict[tuple[str, ...], LongRunningOperation] = {}

    def begin(
        self, subscription: str, location: str, kind: OperationKind, seconds: float, nodes: int = 0
    ) -> LongRunningOperation:
        """Start an operation that takes `seconds`, scaled."""
        start, end = self._context.now(), self._context.after(seconds)
        operation = LongRunningOperation(subscription, location, kind, start, end, nodes)
        self._operations[key(subscription, operation.id)] = operation
        return operation

    def headers(self, operation: LongRunningOperation, with_location: bool = False) -> dict[str, str]:
        """Return Azure-AsyncOperation, and Location too for a DELETE (public recordings)."""
        headers = {"azure-asyncoperation": self._url(operation, "operations")}
        if with_location:
            headers["location"] = self._url(operation, "operationresults")
        return headers | self.retry_after()

    def retry_after(self) -> dict[str, str]:
        seconds = self._context.settings.retry_after
        return {} if seconds is None else {"retry-after": f"{seconds:g}"}

    def routes(self) -> list[Route]:
        return [
            Route("GET", f"{_LOCATION}/operations/{{operation}}", self._get),
            Route("GET", f"{_LOCATION}/operationresults/{{operation}}", self._get_result),
        ]

    def _url(self, operation: LongRunningOperation, kind: str) -> str:
        location = _LOCATION.format(subscription=operation.subscription, location=operation.location)
        return self._context.polling_url(f"{location}/{kind}/{operation.id}", OPERATION_API_VERSION)

    def _find(self, request: Request) -> LongRunningOperation:
        operation = self._operations.get(key(request.parameters["subscription"], request.parameters["operation"]))
        if operation is None:
            raise aks(404, "NotFound", f"The operation '{request.parameters['operation']}' was not found.")
        return operation

    def _get(self, request: Request) -> Response:
        return Response(200, self._body(self._find(request)), self.retry_after(), JSON)

    def _body(self, operation: LongRunningOperation) -> dict[str, Any]:
        now = self._context.now()
        body: dict[str, Any] = {
            "name": operation.id,
            "status": operation.status(now, self._context.settings.stages),
            "startTime": self._context.timestamp(operation.start),
        }
        if not operation.running(now):
            body["endTime"] = self._context.timestamp(operation.end)
        error = operation.error(now)
        return body | ({"error": error} if error else {})

    def of_cluster(self, cluster_id: str, operation: LongRunningOperation) -> dict[str, Any]:
        """Return the operation as the cluster's own list of operations shows it."""
        body = {**self._body(operation), "id": f"{cluster_id}/operations/{operation.id}"}
        if operation.running(self._context.now()):
            body["status"] = "InProgress"
        return {**body, "percentComplete": round(100 * operation.progress(self._context.now()))}

    def _get_result(self, request: Request) -> Response:
        operation = self._find(request)
        headers = {"location": self._url(operation, "operationresults"), "content-type": JSON}
        headers |= self.retry_after()
        if not operation.running(self._context.now()):
            return Response(204, None, headers)
        body = self._body(operation) | {
            "progress": {"currentStep": ""},
            "leasedUntil": self._context.timestamp(operation.start + LEASE_SECONDS),
            "etag": new_id(),
        }
        return Response(202, body, headers)
