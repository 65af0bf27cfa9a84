"""Show how far a migration is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azext_podidentity.actions.migration.context import MigrationContext, Outcome
from azext_podidentity.migration.report import status_report
from azext_podidentity.migration.status import statuses, used_identities

if TYPE_CHECKING:
    from azext_podidentity.kubernetes.sources import Loaded


def show_status(context: MigrationContext, loaded: Loaded) -> Outcome:
    """Return the status of each user of pod identity or workload identity."""
    cluster = context.writer.read().cluster
    lookups = context.credentials.read(used_identities(cluster.profile, loaded.inventory))
    return Outcome(status_report(statuses(cluster, loaded.inventory, lookups)))
