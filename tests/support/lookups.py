# SPDX-License-Identifier: MIT
"""Stand-ins for the look-up of a managed identity by its resource ID."""

from __future__ import annotations

from azure.cli.core.azclierror import ForbiddenError

from azext_podidentity.profile.entries import ManagedIdentity, NotFound
from azext_podidentity.profile.validation import managed_identity_parts


def missing(resource_id: str) -> NotFound:
    """Parse the ID, as the real look-up does, and find nothing."""
    managed_identity_parts(resource_id)
    return NotFound()


def group_deleted(_: str) -> NotFound:
    """Find neither the managed identity nor its resource group."""
    return NotFound(resource_group_too=True)


def existing(resource_id: str) -> ManagedIdentity:
    """Find the managed identity that the service's message names."""
    return ManagedIdentity(resource_id, "the-client", "THE-OBJECT")


def recreated(resource_id: str) -> ManagedIdentity:
    """Find another managed identity with the same name."""
    return ManagedIdentity(resource_id, "another-client", "another-object")


def forbidden(_: str) -> ManagedIdentity:
    """Refuse the look-up."""
    raise ForbiddenError("You may not read it.")
