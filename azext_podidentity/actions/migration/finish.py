# SPDX-License-Identifier: MIT
"""Remove the pod identities and exceptions of a cluster, and disable the add-on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from azext_podidentity.actions import delete
from azext_podidentity.actions.change import change_cluster
from azext_podidentity.actions.migration.context import MigrationContext
from azext_podidentity.actions.migration.status import used_bindings
from azext_podidentity.actions.role_grants import RoleGrants
from azext_podidentity.actions.role_revocation import RoleOutcome, assignments_of_others
from azext_podidentity.cli.outcome import Outcome
from azext_podidentity.migration.notices import unused_identities
from azext_podidentity.migration.report import removal_report
from azext_podidentity.migration.status import check_finished, check_live, check_used, statuses, used_identities
from azext_podidentity.profile.add_on_changes import Disable, lost_by_disable
from azext_podidentity.profile.changes import Delete
from azext_podidentity.profile.entry_types import EXCEPTION, IDENTITY, SERVICE_EXCEPTION
from azext_podidentity.profile.workload_credentials import IdentityLookups

if TYPE_CHECKING:
    from azext_podidentity.actions.workload_source import WorkloadSource
    from azext_podidentity.kubernetes.sources import Loaded
    from azext_podidentity.profile.cluster import Cluster
    from azext_podidentity.profile.entries import PodIdentity


def finish_migration(
    context: MigrationContext, loaded: Loaded, source: WorkloadSource, *, force: bool = False, asks: bool = True
) -> Outcome:
    """Remove the pod identities, their roles and the exceptions, and disable the add-on.

    1. Refuse unless every user of pod identity that was found is ready.
    2. Ask for confirmation, and name the pod identities that no workload uses; without a question, refuse to remove
       them.
    3. Remove the pod identities and their roles, then the exceptions and the add-on.

    `force` skips the refusals; `asks` is whether the user is asked. Raise ValidationError for a refusal, and an
    azure-cli error if a removal fails or another client added entries; completed removals are not reverted.
    """
    cluster = context.writer.wait_until_idle().cluster
    inventory = loaded.inventory
    lookups = context.credentials.read(used_identities(cluster.profile, inventory))
    unused = unused_identities(cluster, inventory, IdentityLookups(lookups))
    others: list[str] = []
    if lost_by_disable(cluster.profile):
        if not force:
            check_live(inventory)
            bindings = used_bindings(context, inventory)
            check_finished(context.reference, statuses(cluster, inventory, lookups, bindings), source.arguments)
            if not asks:
                check_used(unused)
        others = assignments_of_others(context.cli_ctx, cluster)
        context.confirm(_describe_finish(cluster, loaded, unused, others))
    roles = [each.to_json() for each in _remove(context, cluster, others)]
    identities = [str(entry.key) for entry in cluster.profile.identities]
    exceptions = [str(each.key) for each in cluster.profile.exceptions if each.key != SERVICE_EXCEPTION]
    name = cluster.reference.name
    return Outcome(removal_report(name, identities=identities, exceptions=exceptions, roles=roles, disabled=True))


def _remove(context: MigrationContext, cluster: Cluster, agreed: Collection[str]) -> tuple[RoleOutcome, ...]:
    """Remove the entries, disable the add-on, and return the outcome for each role.

    `cluster` is the state that the user confirmed. `agreed` has the IDs of role assignments that others created and
    that the user agreed to remove.
    """
    keys = tuple(entry.key for entry in cluster.profile.identities)
    if keys:
        roles = delete.delete_identities(
            context.cli_ctx,
            context.writer,
            Delete(IDENTITY, keys),
            delete_role_assignment=True,
            agree=set(agreed).issuperset,
            headers=context.headers,
        ).roles
    else:
        roles = delete.revoke_leftover_roles(context.cli_ctx, context.writer, cluster)
    if cluster.profile.enabled:
        exceptions = frozenset((EXCEPTION, entry.key) for entry in cluster.profile.exceptions)
        grants = RoleGrants(context.cli_ctx)
        change_cluster(context.cli_ctx, context.writer, Disable(exceptions), grants, headers=context.headers)
    return roles


def _describe_finish(cluster: Cluster, loaded: Loaded, unused: Sequence[PodIdentity], others: Sequence[str]) -> str:
    entries = "\n".join(f"  {kind.noun.lower()} {key}" for kind, key in lost_by_disable(cluster.profile))
    names = "\n".join(f"  {entry.key}" for entry in unused)
    unseen = f"\nNo workload that was read was seen to use these pod identities:\n{names}" if unused else ""
    assignments = "\n".join(f"  {each}" for each in others)
    also = f"\nOthers created these role assignments, which will be removed too:\n{assignments}" if others else ""
    return (
        f"Workloads read: {len(loaded.inventory.workloads)}. The following entries and the roles of the cluster "
        f"identity for them will be removed, and the add-on will be disabled:\n{entries}{also}{unseen}"
    )
