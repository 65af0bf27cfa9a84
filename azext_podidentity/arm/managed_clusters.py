# SPDX-License-Identifier: MIT
"""Read one managed cluster: all that `show` needs, and the first step of every change.

Modules for changes, role grants and advice are imported only when needed, so that read commands start fast.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import AzureError
from knack.log import get_logger
from knack.util import CLIError

from azext_podidentity.arm.cluster_model import get_model
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import ManagedIdentity, NotFound

if TYPE_CHECKING:
    from azure.cli.core import AzCli
    from azure.mgmt.containerservice.models import ManagedCluster
    from azure.mgmt.containerservice.operations import ManagedClustersOperations

    from azext_podidentity.profile.cluster_reference import ClusterReference
    from azext_podidentity.profile.entries import EntryKey

logger = get_logger(__name__)


@dataclass(frozen=True)
class ClusterState:
    """The state of a cluster as it was read: the SDK's model, to be written back, and the values parsed from it."""

    model: ManagedCluster
    cluster: Cluster


class ClusterReader:
    """Read one managed cluster."""

    def __init__(self, cli_ctx: AzCli, client: ManagedClustersOperations, reference: ClusterReference) -> None:
        self._cli_ctx = cli_ctx
        self._client = client
        self.reference = reference
        self._cluster_identity: ManagedIdentity | NotFound | None = None

    def read(self) -> ClusterState:
        """Return the current state of the cluster.

        Raise an azure-cli error with the service's words: ResourceNotFoundError if the cluster does not exist.
        """
        return self.state_of(self.get())

    def get(self) -> ManagedCluster:
        """Return the SDK's model of the cluster. Raise as `read` does."""
        return get_model(self._cli_ctx, self._client, self.reference)

    def state_of(self, model: ManagedCluster) -> ClusterState:
        """Return the SDK's model with the values parsed from it. Look up a cluster identity that has no object ID."""
        cluster = Cluster.from_json(self.reference, model.as_dict())
        if cluster.principal_id is None and cluster.identity_resource_id is not None:
            cluster = replace(cluster, principal_id=self._principal_id(cluster.identity_resource_id))
        return ClusterState(model, cluster)

    def entry_for_wait(self, key: EntryKey) -> dict[str, Any]:
        """Return a pod identity's JSON object, with `provisioning_state` as az's wait conditions expect it.

        Raise azure-core's ResourceNotFoundError, as those conditions expect, if the entry does not exist, and the
        explained error if it ended in state Failed.
        """
        cluster = self.read().cluster
        entry = cluster.profile.identities.find(key)
        if entry is None:
            from azure.core.exceptions import ResourceNotFoundError

            from azext_podidentity.profile.entry_types import IDENTITY

            missing = ResourceNotFoundError(message=IDENTITY.absent(cluster, key).error_msg)
            missing.status_code = 404
            raise missing
        if entry.failed:
            from azext_podidentity.arm.errors import explain_failed

            raise explain_failed([entry], cluster, self.look_up)
        state = "Succeeded" if entry.provisioning_state == "Assigned" else entry.provisioning_state
        return {**entry.raw, "provisioning_state": state}

    def look_up(self, resource_id: str) -> ManagedIdentity | NotFound:
        """Return the managed identity of a resource ID. Raise an azure-cli error if it cannot be read."""
        from azext_podidentity.arm import managed_identities

        return managed_identities.find(self._cli_ctx, resource_id)

    def _principal_id(self, resource_id: str) -> str | None:
        if self._cluster_identity is None:
            try:
                self._cluster_identity = self.look_up(resource_id)
            except CLIError as error:
                logger.debug("The cluster identity could not be read: %s", error)
                return None
        return self._cluster_identity.object_id if isinstance(self._cluster_identity, ManagedIdentity) else None


def list_clusters(cli_ctx: AzCli, subscription_id: str) -> list[dict[str, Any]]:
    """Return the JSON of the clusters of a subscription. Raise an azure-cli error if they cannot be read."""
    from azext_podidentity.arm.clients import managed_clusters_client

    try:
        return [model.as_dict() for model in managed_clusters_client(cli_ctx, subscription_id).list()]
    except AzureError as error:
        from azext_podidentity.arm.errors import explain_plainly

        raise explain_plainly(error) from error


def list_visible_clusters(cli_ctx: AzCli, cluster: Cluster) -> tuple[tuple[Cluster, ...], str]:
    """Return the other clusters that run as the same user-assigned identity, in all subscriptions of the account.

    The second value is a message about what could not be read, empty if everything was read.
    """
    from azext_podidentity.arm.concurrency import do_all
    from azext_podidentity.profile.cluster_reference import cluster_of_id

    def read(subscription: str) -> list[Cluster] | str:
        try:
            listed = list_clusters(cli_ctx, subscription)
        except CLIError as error:
            logger.debug("The clusters of subscription %s could not be read: %s", subscription, error)
            return f"The clusters of subscription '{subscription}' could not be read."
        return [Cluster.from_json(cluster_of_id(each["id"]), each) for each in listed]

    found: list[Cluster] = []
    unreadable: list[str] = []
    for listed in do_all(read, _visible_subscriptions(cli_ctx)):
        if isinstance(listed, str):
            unreadable.append(listed)
        else:
            found += listed
    own = (cluster.resource_id or "").lower()
    same = (cluster.identity_resource_id or "").lower()
    others = (each for each in found if (each.identity_resource_id or "").lower() == same)
    return tuple(each for each in others if (each.resource_id or "").lower() != own), " ".join(unreadable)


def _visible_subscriptions(cli_ctx: AzCli) -> list[str]:
    """Return the subscriptions of the account in the tenant of the current one, which is always among them."""
    from azure.cli.core.commands.client_factory import get_subscription_id

    from azext_podidentity.arm.subscriptions import known_subscriptions

    current: str = get_subscription_id(cli_ctx)
    known = known_subscriptions(cli_ctx)
    tenant = next((each.tenant_id for each in known if each.id == current), None)
    return list(dict.fromkeys([current, *(each.id for each in known if each.tenant_id == tenant)]))
