# SPDX-License-Identifier: MIT
"""Check whether the cluster can run the add-on, and whether it can be changed now."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azext_podidentity.checks.finding import Finding
from azext_podidentity.checks.snapshot import Snapshot
from azext_podidentity.profile.advice import Advice
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.cluster_states import STOPPED, is_final
from azext_podidentity.profile.eligibility import (
    disabled_advice,
    kubenet_advice,
    node_pools_advice,
    service_principal_advice,
    unsupported_nodes,
)
from azext_podidentity.profile.text import count_of, state_name

# Seconds after which an operation is likely to be stuck.
_STUCK = 3600
# https://learn.microsoft.com/azure/aks/use-azure-ad-pod-identity
_OLDEST_KUBERNETES = (1, 26)


def check_provisioning_state(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding unless the last operation on the cluster succeeded."""
    cluster, state = snapshot.cluster, snapshot.cluster.provisioning_state
    name = cluster.reference.name
    if state == "Failed":
        message = "The last operation on the cluster failed. An update without other options retries it."
        yield Finding("error", name, message, (cluster.reference.update_command("--yes"),))
    elif state == "Canceled":
        message = "The last operation on the cluster was canceled. An update without other options completes it."
        yield Finding("warning", name, message, (cluster.reference.update_command("--yes"),))
    elif state is not None and not is_final(state):
        yield _running(snapshot, state)


def _running(snapshot: Snapshot, state: str) -> Finding:
    """Return the finding about an operation that is running. It can be stuck if it takes more than an hour."""
    reference, seconds = snapshot.cluster.reference, snapshot.running_seconds
    abort = reference.cluster_command("operation-abort")
    age = "" if seconds is None else f" for {count_of(int(seconds // 60), 'minute')}"
    message = f"An operation has been running on the cluster{age} ({state})."
    again = "Run the check again when it has ended."
    if state == "Deleting":
        return Finding("warning", reference.name, f"{message} {again}")
    if seconds is not None and seconds >= _STUCK:
        message += " Operations usually end within an hour. If it is stuck, abort it."
        return Finding("error", reference.name, message, (abort,))
    stuck = f" If it runs for more than an hour, abort it with: {abort}" if seconds is None else ""
    wait = reference.cluster_command("wait", "--updated")
    return Finding("warning", reference.name, f"{message} {again}{stuck}", (wait,))


def check_power_state(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding if the cluster is stopped."""
    cluster = snapshot.cluster
    if cluster.power_state == "Stopped":
        start = cluster.reference.cluster_command("start")
        yield Finding("warning", cluster.reference.name, STOPPED.reason, (start,))


def check_add_on(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding if the add-on is disabled, with severity info if the cluster has no entries."""
    if not snapshot.is_unused:
        yield from _finding(
            snapshot.cluster, None if snapshot.cluster.profile.enabled else disabled_advice(snapshot.cluster)
        )
        return
    message = (
        "The pod identity add-on is disabled, and the cluster has no pod identities or exceptions. If pods still need "
        "it, enable it with 'az aks update --enable-pod-identity'."
    )
    yield Finding("info", snapshot.cluster.reference.name, message)


def check_cluster_identity(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding if the cluster has no managed identity, or if its object ID is unknown."""
    cluster = snapshot.cluster
    yield from _finding(cluster, None if cluster.has_managed_identity else service_principal_advice(cluster.reference))
    if cluster.has_managed_identity and cluster.principal_id is None:
        message = "The object ID of the cluster identity is unknown, so its roles were not checked."
        show = cluster.reference.cluster_command("show", "--query", "identity")
        yield Finding("warning", cluster.reference.name, message, (show,))


def check_kubernetes_version(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding if the Kubernetes version is older than the add-on requires."""
    cluster = snapshot.cluster
    match = re.match(r"(\d{1,6})\.(\d{1,6})(?!\d)", cluster.kubernetes_version or "", re.ASCII)
    if match and (int(match[1]), int(match[2])) < _OLDEST_KUBERNETES:
        oldest = ".".join(map(str, _OLDEST_KUBERNETES))
        message = f"The Kubernetes version is {cluster.kubernetes_version}; the add-on requires {oldest} or later."
        upgrades = cluster.reference.cluster_command("get-upgrades", "--output", "table")
        yield Finding("error", cluster.reference.name, message, (upgrades,))


def check_pools(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield one finding if no node pool can run the add-on, otherwise one for each node pool that cannot."""
    cluster = snapshot.cluster
    refused = list(_finding(cluster, node_pools_advice(cluster)))
    yield from refused
    for pool in () if refused else cluster.node_pools:
        if reason := unsupported_nodes(pool):
            message = f"Pods in node pool {pool.get('name')!r} get no pod identity, because its nodes are {reason}."
            yield Finding("info", cluster.reference.name, message)


def check_pool_states(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding for each node pool that failed or is being deleted, which can block changes."""
    cluster = snapshot.cluster
    for pool in cluster.node_pools:
        name, state = pool.get("name"), state_name(pool.get("provisioningState"))
        if state == "Failed":
            message = (
                f"Node pool {name!r} is in state Failed. An update of the cluster without other options retries it."
            )
            yield Finding("error", cluster.reference.name, message, (cluster.reference.update_command("--yes"),))
        elif state == "Deleting":
            group = ("--resource-group", cluster.reference.resource_group, "--cluster-name", cluster.reference.name)
            abort = cluster.reference.command("aks", "nodepool", "operation-abort", *group, "--name", str(name))
            message = (
                f"Node pool {name!r} is being deleted, and the service refuses other changes meanwhile. If that lasts "
                f"for more than an hour, abort it with: {abort}"
            )
            show = cluster.reference.command("aks", "nodepool", "list", *group, "--output", "table")
            yield Finding("warning", cluster.reference.name, message, (show,))


def check_network_plugin(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding for kubenet without consent."""
    cluster = snapshot.cluster
    yield from _finding(cluster, kubenet_advice(cluster) if cluster.needs_kubenet_consent else None)


def _finding(cluster: Cluster, advice: Advice | None) -> Iterator[Finding]:
    """Yield a finding with the advice, if there is one."""
    if advice is not None:
        yield Finding("error", cluster.reference.name, advice.reason, advice.commands)
