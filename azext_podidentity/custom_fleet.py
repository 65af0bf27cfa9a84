"""The handlers of commands over many clusters. Each imports its use case when it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from knack.log import get_logger

if TYPE_CHECKING:
    from azure.cli.core.commands import AzCliCommand

logger = get_logger(__name__)


def list_clusters(
    cmd: AzCliCommand,
    subscriptions: list[str] | None = None,
    management_group: str | None = None,
    include_disabled: bool = False,
) -> list[dict[str, Any]]:
    """Return a row for each cluster with the add-on enabled, or for all clusters."""
    from azure.cli.core.azclierror import AzureResponseError

    from azext_podidentity.actions.fleet.inventory import Scope, read_inventory
    from azext_podidentity.cli.after_output import PARTIAL, fail_after_output, warn_after_output
    from azext_podidentity.fleet.inventory import count_of

    inventory = read_inventory(cmd.cli_ctx, Scope(tuple(subscriptions or ()), management_group))
    warn_after_output(cmd.cli_ctx, inventory.summary())
    if inventory.unreadable:
        unread = count_of(len(inventory.unreadable), "subscription")
        error = AzureResponseError(f"Partial result: {unread} cannot be read.")
        fail_after_output(cmd.cli_ctx, error, PARTIAL)
    return inventory.rows(include_disabled=include_disabled)
