# SPDX-License-Identifier: MIT
"""The handlers of `az aks pod-identity exception`, one per command. Each imports its use case when it runs."""

# az passes the options of a command by name.
# pylint: disable=too-many-positional-arguments

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.cli.core.commands import AzCliCommand
    from azure.mgmt.containerservice.models import ManagedCluster
    from azure.mgmt.containerservice.operations import ManagedClustersOperations

    from azext_podidentity.profile.entries import EntryKey


def add_exception(
    cmd: AzCliCommand,
    client: ManagedClustersOperations,
    resource_group_name: str,
    cluster_name: str,
    entry_namespace: str,
    pod_labels: dict[str, str],
    entry_name: str | None = None,
    aks_custom_headers: dict[str, str] | None = None,
    timeout: int | None = None,
    no_wait: bool = False,
) -> ManagedCluster | None:
    """Add an exception and return the managed cluster, None with `no_wait`."""
    from azext_podidentity.actions.change import change_cluster
    from azext_podidentity.actions.role_grants import RoleGrants
    from azext_podidentity.arm.cluster_writer import ClusterWriter
    from azext_podidentity.cli.target import cluster_reference
    from azext_podidentity.profile.changes import AddException
    from azext_podidentity.profile.entries import EntryKey, PodIdentityException
    from azext_podidentity.profile.validation import name_from_labels

    key = EntryKey(entry_namespace, entry_name or name_from_labels(pod_labels))
    change = AddException(PodIdentityException(key, pod_labels))
    reference = cluster_reference(cmd, resource_group_name, cluster_name)
    writer = ClusterWriter(cmd.cli_ctx, client, reference, timeout)
    grants = RoleGrants(cmd.cli_ctx)
    return change_cluster(cmd.cli_ctx, writer, change, grants, headers=aks_custom_headers, no_wait=no_wait).model


def update_exception(
    cmd: AzCliCommand,
    client: ManagedClustersOperations,
    resource_group_name: str,
    cluster_name: str,
    entry_namespace: str,
    entry_name: str,
    pod_labels: dict[str, str],
    aks_custom_headers: dict[str, str] | None = None,
    timeout: int | None = None,
    no_wait: bool = False,
) -> ManagedCluster | None:
    """Replace the labels of an exception and return the managed cluster, None with `no_wait`."""
    from azext_podidentity.actions.change import change_cluster
    from azext_podidentity.actions.role_grants import RoleGrants
    from azext_podidentity.arm.cluster_writer import ClusterWriter
    from azext_podidentity.cli.target import cluster_reference
    from azext_podidentity.profile.changes import UpdateException
    from azext_podidentity.profile.entries import EntryKey, PodIdentityException

    change = UpdateException(PodIdentityException(EntryKey(entry_namespace, entry_name), pod_labels))
    reference = cluster_reference(cmd, resource_group_name, cluster_name)
    writer = ClusterWriter(cmd.cli_ctx, client, reference, timeout)
    grants = RoleGrants(cmd.cli_ctx)
    return change_cluster(cmd.cli_ctx, writer, change, grants, headers=aks_custom_headers, no_wait=no_wait).model


def delete_exception(
    cmd: AzCliCommand,
    client: ManagedClustersOperations,
    resource_group_name: str,
    cluster_name: str,
    entry_namespace: str,  # pylint: disable=unused-argument
    entry_names: list[EntryKey],
    aks_custom_headers: dict[str, str] | None = None,
    timeout: int | None = None,
    no_wait: bool = False,
) -> ManagedCluster | None:
    """Delete exceptions and return the managed cluster, None with `no_wait`."""
    from azext_podidentity.actions.change import change_cluster
    from azext_podidentity.actions.role_grants import RoleGrants
    from azext_podidentity.arm.cluster_writer import ClusterWriter
    from azext_podidentity.cli.target import cluster_reference
    from azext_podidentity.profile.changes import Delete
    from azext_podidentity.profile.entry_types import EXCEPTION

    change = Delete(EXCEPTION, tuple(entry_names))
    reference = cluster_reference(cmd, resource_group_name, cluster_name)
    writer = ClusterWriter(cmd.cli_ctx, client, reference, timeout)
    grants = RoleGrants(cmd.cli_ctx)
    return change_cluster(cmd.cli_ctx, writer, change, grants, headers=aks_custom_headers, no_wait=no_wait).model


def list_exceptions(
    cmd: AzCliCommand,
    client: ManagedClustersOperations,
    resource_group_name: str,
    cluster_name: str,
    entry_namespace: str | None = None,
    entry_name: str | None = None,
) -> ManagedCluster:
    """Return the managed cluster with the exceptions of that namespace and name, or with all of them."""
    from azext_podidentity.actions.read import list_entries
    from azext_podidentity.cli.target import cluster_reference

    reference = cluster_reference(cmd, resource_group_name, cluster_name)
    return list_entries(cmd.cli_ctx, client, reference, entry_namespace, entry_name)


def show_exception(
    cmd: AzCliCommand,
    client: ManagedClustersOperations,
    resource_group_name: str,
    cluster_name: str,
    entry_namespace: str,
    entry_name: str,
) -> dict[str, Any] | None:
    """Return the exception as a JSON object, None if the add-on is disabled."""
    from azext_podidentity.actions.read import show_entry
    from azext_podidentity.cli.target import cluster_reference
    from azext_podidentity.profile.entries import EntryKey
    from azext_podidentity.profile.entry_types import EXCEPTION

    reference = cluster_reference(cmd, resource_group_name, cluster_name)
    return show_entry(cmd.cli_ctx, client, reference, EXCEPTION, EntryKey(entry_namespace, entry_name))
