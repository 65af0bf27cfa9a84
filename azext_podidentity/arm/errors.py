# SPDX-License-Identifier: MIT
"""Convert errors of the service to azure-cli errors: what happened, why, and how to fix it.

Every message contains the service's own message and request ID. An unknown error is passed on unchanged.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from azure.cli.core.azclierror import (
    AzCLIError,
    AzureConnectionError,
    AzureInternalError,
    AzureResponseError,
    BadRequestError,
    ForbiddenError,
    ResourceNotFoundError,
    UnauthorizedError,
)
from azure.core.exceptions import AzureError, HttpResponseError, ODataV4Format
from knack.log import get_logger
from knack.util import CLIError

from azext_podidentity.arm.throttling import THROTTLED, retry_after, run_again_step
from azext_podidentity.profile.advice import Advice
from azext_podidentity.profile.entries import Found, ManagedIdentity, NotFound, PodIdentity, Unreadable
from azext_podidentity.profile.service_requests import NO_CONTEXT, ChangeContext, Request, Retry, ServiceMessage, Stage
from azext_podidentity.profile.text import printable

if TYPE_CHECKING:
    from azext_podidentity.profile.cluster import Cluster
    from azext_podidentity.profile.known_errors import Failure, KnownError

logger = get_logger(__name__)

_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
_BY_STATUS: dict[int, type[AzCLIError]] = {
    400: BadRequestError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: ResourceNotFoundError,
}

Lookup = Callable[[str], ManagedIdentity | NotFound]
Steps = list[str] | tuple[str, ...]


@dataclass(frozen=True)
class ArmError:
    """The errors of one response.

    status: the HTTP status, 0 if there was no response. errors: the outermost error first, then its details of any
    depth. of_operation: whether the response is that of a failed operation, not of the request itself.
    retry_after: the seconds of the header Retry-After.
    """

    status: int
    errors: tuple[ServiceMessage, ...]
    request_id: str = ""
    of_operation: bool = False
    retry_after: float | None = None

    @classmethod
    def of(cls, error: HttpResponseError) -> ArmError:
        """Read the errors of an exception of the SDK."""
        headers = getattr(error.response, "headers", None) or {}
        method = getattr(getattr(error.response, "request", None), "method", None)
        return cls(
            status=error.status_code or 0,
            errors=tuple(_errors(error)),
            request_id=headers.get("x-ms-request-id") or headers.get("x-ms-correlation-request-id") or "",
            of_operation=method == "GET" or error.status_code in (200, 201, 202),
            retry_after=retry_after(headers),
        )

    @classmethod
    def of_entries(cls, entries: Sequence[PodIdentity]) -> ArmError:
        """Read the provisioningInfo errors of entries in state Failed, at least one."""
        return cls(
            0,
            tuple(
                ServiceMessage(code, f"Pod identity '{each.key}' ended in state Failed: {message}")
                for each in entries
                for code, message in (each.reason,)
            ),
        )

    def __str__(self) -> str:
        words = "\n".join(f"({code}) {message}" if code else message for code, message in self.errors)
        return printable(f"{words}\nRequest ID: {self.request_id}" if self.request_id else words)

    @property
    def code(self) -> str:
        """Return the code of the outermost error."""
        return self.errors[0].code

    @property
    def message(self) -> str:
        """Return the message of the outermost error."""
        return self.errors[0].message

    @property
    def retry(self) -> Retry:
        """Return how to retry a change of the cluster that was refused with this error."""
        known = self.known(Request(Stage.WRITE))
        return known[0].retry if known else Retry.NO

    @property
    def replaced(self) -> bool:
        """Return whether another client's write replaced this operation while it was running."""
        known = self.known(Request(Stage.WRITE))
        return known is not None and known[0].replaced

    @property
    def busy(self) -> bool:
        """Return whether another operation blocks the change, or the cluster changed since it was read."""
        return self.retry is Retry.REAPPLY and not self.replaced

    @property
    def unassigned_identity(self) -> ManagedIdentity | None:
        """Return the managed identity on which the cluster identity has no role, if that is the error."""
        from azext_podidentity.profile.error_rows.pod_identity import find_unassigned_identity

        return find_unassigned_identity(self.errors)

    def known(self, request: Request) -> tuple[KnownError, Failure] | None:
        """Return the matching row of the table of known errors and the failure; None for an unknown error."""
        from azext_podidentity.profile.error_rows import TABLE
        from azext_podidentity.profile.known_errors import find_known

        if request.stage is Stage.WRITE and self.of_operation:
            request = replace(request, stage=Stage.OPERATION)
        return find_known(TABLE, self.errors, request, self.status)

    def explained(self, advice: Advice) -> AzCLIError:
        """Return the azure-cli error with the advice and the service's message, in the class that fits the status."""
        if self.status == THROTTLED:
            advice = replace(advice, steps=(run_again_step(self.retry_after),))
        default = AzureInternalError if self.status >= 500 else AzureResponseError
        return advice.error(_BY_STATUS.get(self.status, default), str(self))


def explain(
    error: AzureError,
    cluster: Cluster,
    lookup: Lookup,
    context: ChangeContext = NO_CONTEXT,
    stage: Stage = Stage.WRITE,
) -> AzCLIError:
    """Return the azure-cli error for a response to a request about the cluster.

    lookup: finds a managed identity by its resource ID, to distinguish one that was deleted from one without a role.
    """
    if not isinstance(error, HttpResponseError):
        return _explain_connection(error)
    return explain_refusal(ArmError.of(error), cluster, lookup, context, stage)


def explain_refusal(
    service: ArmError,
    cluster: Cluster,
    lookup: Lookup,
    context: ChangeContext = NO_CONTEXT,
    stage: Stage = Stage.WRITE,
) -> AzCLIError:
    """Return the azure-cli error for a response that was read; the arguments are those of `explain`."""
    return _explain(service, Request(stage, cluster, _found_by(lookup), context))


def explain_if_pod_identity(error: HttpResponseError, cluster: Cluster, lookup: Lookup) -> AzCLIError | None:
    """Return the same error for `az aks create/update`, None if it is neither about pod identity nor a 429."""
    service = ArmError.of(error)
    known = service.known(Request(Stage.WRITE, cluster, _found_by(lookup)))
    ours = known and (known[0].pod_identity or service.status == THROTTLED)
    return service.explained(known[0].advise(known[1])) if known and ours else None


def explain_failed(
    entries: Sequence[PodIdentity], cluster: Cluster, lookup: Lookup, context: ChangeContext = NO_CONTEXT
) -> AzCLIError:
    """Return the azure-cli error for entries that ended in state Failed: their provisioningInfo errors, and a fix."""
    return _explain(ArmError.of_entries(entries), Request(Stage.ENTRY, cluster, _found_by(lookup), context))


def explain_leftover(entry: PodIdentity, now: Found, cluster: Cluster) -> AzCLIError | None:
    """Return the error for an existing entry that was added for another managed identity than its resource ID names.

    `now` is the managed identity that currently has the resource ID. Return None if it is the same or unreadable.
    """
    from azext_podidentity.profile.identity_problems import leftover_advice

    advice = leftover_advice(entry, now, cluster)
    return advice.error(AzureResponseError) if advice else None


def explain_plainly(
    error: AzureError, steps: Steps = (), *, happened: str = "", stage: Stage = Stage.LOOKUP
) -> AzCLIError:
    """Return the azure-cli error for a response to a request that is not about a cluster.

    steps: the recommendations for an error that the table does not know. happened: a sentence about what failed.
    """
    if not isinstance(error, HttpResponseError):
        return _explain_connection(error, steps, happened)
    return _explain(ArmError.of(error), Request(stage), steps, happened)


def is_transient(error: AzureError) -> bool:
    """Return whether the same request may succeed a little later; the statuses are those of the SDK's retry policy."""
    return not isinstance(error, HttpResponseError) or error.status_code in _TRANSIENT


def _explain(service: ArmError, request: Request, steps: Steps = (), happened: str = "") -> AzCLIError:
    known = service.known(request)
    advice = known[0].advise(known[1]) if known else Advice("", tuple(steps))
    return service.explained(replace(advice, reason=" ".join(filter(None, (happened, advice.reason)))))


def _explain_connection(error: AzureError, steps: Steps = (), happened: str = "") -> AzCLIError:
    from azure.cli.core.util import SSLERROR_TEMPLATE
    from requests.exceptions import SSLError

    unreachable = f"Azure could not be reached, or the connection was interrupted: {error}"
    message = " ".join(filter(None, (happened, unreachable)))
    if isinstance(error.inner_exception, SSLError):
        return AzureConnectionError(message, SSLERROR_TEMPLATE)
    again = "Run your command again; it continues from the current state."
    return AzureConnectionError(message, [*steps] or [again])


def _found_by(lookup: Lookup) -> Callable[[str], Found]:
    """Return the lookup, wrapped to return a value instead of raising, for example for an inaccessible subscription."""

    def find(resource_id: str) -> Found:
        try:
            return lookup(resource_id)
        except CLIError as error:
            logger.debug("The managed identity could not be read: %s", error)
            return Unreadable.because(error)

    return find


def _errors(error: HttpResponseError) -> Iterator[ServiceMessage]:
    """Yield the errors of the response; any part of it may be missing."""
    body = _body(error)
    parsed = error.error or _parse(body)
    if parsed is not None:
        yield ServiceMessage(str(parsed.code or ""), str(parsed.message or _plain_words(error)))
        yield from _details(parsed)
    elif isinstance(body, dict) and str(body.get("status")).lower() in ("canceled", "cancelled"):
        yield ServiceMessage("Canceled", "The operation was canceled.")
    else:
        yield ServiceMessage("", _plain_words(error))


def _details(parsed: ODataV4Format) -> Iterator[ServiceMessage]:
    for each in parsed.details:
        if each.message:
            yield ServiceMessage(str(each.code or ""), str(each.message))
        yield from _details(each)


def _parse(body: Any) -> ODataV4Format | None:
    """Parse a body with `additionalInfo: null`, which the SDK's format for Azure Resource Manager cannot parse."""
    try:
        inner = body.get("error") or body
        return ODataV4Format({name: value for name, value in inner.items() if value is not None})
    except (AttributeError, TypeError, ValueError):
        return None


def _plain_words(error: HttpResponseError) -> str:
    """Return the SDK's message for a response that contains no error."""
    words = error.message or str(error)
    content_type = (getattr(error.response, "headers", None) or {}).get("content-type") or ""
    if "html" in content_type:
        return f"{words}. The response is a web page, possibly from a proxy and not from Azure."
    return words


def _body(error: HttpResponseError) -> Any:
    """Return the JSON value of the response, None if it is not JSON, for example a proxy's page."""
    try:
        return json.loads(error.response.text())  # type: ignore[union-attr]
    except (AttributeError, ValueError, AzureError):
        return None
