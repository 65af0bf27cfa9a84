"""Whether the cluster is one that can have pod identities, and in a state to change them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from azure.cli.core.azclierror import ValidationError

from azext_podidentity.checks.finding import Finding, commands_of
from azext_podidentity.checks.snapshot import Snapshot
from azext_podidentity.profile.cluster import (
    Cluster,
    cannot_run,
    check_enabled,
    check_kubenet_consent,
    check_managed_identity,
    check_node_pools,
)
from azext_podidentity.profile.cluster_states import STOPPED, is_final

# https://learn.microsoft.com/azure/aks/use-azure-ad-pod-identity
_OLDEST_KUBERNETES = (1, 26)


def state(snapshot: Snapshot) -> Iterator[Finding]:
    """The provisioning state: while it is not final nothing can be changed, and what is read is not the last word."""
    cluster, now = snapshot.cluster, snapshot.cluster.provisioning_state
    name = cluster.reference.name
    if now == "Failed":
        message = "The last operation on the cluster failed; an update without other options tries it again."
        yield Finding("error", name, message, cluster.reference.update_command())
    elif now == "Canceled":
        message = "The last operation on the cluster was cancelled; an update without other options ends it."
        yield Finding("warning", name, message, cluster.reference.update_command())
    elif now is not None and not is_final(now):
        message = f"An operation runs on the cluster ({now}): check again when it is over."
        wait = None if now == "Deleting" else cluster.reference.cluster_command("wait", "--updated")
        yield Finding("warning", name, message, wait)


def power(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether the cluster runs."""
    cluster = snapshot.cluster
    if cluster.power_state == "Stopped":
        yield Finding("warning", cluster.reference.name, STOPPED.why, cluster.reference.cluster_command("start"))


def add_on(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether the add-on is enabled; an upgrade of the cluster has been seen to switch it off."""
    yield from _refusal(check_enabled, snapshot.cluster)


def managed_identity(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether the cluster has a managed identity, and which."""
    cluster = snapshot.cluster
    yield from _refusal(check_managed_identity, cluster)
    if cluster.has_managed_identity and cluster.principal_id is None:
        message = "The object id of the cluster identity is not known, so its roles could not be checked."
        show = cluster.reference.cluster_command("show", "--query", "identity")
        yield Finding("warning", cluster.reference.name, message, show)


def kubernetes_version(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether Kubernetes is new enough."""
    cluster = snapshot.cluster
    match = re.match(r"(\d{1,6})\.(\d{1,6})(?!\d)", cluster.kubernetes_version or "", re.ASCII)
    if match and (int(match[1]), int(match[2])) < _OLDEST_KUBERNETES:
        oldest = ".".join(map(str, _OLDEST_KUBERNETES))
        message = f"Kubernetes is {cluster.kubernetes_version}, and the add-on needs {oldest} or later."
        upgrades = cluster.reference.cluster_command("get-upgrades", "--output", "table")
        yield Finding("error", cluster.reference.name, message, upgrades)


def node_pools(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether the add-on can run: in some pool at all, and which pools have no part in it."""
    cluster = snapshot.cluster
    refused = list(_refusal(check_node_pools, cluster))
    yield from refused
    for pool in () if refused else cluster.node_pools:
        if reason := cannot_run(pool):
            message = f"Pods in node pool {pool.get('name')!r} get no pod identity: its nodes are {reason}."
            yield Finding("info", cluster.reference.name, message)


def network_plugin(snapshot: Snapshot) -> Iterator[Finding]:
    """Kubenet needs consent; where it was given, what it means."""
    cluster = snapshot.cluster
    yield from _refusal(check_kubenet_consent, cluster)
    if cluster.uses_kubenet and cluster.profile.allow_network_plugin_kubenet:
        message = (
            "The network plugin is kubenet, and somebody has consented: see that a policy drops the capability NET_RAW "
            "from all pods, or one can impersonate another and get its managed identity."
        )
        yield Finding("info", cluster.reference.name, message)


def _refusal(check: Callable[[Cluster], None], cluster: Cluster) -> Iterator[Finding]:
    """What would make a change be refused, as a finding."""
    try:
        check(cluster)
    except ValidationError as error:
        command = commands_of("\n".join(error.recommendations))
        yield Finding("error", cluster.reference.name, error.error_msg, command)
