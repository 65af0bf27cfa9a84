# SPDX-License-Identifier: MIT
"""The handler of `az aks pod-identity list-clusters`, which imports its use case when it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.cli.core.commands import AzCliCommand


def list_clusters(
    cmd: AzCliCommand,
    subscriptions: list[str] | None = None,
    management_group: str | None = None,
    include_disabled: bool = False,
) -> list[dict[str, Any]]:
    """Return a row for each cluster with the add-on enabled, or for all clusters."""
    from azext_podidentity.actions.fleet.inventory import Scope, fail_if_unreadable, read_inventory
    from azext_podidentity.cli.after_output import warn_after_output

    inventory = read_inventory(cmd.cli_ctx, Scope(tuple(subscriptions or ()), management_group))
    warn_after_output(cmd.cli_ctx, inventory.summary(), last=True)
    fail_if_unreadable(cmd.cli_ctx, inventory)
    return inventory.rows(include_disabled=include_disabled)
