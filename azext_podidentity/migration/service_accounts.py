"""The service account that a workload gets which has none of its own."""

from __future__ import annotations

from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.matching import Match
from azext_podidentity.profile.validation import MAX_SUBDOMAIN

_SUFFIX = "-workload-identity"


def proposed_account(match: Match, inventory: Inventory) -> str:
    """Named like the pod identity that the workload uses, so that workloads of one pod identity share one.

    Another name where a service account of that name is somebody else's: it is there without being annotated with
    one of the managed identities. The same answer before and after the service account was made.
    """
    namespace, name = match.workload.key.namespace, match.entries[0].key.name
    client_ids = [each.client_id for each in match.identities]
    there = inventory.service_accounts.get((namespace, name))
    if there is not None and there.client_id not in client_ids:
        return f"{name[: MAX_SUBDOMAIN - len(_SUFFIX)]}{_SUFFIX}"
    return name
