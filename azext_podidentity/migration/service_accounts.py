# SPDX-License-Identifier: MIT
"""Propose a service account for workloads that run as `default`."""

from __future__ import annotations

from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.matching import Match
from azext_podidentity.profile.validation import MAX_SUBDOMAIN

_SUFFIX = "-workload-identity"


def proposed_account(match: Match, inventory: Inventory) -> str:
    """Return the name of the pod identity that the workload uses, so that all its workloads share a service account.

    If a service account with that name exists for something else, return another name. The result is the same before
    and after the service account is created.
    """
    namespace, name = match.workload.key.namespace, match.entries[0].key.name
    client_ids = [each.client_id for each in match.identities]
    there = inventory.service_accounts.get((namespace, name))
    if there is not None and there.client_id not in client_ids:
        return f"{name[: MAX_SUBDOMAIN - len(_SUFFIX)]}{_SUFFIX}"
    return name
