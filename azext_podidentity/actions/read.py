# SPDX-License-Identifier: MIT
"""Read the entries of a cluster. The modules of advice are imported only if they are needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from knack.log import get_logger

from azext_podidentity.arm.cluster_model import get_model, keep_entries

if TYPE_CHECKING:
    from azure.cli.core import AzCli
    from azure.mgmt.containerservice.models import ManagedCluster
    from azure.mgmt.containerservice.operations import ManagedClustersOperations

    from azext_podidentity.profile.cluster import Cluster
    from azext_podidentity.profile.cluster_reference import ClusterReference
    from azext_podidentity.profile.entries import EntryKey
    from azext_podidentity.profile.entry_types import EntryType

logger = get_logger(__name__)


def list_entries(
    cli_ctx: AzCli,
    client: ManagedClustersOperations,
    reference: ClusterReference,
    namespace: str | None = None,
    name: str | None = None,
) -> ManagedCluster:
    """Return the managed cluster with the entries of a Kubernetes namespace and of a name; None means all.

    Warn if the add-on is disabled. Raise an azure-cli error with the service's words if the cluster cannot be read.
    """
    model = get_model(cli_ctx, client, reference)
    keep_entries(model, namespace, name)
    profile = model.properties.pod_identity_profile if model.properties else None
    if profile is None or not profile.enabled:
        from azext_podidentity.arm.managed_clusters import ClusterReader

        _warn_disabled(ClusterReader(cli_ctx, client, reference).state_of(model).cluster)
    return model


def show_entry(
    cli_ctx: AzCli,
    client: ManagedClustersOperations,
    reference: ClusterReference,
    entry_type: EntryType,
    key: EntryKey,
) -> dict[str, Any] | None:
    """Return the entry as the service's JSON object, None with a warning if the add-on is disabled.

    Raise ResourceNotFoundError, which lists the existing entries, if it does not exist, and an azure-cli error with
    the service's words if the cluster cannot be read.
    """
    from azext_podidentity.arm.managed_clusters import ClusterReader

    cluster = ClusterReader(cli_ctx, client, reference).read().cluster
    entry: Any = entry_type.entries(cluster.profile).find(key)
    if entry is not None:
        raw: dict[str, Any] = entry.raw
        return raw
    if not cluster.profile.enabled:
        _warn_disabled(cluster)
        return None
    raise entry_type.absent(cluster, key)


def _warn_disabled(cluster: Cluster) -> None:
    from azext_podidentity.profile.eligibility import disabled_advice

    logger.warning("%s", disabled_advice(cluster))
