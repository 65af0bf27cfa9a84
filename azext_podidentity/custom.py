# SPDX-License-Identifier: MIT
"""The handlers of `az aks pod-identity`, one per command. Each imports its use case when it runs."""

# az passes the options of a command by name.
# pylint: disable=too-many-positional-arguments

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from knack.log import get_logger

if TYPE_CHECKING:
    from azure.cli.core.commands import AzCliCommand
    from azure.mgmt.containerservice.models import ManagedCluster
    from azure.mgmt.containerservice.operations import ManagedClustersOperations

    from azext_podidentity.profile.entries import EntryKey

logger = get_logger(__name__)


def add_pod_identity(  # pylint: disable=too-many-locals
    cmd: AzCliCommand,
    client: ManagedClustersOperations,
    resource_group_name: str,
    cluster_name: str,
    entry_namespace: str,
    identity_resource_ids: list[str],
    entry_names: list[str] | None = None,
    binding_selector: str | None = None,
    client_id: str | None = None,
    object_id: str | None = None,
    skip_role_assignment: bool = False,
    force: bool = False,
    aks_custom_headers: dict[str, str] | None = None,
    timeout: int | None = None,
    no_wait: bool = False,
) -> ManagedCluster | None:
    """Add pod identities in one write and return the managed cluster, None with `no_wait`."""
    from azext_podidentity.actions.change import change_cluster
    from azext_podidentity.actions.role_grants import RoleGrants
    from azext_podidentity.arm.cluster_writer import ClusterWriter
    from azext_podidentity.cli.deprecation import warn_deprecated
    from azext_podidentity.cli.target import cluster_reference
    from azext_podidentity.profile.add_identities import AddIdentities
    from azext_podidentity.profile.entries import ManagedIdentity

    change = AddIdentities.of(entry_namespace, identity_resource_ids, entry_names or (), binding_selector, force=force)
    warn_deprecated(cmd.cli_ctx)
    reference = cluster_reference(cmd, resource_group_name, cluster_name)
    writer = ClusterWriter(cmd.cli_ctx, client, reference, timeout)
    described = {each.lower(): ManagedIdentity(each, client_id, object_id) for each in identity_resource_ids}
    found = described if client_id else {}
    grants = RoleGrants(cmd.cli_ctx, skip_role_assignment=skip_role_assignment, found=found)
    return change_cluster(cmd.cli_ctx, writer, change, grants, headers=aks_custom_headers, no_wait=no_wait).model


def update_pod_identity(
    cmd: AzCliCommand,
    client: ManagedClustersOperations,
    resource_group_name: str,
    cluster_name: str,
    entry_namespace: str,
    entry_name: str,
    identity_resource_id: str | None = None,
    binding_selector: str | None = None,
    client_id: str | None = None,
    object_id: str | None = None,
    skip_role_assignment: bool = False,
    aks_custom_headers: dict[str, str] | None = None,
    timeout: int | None = None,
    no_wait: bool = False,
) -> ManagedCluster | None:
    """Update a pod identity and return the managed cluster, None with `no_wait`."""
    from azext_podidentity.actions.update import update_identity
    from azext_podidentity.arm.cluster_writer import ClusterWriter
    from azext_podidentity.cli.target import cluster_reference
    from azext_podidentity.profile.entries import EntryKey, ManagedIdentity
    from azext_podidentity.profile.update_identity import UpdateIdentity

    reference = cluster_reference(cmd, resource_group_name, cluster_name)
    return update_identity(
        cmd.cli_ctx,
        ClusterWriter(cmd.cli_ctx, client, reference, timeout),
        UpdateIdentity(EntryKey(entry_namespace, entry_name), identity_resource_id, binding_selector),
        known=ManagedIdentity(identity_resource_id, client_id, object_id)
        if identity_resource_id and client_id
        else None,
        skip_role_assignment=skip_role_assignment,
        headers=aks_custom_headers,
        no_wait=no_wait,
    )


def delete_pod_identity(
    cmd: AzCliCommand,
    client: ManagedClustersOperations,
    resource_group_name: str,
    cluster_name: str,
    entry_namespace: str,  # pylint: disable=unused-argument
    entry_names: list[EntryKey],
    delete_role_assignment: bool = False,
    yes: bool = False,
    aks_custom_headers: dict[str, str] | None = None,
    timeout: int | None = None,
    no_wait: bool = False,
) -> ManagedCluster | None:
    """Delete pod identities and return the managed cluster, None with `no_wait`."""
    from azext_podidentity.actions.delete import delete_identities
    from azext_podidentity.arm.cluster_writer import ClusterWriter
    from azext_podidentity.cli.interaction import agrees_to_remove
    from azext_podidentity.cli.target import cluster_reference
    from azext_podidentity.profile.changes import Delete
    from azext_podidentity.profile.entry_types import IDENTITY

    reference = cluster_reference(cmd, resource_group_name, cluster_name)
    return delete_identities(
        cmd.cli_ctx,
        ClusterWriter(cmd.cli_ctx, client, reference, timeout),
        Delete(IDENTITY, tuple(entry_names)),
        delete_role_assignment=delete_role_assignment,
        agree=lambda ids: yes or agrees_to_remove(ids),
        headers=aks_custom_headers,
        no_wait=no_wait,
    ).model


def apply_manifest(  # pylint: disable=too-many-locals
    cmd: AzCliCommand,
    client: ManagedClustersOperations,
    resource_group_name: str,
    cluster_name: str,
    files: list[str],
    entry_namespace: str | None = None,
    prune: bool = False,
    dry_run: bool = False,
    skip_role_assignment: bool = False,
    yes: bool = False,
    aks_custom_headers: dict[str, str] | None = None,
    no_wait: bool = False,
    timeout: int | None = None,
    fail_on_change: bool = False,
    report: str | None = None,
    subscriptions: list[str] | None = None,
    management_group: str | None = None,
    parallel: int | None = None,
) -> dict[str, list[dict[str, Any]]] | list[dict[str, Any]] | None:
    """Apply files and return the added, changed, removed and unchanged entries, or a list with a row per cluster."""
    from azext_podidentity.actions.apply import ApplyOptions, load_manifest
    from azext_podidentity.cli.deprecation import warn_deprecated
    from azext_podidentity.cli.target import cluster_reference

    manifest = load_manifest(cmd.cli_ctx, files, entry_namespace)
    warn_deprecated(cmd.cli_ctx)
    headers, skips_roles = aks_custom_headers, skip_role_assignment
    options = ApplyOptions(
        prune, dry_run, skips_roles, headers, no_wait, timeout, parallel, yes, fail_on_change, report
    )
    if cluster_name is None:
        from azext_podidentity.actions.fleet.apply_to_selected import apply_to_selected
        from azext_podidentity.actions.fleet.inventory import Scope

        scope = Scope(tuple(subscriptions or ()), management_group)
        return apply_to_selected(cmd.cli_ctx, manifest, scope, options)
    from azext_podidentity.actions.apply_to_cluster import apply_to_cluster

    reference = cluster_reference(cmd, resource_group_name, cluster_name)
    return apply_to_cluster(cmd.cli_ctx, client, reference, manifest, options)


def export_manifest(
    cmd: AzCliCommand, client: ManagedClustersOperations, resource_group_name: str, cluster_name: str
) -> dict[str, Any] | None:
    """Print the manifest, or return it as a JSON object if the command line has a format or a query."""
    from azext_podidentity.arm.managed_clusters import ClusterReader
    from azext_podidentity.cli.output_format import has_option, wants_text
    from azext_podidentity.cli.standard_output import print_text
    from azext_podidentity.cli.target import cluster_reference
    from azext_podidentity.manifest.exporter import to_document, to_yaml
    from azext_podidentity.profile.eligibility import disabled_advice

    reference = cluster_reference(cmd, resource_group_name, cluster_name)
    cluster = ClusterReader(cmd.cli_ctx, client, reference).read().cluster
    if not cluster.profile.enabled:
        logger.warning("%s", disabled_advice(cluster))
    profile = cluster.profile
    if not wants_text(cmd.cli_ctx):
        return to_document(profile)
    # Several clusters are several YAML documents.
    start = f"---\n# Cluster {cluster_name}\n" if has_option(cmd.cli_ctx, "--ids") else ""
    print_text(cmd.cli_ctx, f"{start}{to_yaml(profile)}")
    return None


def list_pod_identities(
    cmd: AzCliCommand,
    client: ManagedClustersOperations,
    resource_group_name: str,
    cluster_name: str,
    entry_namespace: str | None = None,
    entry_name: str | None = None,
) -> ManagedCluster:
    """Return the managed cluster with the pod identities of that namespace and name, or with all of them."""
    from azext_podidentity.actions.read import list_entries
    from azext_podidentity.cli.target import cluster_reference

    reference = cluster_reference(cmd, resource_group_name, cluster_name)
    return list_entries(cmd.cli_ctx, client, reference, entry_namespace, entry_name)


def show_pod_identity(
    cmd: AzCliCommand,
    client: ManagedClustersOperations,
    resource_group_name: str,
    cluster_name: str,
    entry_namespace: str,
    entry_name: str,
) -> dict[str, Any] | None:
    """Return the pod identity as a JSON object, None if the add-on is disabled."""
    from azext_podidentity.actions.read import show_entry
    from azext_podidentity.cli.target import cluster_reference
    from azext_podidentity.profile.entries import EntryKey
    from azext_podidentity.profile.entry_types import IDENTITY

    reference = cluster_reference(cmd, resource_group_name, cluster_name)
    return show_entry(cmd.cli_ctx, client, reference, IDENTITY, EntryKey(entry_namespace, entry_name))


def get_pod_identity_for_wait(
    cmd: AzCliCommand,
    client: ManagedClustersOperations,
    resource_group_name: str,
    cluster_name: str,
    entry_namespace: str,
    entry_name: str,
) -> dict[str, Any]:
    """Return the pod identity with `provisioning_state` as az's wait conditions expect it."""
    from azext_podidentity.arm.managed_clusters import ClusterReader
    from azext_podidentity.cli.target import cluster_reference
    from azext_podidentity.profile.entries import EntryKey

    key = EntryKey(entry_namespace, entry_name)
    reference = cluster_reference(cmd, resource_group_name, cluster_name)
    return ClusterReader(cmd.cli_ctx, client, reference).entry_for_wait(key)
