# SPDX-License-Identifier: MIT
"""Write one managed cluster: wait until it is idle, send it with the ETag that was read, follow the operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from azure.cli.core.azclierror import AzCLIError, ValidationError
from azure.core.exceptions import AzureError, HttpResponseError
from knack.log import get_logger

from azext_podidentity.arm.backoff import WAIT_LIMIT, BackoffPolling, TurnBackoff, sleep, spread
from azext_podidentity.arm.errors import (
    ArmError,
    explain_plainly,
    explain_refusal,
    is_transient,
)
from azext_podidentity.arm.managed_clusters import ClusterReader, ClusterState
from azext_podidentity.arm.models import edited, if_unchanged
from azext_podidentity.arm.polling import StillRunningError, follow, reports_failure
from azext_podidentity.arm.throttling import THROTTLED, begin_deadline, throttling_pause
from azext_podidentity.arm.timeout_errors import busy_timeout_error, operation_timeout_error
from azext_podidentity.cli.interruption import note_completed, note_not_sent, note_sent
from azext_podidentity.cli.progress import progress
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.cluster_states import Action, decide, refusal_advice
from azext_podidentity.profile.entries import Profile

if TYPE_CHECKING:
    from azure.cli.core import AzCli
    from azure.mgmt.containerservice.models import ManagedCluster
    from azure.mgmt.containerservice.operations import ManagedClustersOperations

    from azext_podidentity.profile.cluster_reference import ClusterReference
    from azext_podidentity.profile.service_requests import ChangeContext

logger = get_logger(__name__)


class WriteError(Exception):
    """A write was refused, was not answered, or its operation failed.

    `reason` is the service's error, None if it did not answer. `is_transient` is whether the same write may succeed
    later. `throttled_for` is the seconds that Azure asks to wait, None if the write was not throttled.
    """

    def __init__(self, error: AzureError) -> None:
        super().__init__(str(error))
        self.error = error
        self.reason = ArmError.of(error) if isinstance(error, HttpResponseError) else None
        self.is_transient = is_transient(error)
        self.throttled_for = _throttled_for(error)


@dataclass(frozen=True)
class Written:
    """A write whose operation ended.

    `state` is the current state of the cluster, `answered` the profile in the response to the write itself.
    `unreadable` is the reason why the result of the operation could not be read, empty if it was read.
    """

    state: ClusterState
    answered: Profile
    unreadable: str = ""


class ClusterWriter(ClusterReader):
    """Write one managed cluster. Wait for all operations no longer than `timeout` seconds from now on."""

    def __init__(
        self,
        cli_ctx: AzCli,
        client: ManagedClustersOperations,
        reference: ClusterReference,
        timeout: float | None = None,
    ) -> None:
        super().__init__(cli_ctx, client, reference)
        self.deadline = begin_deadline(cli_ctx, timeout or WAIT_LIMIT)

    @cached_property
    def _turns(self) -> TurnBackoff:
        """The backoff that all waits of the command share, so that it polls less often the longer it waits."""
        return TurnBackoff()

    def wait_until_idle(self) -> ClusterState:
        """Return the state of the cluster once no operation runs on it; wait as long as one does.

        Raise AzureResponseError if that takes longer than the timeout, ValidationError if the cluster cannot be
        changed at all because it is stopped or being deleted.
        """
        state = self.read()
        if _is_idle(state.cluster):
            return state
        running = state.cluster.provisioning_state
        waiting = f"Waiting for another operation on {self.reference.name} ({running})"
        with progress(self._cli_ctx, waiting, unusual=True) as update:
            while not _is_idle(state.cluster):
                if self.deadline.passed:
                    raise busy_timeout_error(
                        self.reference, self.deadline.seconds, f"an operation ({running}) that still runs."
                    )
                self._turns.wait(update, at_most=self.deadline.left)
                state = self.read()
                running = state.cluster.provisioning_state
        return state

    def write(self, state: ClusterState, wanted: Cluster, headers: Mapping[str, str] | None) -> Written:
        """Send the wanted cluster, follow the operation to its end, and return the result.

        If the write was accepted but the operation's result cannot be read (404, 5xx, invalid JSON), wait until the
        cluster is idle and return its state. Raise WriteError if the service refuses the write or reports that the
        operation failed, and AzureResponseError if the operation outlasts the timeout.
        """
        polling = BackoffPolling()
        try:
            poller = self._send(state, wanted, headers, polling)
        except AzureError as error:
            raise WriteError(error) from error
        answered = Cluster.from_json(self.reference, polling.answer.as_dict()).profile
        try:
            model = self.follow(poller)
        except AzureError as error:
            if reports_failure(error):
                raise WriteError(error) from error
            logger.info("The result of the operation could not be read, so the cluster is read instead: %s", error)
            return Written(self.wait_until_idle(), answered, str(error))
        return Written(self.wait_until_idle() if model is None else self.state_of(model), answered)

    def begin_write(self, state: ClusterState, wanted: Cluster, headers: Mapping[str, str] | None) -> None:
        """Send the wanted cluster and do not wait for the operation. Raise WriteError if it is refused."""
        try:
            self._send(state, wanted, headers, False)
        except AzureError as error:
            raise WriteError(error) from error

    def explain(self, failure: WriteError, cluster: Cluster, context: ChangeContext) -> AzCLIError:
        """Return the azure-cli error for a write that failed, with the commands that fix the problem."""
        if failure.reason is None:
            return explain_plainly(failure.error)
        return explain_refusal(failure.reason, cluster, self.look_up, context)

    def wait_throttled(self, failure: WriteError) -> None:
        """Wait as long as Azure asks. If that exceeds the timeout, raise the error that says when to retry."""
        seconds = spread(failure.throttled_for or 0.0)
        if seconds > self.deadline.left:
            raise explain_plainly(failure.error) from failure.error
        logger.warning("Azure throttles changes of the cluster. Waiting %.0f seconds before the next one.", seconds)
        with progress(self._cli_ctx, "Waiting for Azure to accept changes of the cluster again") as update:
            sleep(seconds, update)

    def pause(self, blocking: str, attempts: int) -> None:
        """Wait before another attempt to write. Raise AzureResponseError if the timeout has passed.

        `blocking` describes the operation that blocked the write, `attempts` is the number of writes sent.
        """
        if self.deadline.passed:
            raise busy_timeout_error(self.reference, self.deadline.seconds, blocking, attempts)
        waiting = f"Waiting for other clients' changes of {self.reference.name}"
        with progress(self._cli_ctx, waiting, unusual=True) as update:
            self._turns.wait(update, at_most=self.deadline.left)

    def _send(
        self, state: ClusterState, wanted: Cluster, headers: Mapping[str, str] | None, polling: BackoffPolling | bool
    ) -> Any:
        etag = state.model.e_tag
        note_sent(self._cli_ctx, self.reference)
        try:
            return self._client.begin_create_or_update(
                self.reference.resource_group,
                self.reference.name,
                edited(state, wanted),
                polling=polling,
                headers=dict(headers or {}),
                raise_throttled=True,
                # The SDK would repeat the request unchanged, which without an ETag would overwrite newer changes.
                **(if_unchanged(etag) or {"retry_total": 0}),
            )
        except HttpResponseError:  # refused
            note_not_sent(self._cli_ctx, self.reference)
            raise

    def follow(self, poller: Any) -> ManagedCluster | None:
        """Follow the operation of a write to its end and return the SDK's model of the cluster, None if unknown.

        Raise the SDK's error if the operation fails, and AzureResponseError if it outlasts the timeout.
        """
        try:
            model: ManagedCluster | None = follow(
                self._cli_ctx, poller, f"Changing cluster {self.reference.name}", self.deadline
            )
        except StillRunningError as error:
            raise operation_timeout_error(self.reference, self.deadline.seconds, error.status) from error
        note_completed(self._cli_ctx, self.reference)
        return model


def _throttled_for(error: AzureError) -> float | None:
    if not isinstance(error, HttpResponseError) or error.status_code != THROTTLED:
        return None
    return throttling_pause(getattr(error.response, "headers", None) or {}, 0)


def _is_idle(cluster: Cluster) -> bool:
    """Return whether no operation runs. Raise ValidationError for a cluster that cannot be changed."""
    decision = decide(cluster)
    if decision.action is Action.REFUSE:
        raise refusal_advice(cluster, decision).error(ValidationError)
    if decision.action is Action.WAIT:
        logger.info("Cluster %s is %s. %s", cluster.reference.name, cluster.provisioning_state, decision.reason)
    return decision.action is Action.CONTINUE
