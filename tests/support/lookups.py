# SPDX-License-Identifier: MIT
"""What a look-up of a managed identity by its resource id finds."""

from __future__ import annotations

from azure.cli.core.azclierror import ForbiddenError

from azext_podidentity.profile.entries import ManagedIdentity, NotFound
from azext_podidentity.profile.validation import managed_identity_parts


def gone(resource_id: str) -> NotFound:
    """A look-up that finds nothing; like the real one it takes the id apart."""
    managed_identity_parts(resource_id)
    return NotFound()


def gone_with_its_group(_: str) -> NotFound:
    """A look-up that does not even find the resource group."""
    return NotFound(resource_group_too=True)


def there(resource_id: str) -> ManagedIdentity:
    """A look-up that finds the managed identity of the service's message."""
    return ManagedIdentity(resource_id, "the-client", "THE-OBJECT")


def made_anew(resource_id: str) -> ManagedIdentity:
    """A look-up that finds another managed identity under the same name."""
    return ManagedIdentity(resource_id, "another-client", "another-object")


def forbidden(_: str) -> ManagedIdentity:
    """A look-up that the user has no right to make."""
    raise ForbiddenError("You may not read it.")
