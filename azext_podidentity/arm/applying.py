"""Makes a cluster have the entries of files: first what is to be done, for people to read, then one write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azext_podidentity.arm import identities
from azext_podidentity.arm.cluster import ClusterService
from azext_podidentity.arm.grants import RemovalGrants
from azext_podidentity.arm.progress import counted
from azext_podidentity.arm.removal import settle_roles
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import ManagedIdentity, Missing
from azext_podidentity.profile.manifest.applying import Apply, Plan, prunable
from azext_podidentity.profile.manifest.reading import Manifest


def make_plan(cli_ctx: Any, service: ClusterService, manifest: Manifest, *, prune: bool, only_look: bool) -> Plan:
    """Reads the cluster, and then all managed identities of the files.

    Waits while an operation runs on the cluster, unless somebody wants to `only_look`. Raises an azure-cli error where
    the cluster cannot have the entries, and one that has all managed identities that do not exist.
    """
    cluster = (service.read() if only_look else service.read_settled()).cluster
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
        found = identities.find_many(cli_ctx, spelled.values(), tell)
    known = {spelled[key]: each for key, each in found.items() if isinstance(each, ManagedIdentity | Missing)}
    return identities.existing(known, cluster.location)
