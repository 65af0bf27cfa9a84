"""Managed identities, read by resource id, each in its own subscription."""

from __future__ import annotations

from typing import Any

from azure.cli.core.azclierror import ResourceNotFoundError
from azure.core.exceptions import HttpResponseError

from azext_podidentity._client_factory import managed_identity_client
from azext_podidentity.arm.errors import explain_plainly
from azext_podidentity.profile.entries import ManagedIdentity
from azext_podidentity.profile.rules import managed_identity_parts


def find(cli_ctx: Any, resource_id: str) -> ManagedIdentity | None:
    """The managed identity with its client and object id; None where it does not exist.

    Raises an azure-cli error for every other answer.
    """
    subscription, resource_group, name = managed_identity_parts(resource_id)
    client = managed_identity_client(cli_ctx, subscription)
    try:
        identity = client.user_assigned_identities.get(resource_group, name)
    except HttpResponseError as error:
        if error.status_code == 404:
            return None
        raise explain_plainly(error) from error
    return ManagedIdentity(
        resource_id=identity.id or resource_id,
        client_id=identity.client_id,
        object_id=identity.principal_id,
    )


def read(cli_ctx: Any, resource_id: str) -> ManagedIdentity:
    """The managed identity with its client and object id.

    Raises ResourceNotFoundError where it does not exist, an azure-cli error for every other answer.
    """
    identity = find(cli_ctx, resource_id)
    if identity is None:
        subscription, resource_group, name = managed_identity_parts(resource_id)
        raise ResourceNotFoundError(
            f"Managed identity {resource_id} does not exist.",
            "List those of its resource group with:\n"
            f"az identity list --resource-group {resource_group} --subscription {subscription} --output table\n"
            "or create it with:\n"
            f"az identity create --resource-group {resource_group} --name {name} --subscription {subscription}",
        )
    return identity
