# SPDX-License-Identifier: MIT
"""Name the service account of a workload that runs as `default`."""

from __future__ import annotations

from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.matching import Match
from azext_podidentity.profile.validation import MAX_SUBDOMAIN

_SUFFIX = "-workload-identity"


def proposed_account(match: Match, inventory: Inventory) -> str:
    """Return the name of the pod identity that the workload uses, so that its workloads share one service account.

    If a service account of that name exists and is not annotated with one of the managed identities, return another
    name. The answer is the same before and after the service account is created.
    """
    namespace, name = match.workload.key.namespace, match.entries[0].key.name
    client_ids = [each.client_id for each in match.identities]
    there = inventory.service_accounts.get((namespace, name))
    if there is not None and there.client_id not in client_ids:
        return f"{name[: MAX_SUBDOMAIN - len(_SUFFIX)]}{_SUFFIX}"
    return name
