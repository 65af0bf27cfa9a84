# SPDX-License-Identifier: MIT
"""Tab completion of the entries of the cluster on the command line, and of managed identities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azure.cli.core.decorators import Completer

if TYPE_CHECKING:
    from argparse import Namespace

    from azure.cli.core.commands import AzCliCommand


@Completer  # type: ignore[untyped-decorator]
def complete_name(cmd: AzCliCommand, _prefix: str, namespace: Namespace, **_: Any) -> list[str]:
    """Return the names of the cluster's pod identities, or of its exceptions for `exception` commands."""
    return [key.name for key in _keys(cmd, namespace)]


@Completer  # type: ignore[untyped-decorator]
def complete_namespace(cmd: AzCliCommand, _prefix: str, namespace: Namespace, **_: Any) -> list[str]:
    """Return the Kubernetes namespaces of the cluster's pod identities, or of its exceptions."""
    return sorted({key.namespace for key in _keys(cmd, namespace)})


@Completer  # type: ignore[untyped-decorator]
def complete_managed_identity(cmd: AzCliCommand, prefix: str, _namespace: Any, **_: Any) -> list[str]:
    """Return the resource IDs of the managed identities in the current subscription."""
    from azure.cli.core.commands.client_factory import get_subscription_id

    from azext_podidentity.arm.clients import managed_identity_client

    client = managed_identity_client(cmd.cli_ctx, get_subscription_id(cmd.cli_ctx))
    found = (identity.id for identity in client.user_assigned_identities.list_by_subscription())
    return [resource_id for resource_id in found if resource_id.lower().startswith(prefix.lower())]


def _keys(cmd: AzCliCommand, namespace: Namespace) -> list[Any]:
    from azext_podidentity._client_factory import cf_managed_clusters
    from azext_podidentity.arm.managed_clusters import ClusterReader
    from azext_podidentity.profile.cluster_reference import ClusterReference, resolve_cluster
    from azext_podidentity.profile.entry_types import EXCEPTION, IDENTITY

    named = resolve_cluster(namespace.cluster, namespace.resource_group_name, namespace.cluster_name)
    if named.subscription:
        cmd.cli_ctx.data["subscription_id"] = named.subscription
    reference = ClusterReference(named.resource_group, named.name)
    cluster = ClusterReader(cmd.cli_ctx, cf_managed_clusters(cmd.cli_ctx), reference).read().cluster
    entry_type = EXCEPTION if " exception " in cmd.name else IDENTITY
    return [entry.key for entry in entry_type.entries(cluster.profile)]
