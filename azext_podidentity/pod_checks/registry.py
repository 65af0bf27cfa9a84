# SPDX-License-Identifier: MIT
"""The registry of all checks of Kubernetes objects, which run in addition to those of `checks.registry`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from azext_podidentity.checks.finding import Finding
from azext_podidentity.pod_checks import agents, binding_access, identity_objects, pods
from azext_podidentity.pod_checks.pod_snapshot import PodSnapshot

PodCheck = Callable[[PodSnapshot], Iterable[Finding]]

# Scripts rely on the names.
POD_CHECKS: dict[str, PodCheck] = {
    "node-agent": agents.check_present,
    "node-agent-leftover": agents.check_leftover,
    "node-agent-ready": agents.check_ready,
    "azure-identity-missing": identity_objects.check_missing,
    "azure-identity-different": identity_objects.check_different,
    "azure-assigned-identity": identity_objects.check_assigned,
    "azure-identity-unknown": identity_objects.check_unknown,
    "pod-label": pods.check_labels,
    "pod-exception": pods.check_exceptions,
    "pod-windows": pods.check_windows,
    "pod-host-network": pods.check_host_network,
    "pod-client-id": pods.check_client_ids,
    "pod-age": pods.check_ages,
    "pod-identity-binding-role": binding_access.check_access,
    "pod-managed-identity": pods.check_managed_identities,
}


def run_pod_checks(snapshot: PodSnapshot) -> list[Finding]:
    """Return the findings of all checks, in the order of POD_CHECKS."""
    return [replace(finding, check=name) for name, check in POD_CHECKS.items() for finding in check(snapshot)]
