# SPDX-License-Identifier: MIT
"""The host's decorators, which build the body of a cluster request, extended by the pod identity profile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from azure.cli.command_modules.acs.managed_cluster_decorator import (
    AKSManagedClusterCreateDecorator,
    AKSManagedClusterUpdateDecorator,
)
from azure.cli.core.profiles import ResourceType

from azext_podidentity.arm.models import profile_model
from azext_podidentity.host.operations import ManagedClusterOperations
from azext_podidentity.profile.add_on_changes import Enable
from azext_podidentity.profile.changes import ProfileChange
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.cluster_reference import ClusterReference

if TYPE_CHECKING:
    from azure.cli.core.commands import AzCliCommand


class CreateDecorator(AKSManagedClusterCreateDecorator):  # type: ignore[misc]
    """Build the body of a new cluster with the add-on enabled."""

    def __init__(
        self, cmd: AzCliCommand, operations: ManagedClusterOperations, parameters: dict[str, Any], change: Enable
    ):
        super().__init__(cmd, operations, _raw(cmd, operations, parameters), ResourceType.MGMT_CONTAINERSERVICE)
        self._change = change

    def construct_mc_profile_default(self, *args: Any, **options: Any) -> Any:
        """Return the host's body with the profile added."""
        mc = super().construct_mc_profile_default(*args, **options)
        mc.pod_identity_profile = profile_model(self._change.new_profile())
        return mc


class UpdateDecorator(AKSManagedClusterUpdateDecorator):  # type: ignore[misc]
    """Build the body of an update with the profile changed, and send it with the ETag that was read."""

    def __init__(
        self,
        cmd: AzCliCommand,
        operations: ManagedClusterOperations,
        parameters: dict[str, Any],
        change: ProfileChange,
        reference: ClusterReference,
    ):
        super().__init__(cmd, operations, _raw(cmd, operations, parameters), ResourceType.MGMT_CONTAINERSERVICE)
        self._operations = operations
        self._change = change
        self._reference = reference

    def fetch_mc(self) -> Any:
        """Return the cluster. Raise an azure-cli error for an impossible change before the host does anything."""
        mc = super().fetch_mc()
        self._operations.etag = mc.e_tag
        cluster = Cluster.from_json(self._reference, mc.as_dict())
        if self.context.raw_param.get("enable_managed_identity") and not cluster.has_managed_identity:
            cluster = replace(cluster, identity_type="SystemAssigned")
        self._change.apply(cluster)
        return mc

    def update_mc_profile_default(self) -> Any:
        """Return the host's body with the profile added."""
        mc = super().update_mc_profile_default()
        cluster = Cluster.from_json(self._reference, mc.as_dict())
        mc.pod_identity_profile = profile_model(self._change.apply(cluster))
        return mc


def _raw(cmd: AzCliCommand, operations: ManagedClusterOperations, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters in the form in which the host's handlers pass their `locals()` to the decorators."""
    return {"cmd": cmd, "client": operations, **parameters}
