# SPDX-License-Identifier: MIT
"""Warn before a removal that the service is likely to fail, because the managed identity was deleted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from knack.log import get_logger

from azext_podidentity.arm import managed_identities
from azext_podidentity.profile.entries import NotFound, PodIdentity

if TYPE_CHECKING:
    from azure.cli.core import AzCli

logger = get_logger(__name__)


def warn_of_deleted_identities(cli_ctx: AzCli, removed: Iterable[PodIdentity]) -> None:
    """Log one warning that names the entries to be removed whose managed identities do not exist.

    The service removes a managed identity from the nodes together with its entry, and usually fails if it was deleted.
    Managed identities that cannot be read cause no warning.
    """
    entries = list(removed)
    found = managed_identities.find_many(cli_ctx, (entry.identity.resource_id for entry in entries))
    deleted = [entry for entry in entries if isinstance(found[entry.identity.resource_id.lower()], NotFound)]
    if not deleted:
        return
    names = ", ".join(f"'{entry.key}'" for entry in deleted)
    subject = f"The managed identity of pod identity {names} no longer exists"
    if len(deleted) > 1:
        subject = f"The managed identities of pod identities {names} no longer exist"
    logger.warning("%s, so the service may fail to remove %s.", subject, "it" if len(deleted) == 1 else "them")
