# SPDX-License-Identifier: MIT
"""Check the node agent, which returns the tokens to pods."""

from __future__ import annotations

from collections.abc import Iterator

from azext_podidentity.checks.finding import Finding
from azext_podidentity.pod_checks.pod_snapshot import PodSnapshot, names_of, pods_by_node
from azext_podidentity.profile.shell import kubectl_line


def check_present(snapshot: PodSnapshot) -> Iterator[Finding]:
    """Yield a finding if the add-on is enabled but no workload runs the node agent."""
    if snapshot.inside.complete and snapshot.cluster.profile.enabled and not snapshot.inside.agent_owners:
        message = (
            "The pod identity add-on is enabled, but the cluster has no node agent (NMI), so no pod gets a managed "
            "identity. An update without other options installs it again."
        )
        reference = snapshot.cluster.reference
        yield Finding("error", reference.name, message, (reference.update_command("--yes"),))


def check_leftover(snapshot: PodSnapshot) -> Iterator[Finding]:
    """Yield a finding if a node agent runs although the add-on is disabled."""
    owners = snapshot.inside.agent_owners
    if owners and not snapshot.cluster.profile.enabled:
        message = (
            "The pod identity add-on is disabled, but a node agent (NMI) runs on the cluster: a leftover, or an "
            "installation of the open-source project. It answers the requests of all pods to the instance metadata "
            "service, and controllers that use managed identities can fail."
        )
        first = owners[0]
        show = kubectl_line("describe", first.kind.lower(), first.name, "--namespace", first.namespace)
        yield Finding("warning", names_of(owners), message, (show,))


def check_ready(snapshot: PodSnapshot) -> Iterator[Finding]:
    """Yield a finding for each Linux node with labelled pods on which the node agent is not ready or not running."""
    inside = snapshot.inside
    if not (inside.complete or inside.agents):
        return
    for node, pods in sorted(pods_by_node(snapshot.labelled_pods).items()):
        ready = inside.agents.get(node)
        if ready or inside.nodes.get(node) == "windows" or not inside.agent_owners:
            continue
        what = "is not ready" if ready is False else "does not run"
        message = (
            f"The node agent (NMI) {what} on node {node!r}, so no pod with the label on it gets a token. "
            f"Affected pods: {len(pods)}."
        )
        yield Finding("error", names_of(pod.owner for pod in pods), message, (agent_command(snapshot, node),))


def agent_command(snapshot: PodSnapshot, node: str) -> str:
    """Return the command that describes the pods of a node in the namespace of the node agent."""
    namespace = snapshot.inside.agent_owners[0].namespace if snapshot.inside.agent_owners else "kube-system"
    return kubectl_line("describe", "pods", "--namespace", namespace, "--field-selector", f"spec.nodeName={node}")
