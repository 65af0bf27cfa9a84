"""What the service answered → what happened, why, and the command that mends it.

The messages of the service are those of public recordings and reports; its words, code and request id are
kept in every message.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
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

from azext_podidentity.profile.cluster import KUBENET_RISK, Cluster, ClusterReference
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, Missing, PodIdentity
from azext_podidentity.profile.kinds import IDENTITY
from azext_podidentity.profile.mending import OPERATOR_ROLE, create_commands, grant_command

logger = get_logger(__name__)

_ASSIGNMENT_ERROR = re.compile(
    r"has no assignment permission over identity 'resourceId: (?P<resource_id>[^\s']+)"
    r"(?: - clientId: (?P<client_id>\S+) - objectId: (?P<object_id>[^\s']+))?"
)
_BUSY = re.compile(r"another operation|in progress", re.IGNORECASE)
_BY_STATUS: dict[int, type[AzCLIError]] = {
    400: BadRequestError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: ResourceNotFoundError,
}

Lookup = Callable[[str], "ManagedIdentity | Missing"]


@dataclass(frozen=True)
class ServiceError:
    """What an answer says is wrong, in either form of error body."""

    status: int
    code: str
    message: str
    request_id: str

    @classmethod
    def of(cls, error: HttpResponseError) -> ServiceError:
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
        )

    def __str__(self) -> str:
        code = f"({self.code}) " if self.code else ""
        request = f"\nRequest id: {self.request_id}" if self.request_id else ""
        return f"{code}{self.message}{request}"

    @property
    def busy(self) -> bool:
        """Whether another operation on the cluster was in the way, or it changed since it was read."""
        return self.status == 412 or (self.status == 409 and bool(_BUSY.search(self.message)))

    @property
    def replaced(self) -> bool:
        """Whether another client's write took the place of this operation while it ran."""
        return self.code == "NotLatestOperation"

    @property
    def unassigned_identity(self) -> ManagedIdentity | None:
        """The managed identity over which the cluster identity has no role, where that is what is wrong."""
        if match := _ASSIGNMENT_ERROR.search(self.message):
            return ManagedIdentity(match["resource_id"], match["client_id"], match["object_id"])
        return None


def explain(error: AzureError, cluster: Cluster, lookup: Lookup) -> AzCLIError:
    """The azure-cli error for an answer to a read or write of the cluster.

    `lookup` finds a managed identity by resource id, to tell one that was deleted from one without a role.
    """
    return advise(error, cluster, lookup) or explain_plainly(error)


def advise(error: AzureError, cluster: Cluster, lookup: Lookup) -> AzCLIError | None:
    """As `explain`, but None for an error that has nothing to do with pod identities or permissions."""
    return _advise(ServiceError.of(error), cluster, lookup) if isinstance(error, HttpResponseError) else None


def explain_failed(entry: PodIdentity, cluster: Cluster, lookup: Lookup) -> AzCLIError:
    """The azure-cli error for an entry that ended Failed: its provisioningInfo error, and what mends it."""
    code, message = entry.error or ("", "the service gave no reason")
    failure = f"Pod identity {entry.key} ended in state Failed: {message}"
    service = ServiceError(status=0, code=code, message=failure, request_id="")
    return _advise(service, cluster, lookup) or _of_status(service)


def explain_stale(entry: PodIdentity, cluster: Cluster, lookup: Lookup) -> AzCLIError | None:
    """The error for an entry whose managed identity is gone or was created again since; None where it is as it was."""
    try:
        now = lookup(entry.identity.resource_id)
    except CLIError as error:
        logger.debug("Whether the managed identity is still there is not known: %s", error)
        return None
    if isinstance(now, ManagedIdentity) and not _is_another(entry.identity, now):
        return None
    return _explain_unassigned(ServiceError(0, "", "", ""), entry.identity, cluster, lambda _: now)


def explain_plainly(error: AzureError, advice: str | None = None) -> AzCLIError:
    """The azure-cli error that says what the service said, with the advice given."""
    if isinstance(error, HttpResponseError):
        return _of_status(ServiceError.of(error), advice)
    return AzureConnectionError(
        f"Azure could not be reached, or the connection broke: {error}",
        advice or "Run the same command again: it goes on from whatever state the cluster is in.",
    )


def gave_up(reference: ClusterReference, tries: int) -> AzCLIError:
    """The error for a cluster on which other clients' writes were in the way every time."""
    return AzureResponseError(
        f"Other operations on cluster {reference.name!r} were in the way {tries} times.",
        "Find out what changes the cluster all the time, and run the same command again.",
    )


def _of_status(service: ServiceError, advice: str | None = None, why: str = "") -> AzCLIError:
    default = AzureInternalError if service.status >= 500 else AzureResponseError
    message = "\n".join(filter(None, (why, str(service))))
    return _BY_STATUS.get(service.status, default)(message, advice)


def _advise(service: ServiceError, cluster: Cluster, lookup: Lookup) -> AzCLIError | None:
    if identity := service.unassigned_identity:
        return _explain_unassigned(service, identity, cluster, lookup)
    for pattern, advice in _ADVICE:
        if match := pattern.search(f"{service.code}: {service.message}"):
            return _of_status(service, advice(cluster, match))
    return None


def _explain_unassigned(
    service: ServiceError, identity: ManagedIdentity, cluster: Cluster, lookup: Lookup
) -> AzCLIError:
    """Tells a managed identity that is gone from one that was made anew and one without a role."""
    entries = cluster.profile.bound_to(identity.resource_id)
    names = ", ".join(str(entry.key) for entry in entries) or "that is being added"
    subject = f"Pod identity {names} is bound to managed identity {identity.resource_id}"
    blocked = "Until that is mended the service refuses every change of the cluster's pod identities."
    grant = grant_command(cluster.principal_id or "CLUSTER_IDENTITY", identity.resource_id)
    removal = "\n".join(IDENTITY.delete_command(cluster, entry.key) for entry in entries)
    try:
        now = lookup(identity.resource_id)
    except CLIError as error:  # the subscription is another account's, say: what the service said stands
        why = f"{subject}, which is gone or over which the cluster identity has no role (not known: {error}). {blocked}"
        return _of_status(service, f"If it is there, grant the role, and run the same command again:\n{grant}", why)
    if isinstance(now, Missing):
        # The service takes the identity from the nodes when the entry goes, and fails where there is none.
        create = create_commands(identity.resource_id, cluster.location, resource_group_too=now.resource_group_too)
        why = f"{subject}, which does not exist any more. {blocked}"
        advice = "Create the managed identity again, grant the role, and then remove the entry:"
        return _of_status(service, f"{advice}\n{create}\n{grant}\n{removal}", why)
    if _is_another(identity, now):
        why = f"{subject}, which was deleted and created again: its object id is another one now. {blocked}"
        return _of_status(service, f"Remove the entry, and add it again afterwards:\n{removal}", why)
    why = f"{subject}, over which the cluster identity has no role. {blocked}"
    return _of_status(service, f"Grant it, and run the same command again:\n{grant}", why)


def _is_another(identity: ManagedIdentity, now: ManagedIdentity) -> bool:
    """Whether the resource id names another managed identity now than the one the entry was made for."""
    return bool(identity.object_id and now.object_id and identity.object_id.lower() != now.object_id.lower())


def _advise_registration(cluster: Cluster, _: re.Match[str]) -> str:
    feature = ("--namespace", "Microsoft.ContainerService", "--name", "EnablePodIdentityPreview")
    return (
        f"Register the preview feature, wait until it is Registered, and refresh the provider:\n"
        f"{cluster.reference.command('feature', 'register', *feature)}\n"
        f"{cluster.reference.command('provider', 'register', '--namespace', 'Microsoft.ContainerService')}"
    )


def _advise_managed_identity(cluster: Cluster, _: re.Match[str]) -> str:
    return f"Give the cluster a managed identity with:\n{cluster.reference.update_command('--enable-managed-identity')}"


def _advise_kubenet(cluster: Cluster, _: re.Match[str]) -> str:
    flags = ("--enable-pod-identity", "--enable-pod-identity-with-kubenet")
    if cluster.provisioning_state is None:  # not created yet
        return f"{KUBENET_RISK}\nTo consent, also pass {flags[1]}. Or pass: --network-plugin azure"
    return f"{KUBENET_RISK}\nTo consent:\n{cluster.reference.update_command(*flags)}"


def _advise_same_name(cluster: Cluster, match: re.Match[str]) -> str:
    key = EntryKey(namespace=match["namespace"], name=match["name"])
    return (
        f"The service still holds {key}, maybe from a removal that failed, for another managed identity or one that "
        "was created again since. Remove it first, or choose another --name:\n" + IDENTITY.delete_command(cluster, key)
    )


def _advise_assign_permission(_: Cluster, __: re.Match[str]) -> str:
    return (
        "The account you are logged in with needs Microsoft.ManagedIdentity/userAssignedIdentities/assign/action over "
        f"that identity: ask its owner for the role {OPERATOR_ROLE}, then run the same command again."
    )


def _advise_permission(_: Cluster, __: re.Match[str]) -> str:
    return (
        "Trying again does not help: ask an owner of that scope for a role with this action. "
        "Right after a role was granted, log in again."
    )


def _advise_absent(cluster: Cluster, _: re.Match[str]) -> str:
    return (
        f"Cluster {cluster.reference.name!r} was not found in resource group {cluster.reference.resource_group!r}. "
        f"List the clusters of the subscription with:\n{cluster.reference.command('aks', 'list', '--output', 'table')}"
    )


_ADVICE: tuple[tuple[re.Pattern[str], Callable[[Cluster, re.Match[str]], str]], ...] = (
    (re.compile(r"EnablePodIdentityPreview' is not enabled"), _advise_registration),
    (re.compile(r"addon requires managed identity"), _advise_managed_identity),
    (re.compile(r"Network plugin kubenet is not supported"), _advise_kubenet),
    (
        re.compile(r"different identities with the same name '(?P<name>[^']*)' in namespace '(?P<namespace>[^']*)'"),
        _advise_same_name,
    ),
    (re.compile(r"^LinkedAuthorizationFailed"), _advise_assign_permission),
    (re.compile(r"^AuthorizationFailed"), _advise_permission),
    (re.compile(r"^(ResourceNotFound|NotFound|ResourceGroupNotFound):"), _advise_absent),
)


def _body(error: HttpResponseError) -> dict[str, Any]:
    """The JSON object of the answer, empty where it is none (a proxy's HTML page)."""
    try:
        body = json.loads(error.response.text())  # type: ignore[union-attr]
    except (AttributeError, ValueError, AzureError):
        return {}
    return body if isinstance(body, dict) else {}
