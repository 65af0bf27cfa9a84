"""Tab completion of names and namespaces, from the cluster named on the command line."""

from __future__ import annotations

from typing import Any

from azure.cli.core.decorators import Completer


@Completer  # type: ignore[untyped-decorator]
def complete_name(cmd: Any, _prefix: str, namespace: Any, **_: Any) -> list[str]:
    """The names of the cluster's pod identities, or of its exceptions for `exception` commands."""
    return [key.name for key in _keys(cmd, namespace)]


@Completer  # type: ignore[untyped-decorator]
def complete_namespace(cmd: Any, _prefix: str, namespace: Any, **_: Any) -> list[str]:
    """The Kubernetes namespaces in which the cluster has such entries."""
    return sorted({key.namespace for key in _keys(cmd, namespace)})


def _keys(cmd: Any, namespace: Any) -> list[Any]:
    from azext_podidentity._client_factory import cf_managed_clusters
    from azext_podidentity.arm.cluster import ClusterService
    from azext_podidentity.profile.cluster import ClusterReference
    from azext_podidentity.profile.kinds import EXCEPTION, IDENTITY

    reference = ClusterReference(namespace.resource_group_name, namespace.cluster_name)
    cluster = ClusterService(cmd.cli_ctx, cf_managed_clusters(cmd.cli_ctx), reference).read().cluster
    kind = EXCEPTION if " exception " in cmd.name else IDENTITY
    return [entry.key for entry in kind.entries(cluster.profile)]
