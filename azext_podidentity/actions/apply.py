"""Makes a cluster have the entries of files: first what is to be done, for people to read, then one write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from azext_podidentity.actions.change import ClusterService
from azext_podidentity.actions.delete import settle_roles
from azext_podidentity.actions.role_grants import RemovalGrants
from azext_podidentity.arm import managed_identities
from azext_podidentity.cli.input_files import read_files
from azext_podidentity.cli.progress import counted
from azext_podidentity.manifest.change import Apply, Plan, prunable
from azext_podidentity.manifest.reading import Manifest, read
from azext_podidentity.manifest.source import MAX_BYTES
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import ManagedIdentity, NotFound


def make_plan(cli_ctx: Any, service: ClusterService, manifest: Manifest, *, prune: bool, only_look: bool) -> Plan:
    """Reads the cluster, and then all managed identities of the files.

    Waits while an operation runs on the cluster, unless somebody wants to `only_look`. Raises an azure-cli error where
    the cluster cannot have the entries, and one that has all managed identities that do not exist.
    """
    cluster = (service.read() if only_look else service.wait_until_idle()).cluster
    pruned = prunable(cluster.profile, manifest) if prune else frozenset()
    Apply(manifest, {}, pruned).apply(cluster)  # what cannot be is refused before more is read
    return Plan.of(Apply(manifest, _find(cli_ctx, manifest, cluster), pruned), cluster)


def carry_out(
    cli_ctx: Any,
    service: ClusterService,
    plan: Plan,
    *,
    skip_role_assignment: bool = False,
    headers: Mapping[str, str] | None = None,
    no_wait: bool = False,
) -> None:
    """Grants the roles that are missing, makes the change in one write and waits for it, but not with `no_wait`.

    Raises an azure-cli error where the change cannot be, the service refuses it or an entry ends Failed.
    """
    change = plan.change
    grants = RemovalGrants(cli_ctx, change.removing, skip_role_assignment=skip_role_assignment, found=change.found)
    service.change(change, grants, headers=headers, no_wait=no_wait)
    settle_roles(cli_ctx, grants, plan.wanted, revoke=False)


def _find(cli_ctx: Any, manifest: Manifest, cluster: Cluster) -> dict[str, ManagedIdentity]:
    """The managed identities of the files, by resource id in lower case; those that cannot be read are left out."""
    spelled = {entry.identity.resource_id.lower(): entry.identity.resource_id for entry in manifest.identities}
    with counted(cli_ctx, "Reading managed identities", len(spelled)) as tell:
        found = managed_identities.find_many(cli_ctx, spelled.values(), tell)
    known = {spelled[key]: each for key, each in found.items() if isinstance(each, ManagedIdentity | NotFound)}
    return managed_identities.existing(known, cluster.location)


def read_manifest(cli_ctx: Any, paths: Iterable[str]) -> Manifest:
    """The entries of the files; managed identities given by name are in the subscription of the command.

    Raises an azure-cli error that has everything that is wrong with the files.
    """
    from azure.cli.core.commands.client_factory import get_subscription_id

    return read(read_files(paths, MAX_BYTES), get_subscription_id(cli_ctx))
