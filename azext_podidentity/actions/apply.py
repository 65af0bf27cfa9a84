# SPDX-License-Identifier: MIT
"""Apply a manifest to a cluster: plan the changes, and then write them in one request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from knack.log import get_logger

from azext_podidentity.actions.change import change_cluster
from azext_podidentity.actions.delete import show_kept_roles
from azext_podidentity.actions.role_grants import RoleGrants
from azext_podidentity.arm import managed_identities, role_assignments
from azext_podidentity.arm.concurrency import by_lower_case
from azext_podidentity.cli.input_files import KUSTOMIZATIONS, read_files
from azext_podidentity.cli.progress import counted
from azext_podidentity.manifest.apply_plan import ApplyManifest, ApplyPlan, prunable
from azext_podidentity.manifest.parser import Manifest, parse_manifest
from azext_podidentity.manifest.yaml_documents import MAX_BYTES
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import ManagedIdentity, NotFound
from azext_podidentity.profile.text import printable

if TYPE_CHECKING:
    from azure.cli.core import AzCli

    from azext_podidentity.actions.role_revocation import RoleOutcome
    from azext_podidentity.arm.cluster_writer import ClusterWriter

logger = get_logger(__name__)


@dataclass(frozen=True)
class ApplyOptions:  # pylint: disable=too-many-instance-attributes
    """How a manifest is applied to clusters.

    yes: remove entries without a question. fail_on_change: end with an error if a cluster differs. report: the path of
    a file. timeout: seconds per cluster; with many clusters, for planning and again for applying the changes.
    parallel: the number of clusters at the same time.
    """

    prune: bool = False
    dry_run: bool = False
    skip_role_assignment: bool = False
    headers: Mapping[str, str] | None = None
    no_wait: bool = False
    timeout: float | None = None
    parallel: int | None = None
    yes: bool = False
    fail_on_change: bool = False
    report: str | None = None


def plan_changes(
    cli_ctx: AzCli,
    writer: ClusterWriter,
    manifest: Manifest,
    *,
    prune: bool = False,
    dry_run: bool = False,
    skip_role_assignment: bool = False,
) -> ApplyPlan:
    """Read the cluster and all managed identities of the manifest, and return the plan.

    Wait while an operation runs on the cluster, except in a dry run, whose plan also has the missing roles. Raise an
    azure-cli error if the manifest cannot be applied to the cluster, or with the names of all managed identities that
    do not exist.
    """
    cluster = (writer.read() if dry_run else writer.wait_until_idle()).cluster
    pruned = prunable(cluster.profile, manifest) if prune else frozenset()
    ApplyManifest(manifest, {}, pruned).apply(cluster)  # raises before more is read
    change = ApplyManifest(manifest, _find_identities(cli_ctx, manifest, cluster), pruned)
    roles = _missing_roles(cli_ctx, manifest, cluster) if dry_run and not skip_role_assignment else None
    return ApplyPlan.create(change, cluster, roles)


def _missing_roles(cli_ctx: AzCli, manifest: Manifest, cluster: Cluster) -> tuple[str, ...]:
    """Return the IDs over which the cluster identity has no role, without those whose roles cannot be read."""
    ids = by_lower_case(entry.identity.resource_id for entry in manifest.identities)
    if cluster.principal_id is None:
        return ()
    with counted(cli_ctx, "Reading role assignments", len(ids)) as report:
        found = role_assignments.find_many(cli_ctx, ids.values(), cluster.principal_id, report)
    return tuple(resource_id for key, resource_id in ids.items() if found[key] == [])


def apply_plan(
    cli_ctx: AzCli,
    writer: ClusterWriter,
    plan: ApplyPlan,
    *,
    skip_role_assignment: bool = False,
    headers: Mapping[str, str] | None = None,
    no_wait: bool = False,
) -> tuple[RoleOutcome, ...]:
    """Grant the missing roles, change the cluster in one write and wait for the operation unless `no_wait` is set.

    Return the roles that removed entries leave behind. Raise an azure-cli error if the change is impossible, the
    service refuses it or an entry ends in state Failed.
    """
    change = plan.change
    grants = RoleGrants(cli_ctx, skip_role_assignment=skip_role_assignment, found=change.found)
    result = change_cluster(cli_ctx, writer, change, grants, headers=headers, no_wait=no_wait)
    return show_kept_roles(result, writer.state_of(result.model).cluster if result.model else None)


def _find_identities(cli_ctx: AzCli, manifest: Manifest, cluster: Cluster) -> dict[str, ManagedIdentity]:
    """Return the managed identities of the manifest by resource ID in lower case, without the unreadable ones."""
    spelled = {entry.identity.resource_id.lower(): entry.identity.resource_id for entry in manifest.identities}
    with counted(cli_ctx, "Reading managed identities", len(spelled)) as report:
        found = managed_identities.find_many(cli_ctx, spelled.values(), report)
    known = {spelled[key]: each for key, each in found.items() if isinstance(each, ManagedIdentity | NotFound)}
    return managed_identities.existing(known, cluster.location)


def load_manifest(cli_ctx: AzCli, paths: Iterable[str], namespace: str | None = None) -> Manifest:
    """Return the entries of the files; managed identities given by name are in the subscription of the command.

    `namespace` is the Kubernetes namespace of entries that do not name one; without it they are a problem. Notes about
    the files are logged as warnings. Raise an azure-cli error with all problems of the files.
    """
    from azure.cli.core.commands.client_factory import get_subscription_id

    files = [
        (file.label, file.content)
        for file in read_files("--file", paths, MAX_BYTES, ignore=lambda path: path.name in KUSTOMIZATIONS)
    ]
    manifest = parse_manifest(files, get_subscription_id(cli_ctx), namespace or "")
    for note in manifest.notes:
        logger.warning("%s", printable(note))
    return manifest
