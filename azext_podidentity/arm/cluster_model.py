# SPDX-License-Identifier: MIT
"""Read the SDK's model of one managed cluster, which is all that `list` needs.

Imports no module that describes a cluster or an error until something is wrong, so that `list` starts fast.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from azure.core.exceptions import AzureError

if TYPE_CHECKING:
    from azure.cli.core import AzCli
    from azure.mgmt.containerservice.models import ManagedCluster
    from azure.mgmt.containerservice.operations import ManagedClustersOperations

    from azext_podidentity.profile.cluster_reference import ClusterReference


def get_model(cli_ctx: AzCli, client: ManagedClustersOperations, reference: ClusterReference) -> ManagedCluster:
    """Return the SDK's model of the cluster.

    Raise an azure-cli error with the service's words: ResourceNotFoundError if the cluster does not exist.
    """
    try:
        return client.get(reference.resource_group, reference.name)
    except AzureError as error:
        from azext_podidentity.arm import managed_identities
        from azext_podidentity.arm.errors import explain
        from azext_podidentity.profile.cluster import Cluster
        from azext_podidentity.profile.entries import Profile
        from azext_podidentity.profile.service_requests import Stage

        find = partial(managed_identities.find, cli_ctx)
        raise explain(error, Cluster(reference, Profile()), find, stage=Stage.READ) from error


def keep_entries(model: ManagedCluster, namespace: str | None, name: str | None) -> None:
    """Remove the entries of other Kubernetes namespaces and names from the model; None stands for all."""
    profile = model.properties.pod_identity_profile if model.properties else None
    if profile is None or (namespace, name) == (None, None):
        return
    for entries in ("user_assigned_identities", "user_assigned_identity_exceptions"):
        kept = [
            entry
            for entry in filter(None, getattr(profile, entries) or ())
            if namespace in (None, entry.namespace) and name in (None, entry.name)
        ]
        setattr(profile, entries, kept)
