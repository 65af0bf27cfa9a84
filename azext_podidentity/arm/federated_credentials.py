# SPDX-License-Identifier: MIT
"""Federated identity credentials: of many managed identities in parallel, with one write at a time to each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from azure.cli.core.azclierror import ForbiddenError
from azure.core.exceptions import AzureError, HttpResponseError
from knack.log import get_logger
from knack.util import CLIError

from azext_podidentity.arm.backoff import Backoff
from azext_podidentity.arm.clients import managed_identity_client
from azext_podidentity.arm.concurrency import ReadOnce, for_each
from azext_podidentity.arm.errors import ArmError, explain_plainly
from azext_podidentity.arm.managed_identities import find_many, not_found_in
from azext_podidentity.cli.progress import progress
from azext_podidentity.profile.entries import ManagedIdentity, NotFound, Unreadable
from azext_podidentity.profile.service_requests import Stage
from azext_podidentity.profile.validation import managed_identity_parts
from azext_podidentity.profile.workload_credentials import (
    FederatedCredential,
    IdentityCredentials,
    IdentityLookup,
    create_command,
    delete_command,
)

if TYPE_CHECKING:
    from azure.cli.core import AzCli
    from azure.mgmt.msi import models

logger = get_logger(__name__)

_CONCURRENT_WRITES = "ConcurrentFederatedIdentityCredentialsWrites"
# Seconds to wait for the writes of another client to the same managed identity.
_CONCURRENT_WRITES_TIMEOUT = 120.0

Credentials = Mapping[str, Sequence[FederatedCredential]]


class CredentialService:
    """The federated identity credentials of managed identities in any subscription."""

    def __init__(self, cli_ctx: AzCli) -> None:
        self._cli_ctx = cli_ctx
        self._client = ReadOnce(partial(managed_identity_client, cli_ctx))

    def read(self, resource_ids: Iterable[str]) -> dict[str, IdentityLookup]:
        """Return the managed identities of the resource IDs with their credentials, by the ID in lower case.

        A managed identity that the caller is not permitted to read is Unreadable. If one cannot be read for another
        reason, raise that azure-cli error.
        """
        identities = find_many(self._cli_ctx, resource_ids)
        existing = {key: each for key, each in identities.items() if isinstance(each, ManagedIdentity)}
        found = {**identities, **for_each(existing, lambda key: self._read_credentials(existing[key.lower()]))}
        return {key: _lookup(each) for key, each in found.items()}

    def read_one(self, resource_id: str) -> IdentityLookup:
        """Return the managed identity with its credentials but without its IDs, Unreadable for any error."""
        try:
            return self._read_credentials(ManagedIdentity(resource_id))
        except CLIError as error:
            return Unreadable.because(error)

    def create(self, wanted: Credentials) -> tuple[dict[str, list[FederatedCredential]], list[CLIError]]:
        """Create the credentials of each managed identity.

        Return the created ones by resource ID, and the errors of the others. After an error, no more credentials of
        that managed identity are created.
        """
        with progress(self._cli_ctx, "Creating federated identity credentials") as update:
            return _on_each(wanted, self._create, update)

    def delete(self, unwanted: Credentials) -> tuple[dict[str, list[FederatedCredential]], list[CLIError]]:
        """Remove the credentials of each managed identity; return the same as `create`."""
        with progress(self._cli_ctx, "Removing federated identity credentials") as update:
            return _on_each(unwanted, self._delete, update)

    def _read_credentials(self, identity: ManagedIdentity) -> IdentityCredentials | NotFound:
        subscription, group, name = managed_identity_parts(identity.resource_id)
        try:
            listed = self._client(subscription).federated_identity_credentials.list(group, name)
            return IdentityCredentials(identity, tuple(map(_credential, listed)))
        except AzureError as error:
            if (not_found := not_found_in(error)) is not None:
                return not_found
            raise explain_plainly(error) from error

    def _create(self, resource_id: str, credential: FederatedCredential) -> None:
        from azure.mgmt.msi.models import FederatedIdentityCredential

        subscription, group, name = managed_identity_parts(resource_id)
        model = FederatedIdentityCredential(
            issuer=credential.issuer, subject=credential.subject, audiences=list(credential.audiences)
        )
        write = self._client(subscription).federated_identity_credentials.create_or_update
        _write(partial(write, group, name, credential.name, model), create_command(resource_id, credential))

    def _delete(self, resource_id: str, credential: FederatedCredential) -> None:
        subscription, group, name = managed_identity_parts(resource_id)
        delete = self._client(subscription).federated_identity_credentials.delete
        _write(partial(delete, group, name, credential.name), delete_command(resource_id, credential))


def _on_each(
    credentials: Credentials, write: Callable[[str, FederatedCredential], None], update: Callable[[], None]
) -> tuple[dict[str, list[FederatedCredential]], list[CLIError]]:
    """Write to many managed identities in parallel, and to each of them one credential after another."""
    written: dict[str, list[FederatedCredential]] = defaultdict(list)
    by_key = {resource_id.lower(): each for resource_id, each in credentials.items()}

    def write_all(resource_id: str) -> None:
        for credential in by_key[resource_id.lower()]:
            write(resource_id, credential)
            written[resource_id].append(credential)

    outcomes = for_each(credentials, write_all, lambda _: update())
    return dict(written), [each for each in outcomes.values() if isinstance(each, CLIError)]


def _write(write: Callable[[], object], command: str) -> None:
    """Call `write`, and retry while another client writes to the same managed identity. Raise the explained error.

    `command` is the command that a user with more permissions can run instead.
    """
    pace = Backoff()
    while True:
        try:
            write()
            return
        except AzureError as error:
            concurrent = isinstance(error, HttpResponseError) and ArmError.of(error).code.startswith(_CONCURRENT_WRITES)
            if not concurrent or pace.elapsed > _CONCURRENT_WRITES_TIMEOUT:
                raise explain_plainly(
                    error,
                    _steps(error, command),
                    happened="The federated identity credential could not be changed.",
                    stage=Stage.CREDENTIAL,
                ) from error
            logger.info("Another client is writing to the managed identity; retrying. %s", error)
            pace.wait()


def _steps(error: AzureError, command: str) -> list[str]:
    """Return the recommendations for an unknown error."""
    if isinstance(error, HttpResponseError) and error.status_code == 403:
        return ["Ask an owner of the managed identity to run this command, and then run your command again:", command]
    return ["Run your command again; it continues from the current state."]


def _lookup(found: IdentityCredentials | ManagedIdentity | NotFound | CLIError) -> IdentityLookup:
    """Return the result as an `IdentityLookup`. Raise an error other than a missing permission."""
    if isinstance(found, ForbiddenError):
        return Unreadable.because(found)
    if isinstance(found, CLIError):
        raise found
    return IdentityCredentials(found) if isinstance(found, ManagedIdentity) else found


def _credential(model: models.FederatedIdentityCredential) -> FederatedCredential:
    return FederatedCredential(model.name or "", model.issuer or "", model.subject or "", tuple(model.audiences or ()))
