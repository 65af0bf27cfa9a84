"""All checks there are, and the run of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from azext_podidentity.checks import (
    cluster,
    deprecation,
    entries,
    exceptions,
    managed_identities,
    registration,
    selectors,
    stale,
)
from azext_podidentity.checks.finding import SEVERITIES, Finding
from azext_podidentity.checks.snapshot import Snapshot

Check = Callable[[Snapshot], Iterable[Finding]]

# By the name that a finding carries, which scripts rely on. Findings of one severity come in this order: what must be
# mended first is first.
CHECKS: dict[str, Check] = {
    "provider-registration": registration.provider,
    "feature-registration": registration.feature,
    "cluster-state": cluster.state,
    "cluster-power": cluster.power,
    "cluster-identity": cluster.managed_identity,
    "kubernetes-version": cluster.kubernetes_version,
    "node-pools": cluster.node_pools,
    "network-plugin": cluster.network_plugin,
    "add-on": cluster.add_on,
    "managed-identity-id": managed_identities.resource_ids,
    "managed-identity-role": managed_identities.roles,
    "managed-identity-missing": stale.missing,
    "managed-identity-recreated": stale.recreated,
    "managed-identity-client-id": stale.client_ids,
    "blocked": stale.together,
    "entry-state": entries.states,
    "entry-name": entries.duplicates,
    "binding-selector": selectors.impossible,
    "exception-without-labels": exceptions.without_labels,
    "exception-label": exceptions.impossible_labels,
    "room": entries.room,
    "managed-identity-unread": managed_identities.unread_identities,
    "role-unread": managed_identities.unread_roles,
    "shared-selector": selectors.shared,
    "exception-matches-any": exceptions.several_labels,
    "deprecation": deprecation.deprecation,
}


def run(snapshot: Snapshot) -> list[Finding]:
    """What all checks find, worst first, else in the order of the table and of the cluster."""
    found = [replace(finding, check=name) for name, check in CHECKS.items() for finding in check(snapshot)]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))
