# SPDX-License-Identifier: MIT
"""Refuses IDs of a managed identity that cannot be used in place of reading it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace


def validate_known_ids(namespace: Namespace) -> None:
    """Check the client ID and object ID of a managed identity that is not to be read, if they are given.

    Raise an azure-cli error if one is not a GUID, if one is given without the other, or for several managed identities.
    """
    from azure.cli.core.azclierror import MutuallyExclusiveArgumentError, RequiredArgumentMissingError

    from azext_podidentity.profile.validation import check_guid

    # Scripts pass empty IDs if none are known; Git Bash and WSL leave a carriage return.
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
