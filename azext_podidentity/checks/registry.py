"""All checks there are, and the run of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from azext_podidentity.checks import (
    cluster_settings,
    deprecation,
    entry_states,
    exceptions,
    managed_identities,
    preview_feature,
    selectors,
    stale_ids,
)
from azext_podidentity.checks.finding import SEVERITIES, Finding
from azext_podidentity.checks.snapshot import Snapshot

Check = Callable[[Snapshot], Iterable[Finding]]

# By the name that a finding carries, which scripts rely on. Findings of one severity come in this order: what must be
# mended first is first.
CHECKS: dict[str, Check] = {
    "provider-registration": preview_feature.provider,
    "feature-registration": preview_feature.feature,
    "cluster-state": cluster_settings.state,
    "cluster-power": cluster_settings.power,
    "cluster-identity": cluster_settings.managed_identity,
    "kubernetes-version": cluster_settings.kubernetes_version,
    "node-pools": cluster_settings.node_pools,
    "network-plugin": cluster_settings.network_plugin,
    "add-on": cluster_settings.add_on,
    "managed-identity-id": managed_identities.resource_ids,
    "managed-identity-role": managed_identities.roles,
    "managed-identity-missing": stale_ids.missing,
    "managed-identity-recreated": stale_ids.recreated,
    "managed-identity-client-id": stale_ids.client_ids,
    "blocked": stale_ids.together,
    "entry-state": entry_states.states,
    "entry-name": entry_states.duplicates,
    "binding-selector": selectors.impossible,
    "exception-without-labels": exceptions.without_labels,
    "exception-label": exceptions.impossible_labels,
    "room": entry_states.room,
    "managed-identity-unread": managed_identities.unread_identities,
    "role-unread": managed_identities.unread_roles,
    "shared-selector": selectors.shared,
    "exception-matches-any": exceptions.several_labels,
    "deprecation": deprecation.deprecation,
}


def run(snapshot: Snapshot) -> list[Finding]:
    """What all checks find, worst first, else in the order of the table and of the cluster_settings."""
    found = [replace(finding, check=name) for name, check in CHECKS.items() for finding in check(snapshot)]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))
