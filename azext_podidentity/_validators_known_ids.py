# SPDX-License-Identifier: MIT
"""Validate the IDs of a managed identity that the command does not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace


def validate_known_ids(namespace: Namespace) -> None:
    """Check the client ID and object ID of a managed identity that the command does not read, if they are set.

    Raise an azure-cli error if one is not a GUID, if only one of them is set, or if there are several managed
    identities.
    """
    from azure.cli.core.azclierror import MutuallyExclusiveArgumentError, RequiredArgumentMissingError

    from azext_podidentity.profile.validation import check_guid

    # Scripts can pass empty IDs. Git Bash and WSL can add a carriage return.
    client_id, object_id = ((each or "").rstrip("\r") for each in (namespace.client_id, namespace.object_id))
    namespace.client_id = check_guid(client_id, "--client-id") if client_id else None
    namespace.object_id = check_guid(object_id, "--object-id") if object_id else None
    if bool(client_id) != bool(object_id):
        raise RequiredArgumentMissingError(
            "--client-id and --object-id can only be used together.", "Pass both of them, or neither."
        )
    if client_id and not _identities(namespace):
        raise RequiredArgumentMissingError(
            "--client-id and --object-id are those of a new managed identity.",
            "Pass its --identity-resource-id too.",
        )
    if client_id and len(_identities(namespace)) > 1:
        raise MutuallyExclusiveArgumentError(
            "--client-id and --object-id can only be used with one --identity-resource-id.",
            "Run the command once for each managed identity.",
        )


def _identities(namespace: Namespace) -> list[str]:
    """Return the resource IDs on the command line of `add` or `update`."""
    several: list[str] | None = getattr(namespace, "identity_resource_ids", None)
    one: str | None = getattr(namespace, "identity_resource_id", None)
    return several or ([one] if one else [])
