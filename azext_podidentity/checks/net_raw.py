# SPDX-License-Identifier: MIT
"""Check that a policy keeps pods of a kubenet cluster from impersonating each other."""

from __future__ import annotations

from collections.abc import Iterator

from azext_podidentity.checks.finding import Finding
from azext_podidentity.checks.snapshot import Snapshot
from azext_podidentity.profile.entries import Unreadable
from azext_podidentity.profile.net_raw_policy import (
    EXCLUDED_NAMESPACES,
    CapabilityPolicy,
    assign_command,
    enable_command,
)

_RISK = "On kubenet, a pod with the NET_RAW capability can impersonate another pod and get its managed identity"
_GATEKEEPER = "Without Azure Policy, a K8sPSPCapabilities constraint of Gatekeeper does the same (docs/kubenet.md)."


def check_net_raw(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding on a kubenet cluster with consent: its policy, or the commands that assign one."""
    cluster, policies = snapshot.cluster, snapshot.policies
    if not (cluster.uses_kubenet and cluster.profile.enabled and cluster.profile.allow_network_plugin_kubenet):
        return
    name = cluster.reference.name
    if policies is None:
        yield Finding("info", name, f"{_RISK}, unless a policy drops that capability from all pods.")
    elif isinstance(policies, Unreadable):
        message = f"{_RISK}. Whether a policy prevents it could not be read: {policies.reason}"
        yield Finding("warning", name, message)
    elif (assigned := _protecting(policies)) and cluster.azure_policy:
        message = f"Policy assignment '{_short(assigned)}' drops the NET_RAW capability from the pods of the cluster."
        yield Finding("info", name, message)
    else:
        enable = () if cluster.azure_policy else (enable_command(cluster.reference),)
        assign = () if assigned else (assign_command(cluster.reference, cluster.resource_id or ""),)
        message = f"{_RISK}. {_missing(policies, assigned, enabled=cluster.azure_policy)} {_GATEKEEPER}"
        yield Finding("warning", name, message, (*enable, *assign))


def _protecting(policies: tuple[CapabilityPolicy, ...]) -> CapabilityPolicy | None:
    return next((each for each in policies if each.protects), None)


def _missing(policies: tuple[CapabilityPolicy, ...], assigned: CapabilityPolicy | None, *, enabled: bool) -> str:
    """Return what prevents the policies from protecting the pods."""
    if assigned:
        return f"Policy assignment '{_short(assigned)}' has no effect, because the Azure Policy add-on is disabled."
    about = next((each for each in policies if each.drops_net_raw), None)
    if about and not about.enforced:
        why = f"Policy assignment '{_short(about)}' is not enforced."
    elif about:
        why = f"Policy assignment '{_short(about)}' has the effect {about.effect.capitalize()}, which refuses no pod."
    else:
        namespaces = ", ".join(EXCLUDED_NAMESPACES)
        why = f"No policy assignment drops it; the suggested one excludes the namespaces {namespaces}."
    return why if enabled else f"{why} The Azure Policy add-on is disabled."


def _short(policy: CapabilityPolicy) -> str:
    return policy.assignment.rpartition("/")[2]
