"""Reads, changes and writes one managed cluster: etag, busy, retry, polling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from azure.cli.core.azclierror import AzCLIError, ValidationError
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.exceptions import ResourceNotFoundError as AzureResourceNotFoundError
from knack.log import get_logger

from azext_podidentity.actions.role_grants import Grants
from azext_podidentity.arm import managed_identities
from azext_podidentity.arm.backoff import WAIT_LIMIT, Backoff, BackoffPolling, Deadline
from azext_podidentity.arm.errors import (
    ArmError,
    busy_timeout_error,
    explain,
    explain_failed,
    explain_stale,
    is_transient,
    operation_timeout_error,
)
from azext_podidentity.arm.models import edited, if_unchanged
from azext_podidentity.arm.polling import StillRunningError, follow
from azext_podidentity.cli.progress import progress
from azext_podidentity.profile.changes import Change
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.cluster_states import Action, refusal, state_of
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, NotFound, PodIdentity, Profile
from azext_podidentity.profile.entry_types import IDENTITY
from azext_podidentity.profile.identity_problems import ChangeContext
from azext_podidentity.profile.lost_updates import LostUpdates, all_restored, lost_of, restore, without

logger = get_logger(__name__)


# How often a write without an etag is made afresh that the service did not answer: as often as the SDK repeats others.
_REPEATS = 3


@dataclass(frozen=True)
class Reading:
    """One reading of a cluster: the SDK's model, to be written back, and what a change needs to know of it."""

    model: Any
    cluster: Cluster


class ClusterService:
    """One managed cluster in Azure. From now on, operations are waited for no longer than `wait_limit` seconds."""

    def __init__(self, cli_ctx: Any, client: Any, reference: ClusterReference, wait_limit: float = WAIT_LIMIT) -> None:
        self.deadline = Deadline(wait_limit)
        self._cli_ctx = cli_ctx
        self._client = client
        self._reference = reference
        self._lookup = partial(managed_identities.find, cli_ctx)
        self._cluster_identity: ManagedIdentity | NotFound | None = None

    def read(self) -> Reading:
        """The cluster as it is now.

        Raises an azure-cli error with the service's words, ResourceNotFoundError where it does not exist.
        """
        return self.reading(self._get())

    def wait_until_idle(self) -> Reading:
        """The cluster once no operation runs on it; waits as long as one does.

        Raises AzureResponseError where that takes longer than the limit, ValidationError for a cluster that cannot be
        changed whatever it is waited for: one that is stopped or being deleted.
        """
        reading = self.read()
        if _is_idle(reading.cluster):
            return reading
        pace = Backoff()
        state = reading.cluster.provisioning_state
        with progress(self._cli_ctx, f"Waiting for another operation on {self._reference.name} ({state})") as turn:
            while not _is_idle(reading.cluster):
                if self.deadline.passed:
                    raise busy_timeout_error(
                        self._reference, self.deadline.seconds, f"an operation ({state}) that still runs."
                    )
                pace.wait(turn, at_most=self.deadline.left)
                reading = self.read()
                state = reading.cluster.provisioning_state
        return reading

    def read_namespace(self, namespace: str | None = None) -> Any:
        """The cluster's SDK model, with the entries of one Kubernetes namespace alone where one is named."""
        model = self._get()
        profile = model.properties.pod_identity_profile
        if namespace is not None and profile is not None:
            for entries in ("user_assigned_identities", "user_assigned_identity_exceptions"):
                kept = [entry for entry in getattr(profile, entries) or () if entry.namespace == namespace]
                setattr(profile, entries, kept)
        return model

    def identity_for_wait(self, key: EntryKey) -> dict[str, Any]:
        """A pod identity's JSON object, with `provisioning_state` in the words of az's wait conditions.

        Raises azure-core's ResourceNotFoundError, as those conditions expect, where the entry is absent, and the
        explained error where it ended Failed.
        """
        cluster = self.read().cluster
        entry = cluster.profile.identities.find(key)
        if entry is None:
            missing = AzureResourceNotFoundError(message=IDENTITY.absent(cluster, key).error_msg)
            missing.status_code = 404
            raise missing
        if entry.failed:
            raise explain_failed([entry], cluster, self._lookup)
        state = "Succeeded" if entry.provisioning_state == "Assigned" else entry.provisioning_state
        return {**entry.raw, "provisioning_state": state}

    def change(
        self, change: Change, grants: Grants, *, headers: Mapping[str, str] | None = None, no_wait: bool = False
    ) -> Any:
        """Makes the change and returns the cluster's SDK model, None with `no_wait`.

        Reads, applies the change, writes with the etag that was read. Where another write was in the way, applies
        the change afresh to what is there by then. Where the service has no etags, entries of others that went missing
        with the write, in its answer or together with the change, are put back. Raises an azure-cli error where the
        change cannot be, the service refuses it, the entry ends Failed or the time is up.
        """
        pace = Backoff()
        tries = 0
        lost: LostUpdates = {}
        while True:
            tries += 1
            reading = self.wait_until_idle()
            profile = reading.cluster.profile
            if tries > 1 and _is_done(change, reading.cluster) and all_restored(profile, lost):
                return reading.model
            wanted = change.apply(reading.cluster)
            self._check_standing(change, reading.cluster)
            wanted = restore(grants.prepare(reading.cluster, wanted), lost)
            if _is_done(change, reading.cluster) and wanted.to_json() == profile.to_json():
                logger.warning("Nothing to change: cluster %s has it already.", self._reference.name)
                return reading.model
            for remark in () if tries > 1 else change.warnings(reading.cluster):
                logger.warning(remark)
            if grants.took_long or (grants.took_time and not reading.model.e_tag):
                continue  # a write is safe only right after a read without an etag, and often in vain later with one
            polling = None if no_wait else BackoffPolling()
            try:
                written = self._write(edited(reading.model, wanted, change), headers, polling)
            except AzureError as error:
                if (of_lost := _without_role(error, lost)) != lost:
                    lost = of_lost  # somebody took its role too: it was removed on purpose
                    continue
                self._check_worth_another_try(error, reading, change, grants, pace=pace, tries=tries)
                if not reading.model.e_tag and _is_replaced(error):
                    lost.update(self._lost(profile, wanted, self.wait_until_idle().cluster.profile))
                continue
            if polling is None:
                return None
            has_etag, reading = bool(reading.model.e_tag), self.reading(written)
            if not has_etag:
                answered = Cluster.from_json(self._reference, polling.answer.as_dict()).profile
                lost.update(self._lost(profile, wanted, answered))
                if not _is_done(change, reading.cluster):
                    lost.update(self._lost(profile, wanted, reading.cluster.profile))
            if _is_done(change, reading.cluster) and all_restored(reading.cluster.profile, lost):
                return reading.model
            if failed := change.failed_entries(reading.cluster.profile):
                self._check_failed(failed, reading.cluster, change, grants)
                continue
            self._pause(pace, "another client's write, which replaced this one while it ran.", tries)

    def _get(self) -> Any:
        """The cluster's SDK model as it is now."""
        try:
            return self._client.get(self._reference.resource_group, self._reference.name)
        except AzureError as error:
            raise explain(error, Cluster(self._reference, Profile()), self._lookup) from error

    def reading(self, model: Any) -> Reading:
        """What the SDK's model of the cluster says; a cluster identity named by its resource id alone is looked up."""
        cluster = Cluster.from_json(self._reference, model.as_dict())
        if cluster.principal_id is None and cluster.identity_resource_id is not None:
            cluster = replace(cluster, principal_id=self._principal_id(cluster.identity_resource_id))
        return Reading(model, cluster)

    def _principal_id(self, resource_id: str) -> str | None:
        """The object id of a cluster identity that the answer names by its resource id alone."""
        if self._cluster_identity is None:
            try:
                self._cluster_identity = self._lookup(resource_id)
            except AzCLIError as error:
                logger.debug("The cluster identity could not be read: %s", error)
                return None
        return self._cluster_identity.object_id if isinstance(self._cluster_identity, ManagedIdentity) else None

    def _write(self, model: Any, headers: Mapping[str, str] | None, polling: BackoffPolling | None) -> Any:
        """Sends the cluster's SDK model and waits for the end of the operation; returns the SDK's model by then.

        None where there is no `polling`.
        """
        poller = self._client.begin_create_or_update(
            self._reference.resource_group,
            self._reference.name,
            model,
            polling=polling or False,
            headers=dict(headers or {}),
            # The SDK repeats a request as it was sent, which without an etag would undo what others wrote since.
            **(if_unchanged(model.e_tag) or {"retry_total": 0}),
        )
        if polling is None:
            return None
        try:
            written = follow(self._cli_ctx, poller, f"Changing cluster {self._reference.name}", self.deadline)
        except StillRunningError as error:
            raise operation_timeout_error(self._reference, self.deadline.seconds, error.status) from error
        return self._get() if written is None else written

    def _lost(self, before: Profile, wanted: Profile, now: Profile) -> LostUpdates:
        """The entries of others that went missing with a write that had no etag: told, and to be put back.

        Not to be asked where the change is still there: what is missing then, somebody removed who saw it.
        """
        lost = lost_of(before, wanted, now)
        for entry_type, key in lost:
            logger.warning("%s went missing with another client's write. It is put back.", entry_type.name(key))
        return lost

    def _pause(self, pace: Backoff, in_the_way: str, tries: int) -> None:
        """Waits until it is time for another try; raises AzureResponseError where there is no time left for one."""
        if self.deadline.passed:
            raise busy_timeout_error(self._reference, self.deadline.seconds, in_the_way, tries)
        with progress(self._cli_ctx, f"Waiting for other clients' changes of {self._reference.name}") as turn:
            pace.wait(turn, at_most=self.deadline.left)

    def _check_worth_another_try(
        self, error: AzureError, reading: Reading, change: Change, grants: Grants, *, pace: Backoff, tries: int
    ) -> None:
        """Waits where another try can succeed; raises the explained error where it cannot."""
        cluster = reading.cluster
        if not reading.model.e_tag and tries <= _REPEATS and is_transient(error):
            logger.info("The service did not answer the write, which is made afresh: %s", error)
            self._pause(pace, str(error), tries)
            return
        if isinstance(error, HttpResponseError):
            service = ArmError.of(error)
            if service.busy or service.replaced:
                # A write that was accepted and then ended for another's is worth a word; one that was refused is not.
                tell = logger.warning if service.replaced else logger.info
                tell("Another operation was in the way, so the change is made again: %s", service)
                self._pause(pace, str(service), tries)
                return
            unassigned = None if self.deadline.passed else service.unassigned_identity
            if unassigned and grants.wait_for_role(unassigned, cluster):
                logger.info("The role is granted and has not reached the service yet: %s", service)
                return
        raise explain(error, cluster, self._lookup, ChangeContext(change.removing, grants.unknown_roles)) from error

    def _check_failed(self, failed: list[PodIdentity], cluster: Cluster, change: Change, grants: Grants) -> None:
        """Waits where a role is on its way to entries that ended Failed; raises the explained error where it is not."""
        unassigned = [ArmError.of_entries([entry]).unassigned_identity for entry in failed]
        # Each is asked: the role may be missing over several.
        worth_it = [identity is not None and grants.wait_for_role(identity, cluster) for identity in unassigned]
        if self.deadline.passed or not any(worth_it):
            raise explain_failed(failed, cluster, self._lookup, ChangeContext(change.removing, grants.unknown_roles))

    def _check_standing(self, change: Change, cluster: Cluster) -> None:
        """Raises the explained error where what is there already binds a managed identity that is gone."""
        entry = change.existing_entry(cluster.profile)
        error = explain_stale(entry, cluster, self._lookup) if entry is not None else None
        if error is not None:
            raise error


def _is_done(change: Change, cluster: Cluster) -> bool:
    """Whether the cluster is as the change makes it."""
    return change.is_done(cluster.profile) and (cluster.features.enabled or not change.enables_workload_identity)


def _is_replaced(error: AzureError) -> bool:
    """Whether another client's write took the place of the operation while it ran."""
    return isinstance(error, HttpResponseError) and ArmError.of(error).replaced


def _without_role(error: AzureError, lost: LostUpdates) -> LostUpdates:
    """The lost entries that the service does not refuse because the cluster identity has no role over them."""
    identity = ArmError.of(error).unassigned_identity if isinstance(error, HttpResponseError) else None
    return without(lost, identity) if identity else lost


def _is_idle(cluster: Cluster) -> bool:
    """Whether no operation runs. Raises ValidationError for a cluster that cannot be changed."""
    state = state_of(cluster)
    if state.action is Action.REFUSE:
        raise ValidationError(*refusal(cluster, state))
    if state.action is Action.WAIT:
        logger.info("Cluster %s is %s. %s", cluster.reference.name, cluster.provisioning_state, state.why)
    return state.action is Action.GO_ON
