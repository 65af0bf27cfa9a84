# SPDX-License-Identifier: MIT
"""Show the status of a migration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azext_podidentity.actions.migration.context import MigrationContext
from azext_podidentity.cli.outcome import Outcome
from azext_podidentity.migration.binding_options import uses_bindings
from azext_podidentity.migration.report import status_report
from azext_podidentity.migration.status import statuses, used_identities

if TYPE_CHECKING:
    from azext_podidentity.kubernetes.sources import Loaded
    from azext_podidentity.migration.inventory import Inventory
    from azext_podidentity.profile.identity_bindings import IdentityBinding


def show_status(context: MigrationContext, loaded: Loaded) -> Outcome:
    """Return the status of each user of pod identity or workload identity."""
    cluster = context.writer.read().cluster
    lookups = context.credentials.read(used_identities(cluster.profile, loaded.inventory))
    return Outcome(
        status_report(statuses(cluster, loaded.inventory, lookups, used_bindings(context, loaded.inventory)))
    )


def used_bindings(context: MigrationContext, inventory: Inventory) -> tuple[IdentityBinding, ...]:
    """Return the identity bindings of the cluster, none if no workload uses one."""
    return context.bindings.read() if uses_bindings(inventory) else ()
