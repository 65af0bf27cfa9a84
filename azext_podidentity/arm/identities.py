"""Managed identities, read by resource id, each in its own subscription."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError
from knack.util import CLIError

from azext_podidentity._client_factory import managed_identity_client
from azext_podidentity.arm.errors import ServiceError, explain_plainly
from azext_podidentity.arm.parallel import Shared, for_each
from azext_podidentity.profile.entries import ManagedIdentity, Missing
from azext_podidentity.profile.rules import managed_identity_parts


def find(cli_ctx: Any, resource_id: str) -> ManagedIdentity | Missing:
    """The managed identity with its client and object id, or that it is missing.

    Raises an azure-cli error for every other answer.
    """
    return _find(partial(managed_identity_client, cli_ctx), resource_id)


def find_many(cli_ctx: Any, resource_ids: Iterable[str]) -> dict[str, ManagedIdentity | Missing | CLIError]:
    """What `find` finds for each of the ids, by the id in lower case; the error in place of what cannot be read."""
    return for_each(resource_ids, partial(_find, Shared(partial(managed_identity_client, cli_ctx))))


def _find(client_of: Callable[[str], Any], resource_id: str) -> ManagedIdentity | Missing:
    """As `find`, with the client of a subscription that `client_of` gives."""
    subscription, resource_group, name = managed_identity_parts(resource_id)
    try:
        identity = client_of(subscription).user_assigned_identities.get(resource_group, name)
    except AzureError as error:
        if isinstance(error, HttpResponseError) and error.status_code == 404:
            return Missing(resource_group_too=ServiceError.of(error).code == "ResourceGroupNotFound")
        raise explain_plainly(error) from error
    return ManagedIdentity(
        resource_id=identity.id or resource_id,
        client_id=identity.client_id,
        object_id=identity.principal_id,
    )
