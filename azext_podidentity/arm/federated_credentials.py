"""Federated identity credentials: many managed identities at once, one write at a time on each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from azure.cli.core.azclierror import ForbiddenError
from azure.core.exceptions import AzureError, HttpResponseError
from knack.log import get_logger
from knack.util import CLIError

from azext_podidentity.arm.backoff import Backoff
from azext_podidentity.arm.clients import managed_identity_client
from azext_podidentity.arm.concurrency import Shared, for_each
from azext_podidentity.arm.errors import ArmError, explain_plainly
from azext_podidentity.cli.progress import progress
from azext_podidentity.profile.entries import ManagedIdentity, NotFound
from azext_podidentity.profile.identity_problems import Unreadable
from azext_podidentity.profile.validation import managed_identity_parts
from azext_podidentity.profile.workload_credentials import (
    Credential,
    MaybeReading,
    Reading,
    create_command,
    delete_command,
)

logger = get_logger(__name__)

_OVERLAP = "ConcurrentFederatedIdentityCredentialsWrites"
# So long another client's writes to one managed identity are waited for.
_OVERLAP_LIMIT = 120.0

Credentials = Mapping[str, Sequence[Credential]]


class CredentialService:
    """The credentials of managed identities, in whatever subscription each is."""

    def __init__(self, cli_ctx: Any) -> None:
        self._cli_ctx = cli_ctx
        self._client = Shared(partial(managed_identity_client, cli_ctx))

    def read(self, resource_ids: Iterable[str]) -> dict[str, MaybeReading]:
        """The managed identities of those resource ids and their credentials, by the id in lower case.

        One that the caller may not read is unknown. Raises the azure-cli error of the first one that cannot be read
        for another reason.
        """
        found: dict[str, MaybeReading] = {}
        ids = list(resource_ids)
        for key, each in for_each(ids, partial(self._read, self._listed(ids))).items():
            if isinstance(each, CLIError) and not isinstance(each, ForbiddenError):
                raise each
            found[key] = Unreadable(" ".join(str(each).split())) if isinstance(each, ForbiddenError) else each
        return found

    def create(self, wanted: Credentials) -> tuple[dict[str, list[Credential]], list[CLIError]]:
        """Makes the credentials of each managed identity.

        Returns those that are there now by resource id, and the errors of the others; after an error no other is
        tried on that managed identity.
        """
        with progress(self._cli_ctx, "Making federated identity credentials") as turn:
            return _on_each(wanted, self._create, turn)

    def delete(self, unwanted: Credentials) -> tuple[dict[str, list[Credential]], list[CLIError]]:
        """Removes the credentials of each managed identity; answers as `create`. One that is gone is no error."""
        with progress(self._cli_ctx, "Removing federated identity credentials") as turn:
            return _on_each(unwanted, self._delete, turn)

    def _listed(self, resource_ids: Iterable[str]) -> dict[str, ManagedIdentity]:
        """The managed identities of the resource groups that several of the ids are in, by the id in lower case.

        One request a group in place of one an identity: ARM counts reads. What is not there is read by itself.
        """
        count = Counter(managed_identity_parts(each)[:2] for each in map(str.lower, resource_ids))
        groups = {f"{subscription}/{group}": (subscription, group) for subscription, group in count}
        several = [key for key, parts in groups.items() if count[parts] > 1]
        found = for_each(several, lambda key: self._list(*groups[key]))
        lists = (each for each in found.values() if not isinstance(each, CLIError))
        return {each.resource_id.lower(): each for those in lists for each in those}

    def _list(self, subscription: str, group: str) -> list[ManagedIdentity]:
        try:
            return list(
                map(_identity, self._client(subscription).user_assigned_identities.list_by_resource_group(group))
            )
        except AzureError as error:
            logger.debug("The managed identities of %s cannot be listed, so each is read: %s", group, error)
            return []

    def _read(self, listed: Mapping[str, ManagedIdentity], resource_id: str) -> Reading | NotFound:
        subscription, group, name = managed_identity_parts(resource_id)
        client = self._client(subscription)
        try:
            identity = listed.get(resource_id.lower()) or _identity(client.user_assigned_identities.get(group, name))
            credentials = [_credential(each) for each in client.federated_identity_credentials.list(group, name)]
        except AzureError as error:
            if isinstance(error, HttpResponseError) and error.status_code == 404:
                return NotFound(resource_group_too=ArmError.of(error).code == "ResourceGroupNotFound")
            raise explain_plainly(error) from error
        return Reading(identity, tuple(credentials))

    def _create(self, resource_id: str, credential: Credential) -> None:
        from azure.mgmt.msi.models import FederatedIdentityCredential

        subscription, group, name = managed_identity_parts(resource_id)
        model = FederatedIdentityCredential(
            issuer=credential.issuer, subject=credential.subject, audiences=list(credential.audiences)
        )
        write = self._client(subscription).federated_identity_credentials.create_or_update
        _write(partial(write, group, name, credential.name, model), create_command(resource_id, credential))

    def _delete(self, resource_id: str, credential: Credential) -> None:
        subscription, group, name = managed_identity_parts(resource_id)
        delete = self._client(subscription).federated_identity_credentials.delete
        _write(partial(delete, group, name, credential.name), delete_command(resource_id, credential))


def _on_each(
    credentials: Credentials, write: Callable[[str, Credential], None], turn: Callable[[], None]
) -> tuple[dict[str, list[Credential]], list[CLIError]]:
    """Writes the credentials of each managed identity one after the other, many managed identities at the same time."""
    written: dict[str, list[Credential]] = defaultdict(list)
    by_key = {resource_id.lower(): each for resource_id, each in credentials.items()}

    def write_all(resource_id: str) -> None:
        for credential in by_key[resource_id.lower()]:
            write(resource_id, credential)
            written[resource_id].append(credential)

    outcomes = for_each(credentials, write_all, lambda _: turn())
    return dict(written), [each for each in outcomes.values() if isinstance(each, CLIError)]


def _write(write: Callable[[], object], command: str) -> None:
    """Writes, waiting where another client writes to the same managed identity; raises the explained error.

    `command` is what somebody with more rights can run instead.
    """
    pace = Backoff()
    while True:
        try:
            write()
            return
        except AzureError as error:
            overlap = isinstance(error, HttpResponseError) and ArmError.of(error).code.startswith(_OVERLAP)
            if not overlap or pace.elapsed > _OVERLAP_LIMIT:
                raise explain_plainly(error, _advice(error, command)) from error
            logger.info("Another write to the managed identity was in the way: %s", error)
            pace.wait()


def _advice(error: AzureError, command: str) -> str:
    if isinstance(error, HttpResponseError) and error.status_code == 403:
        return f"Have somebody who may write to that managed identity run:\n{command}\nand run the same command again."
    return "Run the same command again: it goes on from whatever is there by then."


def _identity(model: Any) -> ManagedIdentity:
    return ManagedIdentity(model.id, model.client_id, model.principal_id)


def _credential(model: Any) -> Credential:
    return Credential(model.name, model.issuer or "", model.subject or "", tuple(model.audiences or ()))
