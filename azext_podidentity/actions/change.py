# SPDX-License-Identifier: MIT
"""Apply one change to a cluster exactly once, even if other clients change it at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from azure.cli.core.azclierror import AzCLIError
from knack.log import get_logger

from azext_podidentity.actions.removed_identities import warn_of_deleted_identities
from azext_podidentity.arm.backoff import sleep
from azext_podidentity.arm.cluster_writer import WriteError, Written
from azext_podidentity.arm.errors import ArmError, explain_failed
from azext_podidentity.arm.timeout_errors import unreadable_result_error
from azext_podidentity.cli.progress import progress
from azext_podidentity.profile.commands import revoke_command
from azext_podidentity.profile.entries import EntryKey, PodIdentity, Profile
from azext_podidentity.profile.lost_updates import LostUpdates, all_restored, lost_of, restore, without
from azext_podidentity.profile.portions import first_portion, limit_in, new_identities
from azext_podidentity.profile.service_requests import ChangeContext
from azext_podidentity.profile.text import printable

if TYPE_CHECKING:
    from azure.cli.core import AzCli
    from azure.mgmt.containerservice.models import ManagedCluster

    from azext_podidentity.actions.role_grants import Preparation, RoleGrants
    from azext_podidentity.arm.cluster_writer import ClusterWriter
    from azext_podidentity.arm.managed_clusters import ClusterState
    from azext_podidentity.profile.changes import Change
    from azext_podidentity.profile.cluster import Cluster

logger = get_logger(__name__)

# How often to resend a write without an ETag that got no response: as often as the SDK repeats other requests.
_REPEATS = 3
# How often to resend a write whose result could not be read: few times, because AKS limits writes.
_UNREADABLE = 1


@dataclass(frozen=True)
class ChangeResult:
    """The result of a change.

    `model` is the SDK's model of the changed cluster, None if the command did not wait for it. `removed` has the pod
    identities that existed when the command first read the cluster and that the change removed. `granted` has the
    resource IDs over which the command granted the cluster identity its role.
    """

    model: ManagedCluster | None
    principal_id: str | None
    removed: tuple[PodIdentity, ...] = ()
    granted: tuple[str, ...] = ()


def change_cluster(
    cli_ctx: AzCli,
    writer: ClusterWriter,
    change: Change,
    grants: RoleGrants,
    *,
    headers: Mapping[str, str] | None = None,
    no_wait: bool = False,
) -> ChangeResult:
    """Apply the change and wait until the operation ends, unless `no_wait` is set.

    1. Read the cluster, and wait while an operation runs on it.
    2. Apply the change to the state that was read. Stop if an earlier attempt has already succeeded.
    3. Read the managed identities and role assignments that the wanted profile needs; grant missing roles.
       Stop if nothing differs from the state that was read. If a role was granted, wait until it may have propagated.
       If that took time, read the cluster again: a write should directly follow its read.
    4. Write with the ETag that was read.
    5. If another client was faster, its operation is still running, or a role has not propagated, wait and go to 1.
       Any other error ends the command with the service's reason and the fix.
    6. Follow the operation. If the cluster does not have the change, another client replaced the write: go to 1.
    7. If the service has no ETags, restore entries of other clients that this write or another one overwrote.
    8. If an entry of the change ended in state Failed, end the command with the service's reason.

    Raise an azure-cli error if the change is impossible, the service refuses it, an entry ends in state Failed, or the
    writer's timeout has passed.
    """
    run = _Run(cli_ctx, writer, change, grants, headers=headers, no_wait=no_wait)
    try:
        while (result := run.attempt()) is None:
            pass
    except AzCLIError:
        run.warn_of_grants()
        raise
    grants.show_new(writer.reference.name)
    return result


class _Run:  # pylint: disable=too-many-instance-attributes
    """The attempts of one change, and the state that is kept between them."""

    def __init__(
        self,
        cli_ctx: AzCli,
        writer: ClusterWriter,
        change: Change,
        grants: RoleGrants,
        *,
        headers: Mapping[str, str] | None,
        no_wait: bool,
    ) -> None:
        self._cli_ctx = cli_ctx
        self._writer = writer
        self._change = change
        self._grants = grants
        self._headers = headers
        self._no_wait = no_wait
        self._attempts = 0
        self._writes = 0
        self._principal_id: str | None = None
        self._unreadable = 0
        self._limit: int | None = None
        self._lost: LostUpdates = {}
        self._removed: dict[EntryKey, PodIdentity] = {}

    def attempt(self) -> ChangeResult | None:
        """Run the steps of `change_cluster` once. Return None if they have to be repeated."""
        self._attempts += 1
        state = self._writer.wait_until_idle()
        self._principal_id = state.cluster.principal_id
        if self._writes and self._is_reached(state.cluster):
            return self._result(state)
        if self._attempts == 1:
            self._change = self._change.pinned(state.cluster)
        warnings = self._change.warnings(state.cluster) if self._attempts == 1 else []
        for warning in warnings:
            logger.warning("%s", printable(warning))
        wanted = self._change.wanted(state.cluster)
        self._remember_removed(state.cluster.profile, wanted.profile)
        existing = self._change.existing_entries(state.cluster.profile)
        prepared = self._grants.prepare(state.cluster, wanted.profile, existing)
        wanted = _with_profile(wanted, restore(prepared.profile, self._lost))
        if self._is_reached(state.cluster) and wanted.profile.to_json() == state.cluster.profile.to_json():
            if not warnings:
                logger.warning("No changes: cluster '%s' is already up to date.", self._writer.reference.name)
            return self._result(state)
        if prepared.wait or prepared.sent_requests:
            self._wait_for_roles(prepared.wait)
            return None
        return self._write(state, self._portion_of(state.cluster, wanted), prepared)

    def warn_of_grants(self) -> None:
        """Show how to remove the roles that were granted for a change that failed."""
        for resource_id in self._grants.granted if self._principal_id else ():
            logger.warning(
                "The cluster identity was granted its role over '%s' for this change. To remove it, run: %s",
                *(resource_id, revoke_command(self._principal_id or "", resource_id)),
            )

    def _write(self, state: ClusterState, wanted: Cluster, prepared: Preparation) -> ChangeResult | None:
        if not self._writes and self._removed:
            warn_of_deleted_identities(self._cli_ctx, self._removed.values())
        self._writes += 1
        try:
            if self._no_wait:
                self._writer.begin_write(state, wanted, self._headers)
                return self._result_of(None)
            written = self._writer.write(state, wanted, self._headers)
        except WriteError as failure:
            self._after_failure(failure, state, wanted, prepared)
            return None
        return self._after_write(written, state, wanted, prepared)

    def _after_write(
        self, written: Written, state: ClusterState, wanted: Cluster, prepared: Preparation
    ) -> ChangeResult | None:
        cluster = written.state.cluster
        if not state.model.e_tag:
            before = state.cluster.profile
            self._note_lost(before, wanted.profile, written.answered)
            if not self._change.is_reached(cluster):
                self._note_lost(before, wanted.profile, cluster.profile)
        if self._is_reached(cluster):
            self._grants.confirm(cluster, cluster.profile.identities)
            return self._result(written.state)
        if failed := self._change.failed_entries(cluster.profile):
            self._after_failed_entries(failed, cluster, prepared)
        elif self._limit is not None and not new_identities(cluster.profile, wanted.profile):
            logger.info("A portion is added; the next one follows.")
        elif written.unreadable and self._unreadable >= _UNREADABLE:
            raise unreadable_result_error(cluster.reference, written.unreadable)
        else:
            self._unreadable += bool(written.unreadable)
            self._pause("another client's write, which replaced this one.")
        return None

    def _after_failure(self, failure: WriteError, state: ClusterState, wanted: Cluster, prepared: Preparation) -> None:
        """Wait if another attempt can succeed, else raise the explained error."""
        reason = failure.reason
        unassigned = reason.unassigned_identity if reason else None
        if failure.throttled_for is not None:
            self._writer.wait_throttled(failure)
        elif reason and self._limit is None and (limit := limit_in(str(reason))):
            self._limit = limit
            logger.warning("Azure accepts %d managed identities in one request, so they are added in portions.", limit)
        elif unassigned and (kept := without(self._lost, unassigned)) != self._lost:
            self._lost = kept  # its role was removed too, so it was removed on purpose
        elif not state.model.e_tag and failure.is_transient and self._writes <= _REPEATS:
            logger.info("The service did not answer the write, which is sent again: %s", failure)
            self._pause(str(failure))
        elif reason and (reason.busy or reason.replaced):
            # Only an accepted write that was replaced is worth a warning; a refused one changed nothing.
            log = logger.warning if reason.replaced else logger.info
            log("Another operation replaced or blocked the change, so it is retried: %s", reason)
            self._pause(str(reason))
            if reason.replaced and not state.model.e_tag:
                now = self._writer.wait_until_idle().cluster.profile
                self._note_lost(state.cluster.profile, wanted.profile, now)
        else:
            wait = self._grants.wait_after_refusal(unassigned, state.cluster, self._removed) if unassigned else None
            if wait is None or self._writer.deadline.passed:
                raise self._writer.explain(failure, state.cluster, self._context(prepared)) from failure.error
            logger.info("The role is granted and has not propagated yet: %s", reason)
            self._wait_for_roles(wait)

    def _after_failed_entries(self, failed: list[PodIdentity], cluster: Cluster, prepared: Preparation) -> None:
        """Wait if the entries may have failed only because a new role has not propagated, else raise the error."""
        unassigned = [ArmError.of_entries([entry]).unassigned_identity for entry in failed]
        # Evaluate every entry: the role may be missing over several managed identities.
        waits = [self._grants.wait_after_refusal(each, cluster, self._removed) if each else None for each in unassigned]
        possible = [wait for wait in waits if wait is not None]
        if self._writer.deadline.passed or not possible:
            raise explain_failed(failed, cluster, self._writer.look_up, self._context(prepared))
        self._wait_for_roles(max(possible))

    def _portion_of(self, cluster: Cluster, wanted: Cluster) -> Cluster:
        """Return the cluster to write, with as many new managed identities as Azure accepts in one request."""
        count = len(new_identities(cluster.profile, wanted.profile))
        if self._limit is None or count <= self._limit:
            return wanted
        rest = "Run the command again to add the rest." if self._no_wait else "The rest follows."
        logger.warning("Adding %d of %d managed identities. %s", self._limit, count, rest)
        return replace(wanted, profile=first_portion(cluster.profile, wanted.profile, self._limit))

    def _is_reached(self, cluster: Cluster) -> bool:
        return self._change.is_reached(cluster) and all_restored(cluster.profile, self._lost)

    def _result(self, state: ClusterState) -> ChangeResult:
        return self._result_of(state.model)

    def _result_of(self, model: ManagedCluster | None) -> ChangeResult:
        return ChangeResult(model, self._principal_id, tuple(self._removed.values()), self._grants.granted)

    def _remember_removed(self, before: Profile, wanted: Profile) -> None:
        for entry in before.identities:
            kept = wanted.identities.find(entry.key)
            if kept is None or not kept.identity.same_as(entry.identity):
                self._removed.setdefault(entry.key, entry)

    def _context(self, prepared: Preparation) -> ChangeContext:
        return ChangeContext(tuple(self._removed), prepared.unreadable_roles)

    def _note_lost(self, before: Profile, wanted: Profile, now: Profile) -> None:
        """Record entries of other clients that a write without an ETag overwrote, to restore them.

        Call this only if the change itself is missing from the profile: otherwise, entries that are missing were
        removed on purpose by a client that had read the change.
        """
        lost = lost_of(before, wanted, now)
        for entry_type, key in lost:
            logger.warning("%s was overwritten by another client and will be restored.", entry_type.name(key))
        self._lost.update(lost)

    def _pause(self, blocking: str) -> None:
        self._writer.pause(blocking, self._writes)

    def _wait_for_roles(self, seconds: float) -> None:
        if seconds:
            with progress(self._cli_ctx, "Waiting for the role assignment to propagate") as update:
                sleep(min(seconds, self._writer.deadline.left), update)


def _with_profile(cluster: Cluster, profile: Profile) -> Cluster:
    """Return the cluster with the profile, or the same object if the profile does not differ."""
    return cluster if profile is cluster.profile else replace(cluster, profile=profile)
