"""Managed identities, read by resource id, each in its own subscription."""

from __future__ import annotations

from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError

from azext_podidentity._client_factory import managed_identity_client
from azext_podidentity.arm.errors import ServiceError, explain_plainly
from azext_podidentity.profile.entries import ManagedIdentity, Missing
from azext_podidentity.profile.rules import managed_identity_parts


def find(cli_ctx: Any, resource_id: str) -> ManagedIdentity | Missing:
    """The managed identity with its client and object id, or that it is missing.

    Raises an azure-cli error for every other answer.
    """
    subscription, resource_group, name = managed_identity_parts(resource_id)
    client = managed_identity_client(cli_ctx, subscription)
    try:
        identity = client.user_assigned_identities.get(resource_group, name)
    except AzureError as error:
        if isinstance(error, HttpResponseError) and error.status_code == 404:
            return Missing(resource_group_too=ServiceError.of(error).code == "ResourceGroupNotFound")
        raise explain_plainly(error) from error
    return ManagedIdentity(
        resource_id=identity.id or resource_id,
        client_id=identity.client_id,
        object_id=identity.principal_id,
    )
