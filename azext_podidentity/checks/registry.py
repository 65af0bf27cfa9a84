# SPDX-License-Identifier: MIT
"""The registry of all checks, and the functions that run them.

To add a check, write a function that yields findings, add its row to CHECKS, and add a state in which it finds
something to STATES in `tests/support/snapshots.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from azext_podidentity.checks import (
    cluster_settings,
    deprecation,
    entry_states,
    exceptions,
    identity_bindings,
    managed_identities,
    net_raw,
    preview_feature,
    selectors,
    stale_ids,
)
from azext_podidentity.checks.finding import SEVERITIES, Finding
from azext_podidentity.checks.snapshot import Snapshot

Check = Callable[[Snapshot], Iterable[Finding]]

# Scripts rely on the names. Findings of the same severity keep this order, in which they should be fixed.
CHECKS: dict[str, Check] = {
    "provider-registration": preview_feature.check_provider,
    "feature-registration": preview_feature.check_feature,
    "cluster-state": cluster_settings.check_provisioning_state,
    "cluster-power": cluster_settings.check_power_state,
    "cluster-identity": cluster_settings.check_cluster_identity,
    "kubernetes-version": cluster_settings.check_kubernetes_version,
    "node-pools": cluster_settings.check_pools,
    "node-pool-state": cluster_settings.check_pool_states,
    "network-plugin": cluster_settings.check_network_plugin,
    "net-raw-policy": net_raw.check_net_raw,
    "add-on": cluster_settings.check_add_on,
    "managed-identity-id": managed_identities.check_resource_ids,
    "managed-identity-role": managed_identities.check_roles,
    "managed-identity-missing": stale_ids.check_missing,
    "managed-identity-recreated": stale_ids.check_recreated,
    "managed-identity-client-id": stale_ids.check_client_ids,
    "blocked-entries": stale_ids.check_blocked,
    "entry-state": entry_states.check_states,
    "entry-name": entry_states.check_names,
    "binding-selector": selectors.check_selector_valid,
    "exception-null-labels": exceptions.check_labels_null,
    "exception-without-labels": exceptions.check_labels_exist,
    "exception-label": exceptions.check_labels_valid,
    "entry-limit": entry_states.check_limits,
    "identity-binding-state": identity_bindings.check_failed,
    "identity-binding-identity": identity_bindings.check_identities,
    "identity-binding-credentials": identity_bindings.check_credentials,
    "identity-binding-unreadable": identity_bindings.check_readable,
    "managed-identity-unreadable": managed_identities.check_identities_readable,
    "role-unreadable": managed_identities.check_roles_readable,
    "shared-selector": selectors.check_selector_shared,
    "exception-matches-any": exceptions.check_several_labels,
    "deprecation": deprecation.check_deprecation,
}
# The commands of these checks enable the add-on, so they are left out on a cluster that does not use it.
_ENABLING = ("network-plugin",)
# Checks that do not depend on the add-on: workloads use identity bindings instead of it.
_OF_BINDINGS = "identity-binding-"


def run_checks(snapshot: Snapshot) -> list[Finding]:
    """Return the findings of all checks, worst first, and then in the order of CHECKS and of the cluster's lists.

    If the cluster does not use the add-on, findings about the add-on have the severity info.
    """
    findings = [replace(finding, check=name) for name, check in CHECKS.items() for finding in check(snapshot)]
    if snapshot.is_unused:
        findings = [
            finding if finding.check.startswith(_OF_BINDINGS) else _as_information(finding) for finding in findings
        ]
    return by_severity(findings)


def by_severity(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings worst first; those of the same severity keep their order."""
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))


def _as_information(finding: Finding) -> Finding:
    return replace(finding, severity="info", commands=() if finding.check in _ENABLING else finding.commands)
