"""What the service answered → what happened, why, and the command that mends it.

The service's own words, code and request id are kept in every message; what is not known is passed on unchanged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
from azure.core.exceptions import AzureError, HttpResponseError
from knack.log import get_logger
from knack.util import CLIError

from azext_podidentity.profile import identity_problems, known_errors
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.entries import ManagedIdentity, NotFound, PodIdentity
from azext_podidentity.profile.identity_problems import NO_CONTEXT, ChangeContext, Found, Unreadable

logger = get_logger(__name__)

_ASSIGNMENT_ERROR = re.compile(
    r"has no assignment permission over identity 'resourceId: (?P<resource_id>[^\s']+)"
    r"(?: - clientId: (?P<client_id>\S+) - objectId: (?P<object_id>[^\s']+))?"
)
_BUSY = re.compile(r"another operation|in progress", re.IGNORECASE)
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_BY_STATUS: dict[int, type[AzCLIError]] = {
    400: BadRequestError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: ResourceNotFoundError,
}

Lookup = Callable[[str], ManagedIdentity | NotFound]


@dataclass(frozen=True)
class ArmError:
    """What an answer says is wrong, in either form of error body."""

    status: int
    code: str
    message: str
    request_id: str = ""
    details: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, error: HttpResponseError) -> ArmError:
        """Reads the provider's form (code and message at the top) and the front door's (in `error`)."""
        body = _body(error)
        inner = body["error"] if isinstance(body.get("error"), dict) else body
        headers = getattr(error.response, "headers", None) or {}
        said = error.message or str(error)
        if not body and "html" in (headers.get("content-type") or ""):
            said = f"{said}. The answer is a web page, so maybe a proxy's and not Azure's."
        return cls(
            status=error.status_code or 0,
            code=str(inner.get("code") or ""),
            message=str(inner.get("message") or said),
            request_id=headers.get("x-ms-request-id") or headers.get("x-ms-correlation-request-id") or "",
            details=tuple(_details(inner)),
        )

    @classmethod
    def of_entries(cls, entries: Sequence[PodIdentity]) -> ArmError:
        """What `provisioningInfo` of entries in state Failed says is wrong, of at least one."""
        said = [
            (code, f"Pod identity {each.key} ended in state Failed: {message}")
            for each in entries
            for code, message in (each.reason,)
        ]
        return cls(0, *said[0], details=tuple(said[1:]))

    def __str__(self) -> str:
        words = "\n".join(f"({code}) {message}" if code else message for code, message in self._all)
        return f"{words}\nRequest id: {self.request_id}" if self.request_id else words

    @property
    def said(self) -> str:
        """All the service said: `code: message`, a line each."""
        return "\n".join(f"{code}: {message}" for code, message in self._all)

    @property
    def _all(self) -> tuple[tuple[str, str], ...]:
        return ((self.code, self.message), *self.details)

    @property
    def busy(self) -> bool:
        """Whether another operation on the cluster was in the way, or it changed since it was read."""
        return self.status == 412 or (self.status == 409 and bool(_BUSY.search(self.said)))

    @property
    def replaced(self) -> bool:
        """Whether another client's write took the place of this operation while it ran."""
        return self.code == "NotLatestOperation"

    @property
    def unassigned_identity(self) -> ManagedIdentity | None:
        """The managed identity over which the cluster identity has no role, where that is what is wrong."""
        if match := _ASSIGNMENT_ERROR.search(self.said):
            return ManagedIdentity(match["resource_id"], match["client_id"], match["object_id"])
        return None


def explain(error: AzureError, cluster: Cluster, lookup: Lookup, trial: ChangeContext = NO_CONTEXT) -> AzCLIError:
    """The azure-cli error for an answer to a read or write of the cluster.

    `lookup` finds a managed identity by resource id, to tell one that was deleted from one without a role.
    """
    if isinstance(error, HttpResponseError):
        return explain_refusal(ArmError.of(error), cluster, lookup, trial)
    return explain_plainly(error)


def explain_refusal(
    service: ArmError, cluster: Cluster, lookup: Lookup, trial: ChangeContext = NO_CONTEXT
) -> AzCLIError:
    """Return the azure-cli error for what the service said when it refused a read or write of the cluster."""
    return _advise(service, cluster, lookup, trial) or _of_status(service)


def advise(error: AzureError, cluster: Cluster, lookup: Lookup, trial: ChangeContext = NO_CONTEXT) -> AzCLIError | None:
    """As `explain`, but None for an error that has nothing to do with pod identities or permissions."""
    return _advise(ArmError.of(error), cluster, lookup, trial) if isinstance(error, HttpResponseError) else None


def explain_failed(
    entries: Sequence[PodIdentity], cluster: Cluster, lookup: Lookup, trial: ChangeContext = NO_CONTEXT
) -> AzCLIError:
    """The azure-cli error for entries that ended Failed: their provisioningInfo errors, and what mends the first."""
    return explain_refusal(ArmError.of_entries(entries), cluster, lookup, trial)


def explain_stale(entry: PodIdentity, now: Found, cluster: Cluster) -> AzCLIError | None:
    """Return the error for an existing entry that was added for another managed identity than its resource ID names.

    `now` is what the resource ID names today. Return None if that is the same, or cannot be read.
    """
    advice = identity_problems.describe_leftover(entry, now, cluster)
    return AzureResponseError(*advice) if advice else None


def explain_plainly(error: AzureError, mend: str | None = None) -> AzCLIError:
    """The azure-cli error that says what the service said, with the advice given."""
    if isinstance(error, HttpResponseError):
        return _of_status(ArmError.of(error), mend)
    return AzureConnectionError(
        f"Azure could not be reached, or the connection broke: {error}",
        mend or "Run the same command again: it goes on from whatever state the cluster is in.",
    )


def busy_timeout_error(reference: ClusterReference, seconds: float, running: str, tries: int = 0) -> AzCLIError:
    """The error for a cluster that other clients' operations kept busy; `running` says which was in the way last."""
    times = f" and {tries} tries" if tries > 1 else ""
    return AzureResponseError(
        f"Cluster {reference.name!r} was not free within {seconds:g} seconds{times}. In the way was: {running}",
        f"Wait until it is free, and run the same command again:\n{_wait_command(reference)}",
    )


def operation_timeout_error(reference: ClusterReference, seconds: float, status: str) -> AzCLIError:
    """The error for a change that was sent, and whose operation takes longer than a command waits."""
    return AzureResponseError(
        f"The change of cluster {reference.name!r} was accepted, and after {seconds:g} seconds its operation still "
        f"runs ({status}). It goes on without this command.",
        f"Wait for its end, and run the same command again to see that all went well:\n{_wait_command(reference)}",
    )


def _wait_command(reference: ClusterReference) -> str:
    return reference.cluster_command("wait", "--updated")


def is_transient(error: AzureError) -> bool:
    """Whether the same request may well succeed a little later: what the SDK's retry policy takes for that."""
    return not isinstance(error, HttpResponseError) or error.status_code in _PASSING


def _of_status(service: ArmError, mend: str | None = None, why: str = "") -> AzCLIError:
    default = AzureInternalError if service.status >= 500 else AzureResponseError
    message = "\n".join(filter(None, (why, str(service))))
    return _BY_STATUS.get(service.status, default)(message, mend)


def _advise(service: ArmError, cluster: Cluster, lookup: Lookup, trial: ChangeContext) -> AzCLIError | None:
    if identity := service.unassigned_identity:
        now = _look_up(identity.resource_id, lookup)
        why, mend = identity_problems.describe(identity, now, cluster, trial)
    elif known := known_errors.find(service.said, cluster):
        why, mend = known
    else:
        return None
    return _of_status(service, mend, why)


def _look_up(resource_id: str, lookup: Lookup) -> Found:
    try:
        return lookup(resource_id)
    except CLIError as error:  # the subscription is another account's, say: what the service said stands
        logger.debug("Whether the managed identity is still there is not known: %s", error)
        return Unreadable(str(error))


def _details(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Code and message of the errors nested in `details`, whatever their depth; the service also sends null there."""
    details = body.get("details")
    for each in details if isinstance(details, list) else ():
        if isinstance(each, dict):
            if each.get("message"):
                yield str(each.get("code") or ""), str(each["message"])
            yield from _details(each)


def _body(error: HttpResponseError) -> dict[str, Any]:
    """The JSON object of the answer, empty where it is none (a proxy's HTML page)."""
    try:
        body = json.loads(error.response.text())  # type: ignore[union-attr]
    except (AttributeError, ValueError, AzureError):
        return {}
    return body if isinstance(body, dict) else {}
