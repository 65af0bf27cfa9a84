"""Write one managed cluster: wait until it is idle, send it with the ETag that was read, follow the operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azure.cli.core.azclierror import AzCLIError, ValidationError
from azure.core.exceptions import AzureError, HttpResponseError
from knack.log import get_logger

from azext_podidentity.arm.backoff import WAIT_LIMIT, Backoff, BackoffPolling, Deadline
from azext_podidentity.arm.errors import (
    ArmError,
    busy_timeout_error,
    explain_plainly,
    explain_refusal,
    is_transient,
    operation_timeout_error,
)
from azext_podidentity.arm.managed_clusters import ClusterReader, ClusterState
from azext_podidentity.arm.models import edited, if_unchanged
from azext_podidentity.arm.polling import StillRunningError, follow
from azext_podidentity.cli.progress import progress
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.cluster_states import Action, decide, refusal
from azext_podidentity.profile.entries import Profile

if TYPE_CHECKING:
    from azure.cli.core import AzCli
    from azure.mgmt.containerservice.models import ManagedCluster
    from azure.mgmt.containerservice.operations import ManagedClustersOperations

    from azext_podidentity.profile.cluster_reference import ClusterReference
    from azext_podidentity.profile.identity_problems import ChangeContext

logger = get_logger(__name__)


class WriteError(Exception):
    """A write was refused, was not answered, or its operation failed.

    `reason` is what the service said, None if it did not answer. `is_transient` is whether the same write may succeed
    a little later.
    """

    def __init__(self, error: AzureError) -> None:
        super().__init__(str(error))
        self.error = error
        self.reason = ArmError.of(error) if isinstance(error, HttpResponseError) else None
        self.is_transient = is_transient(error)


@dataclass(frozen=True)
class Written:
    """A write whose operation ended: the cluster as it is now, and the profile in the first answer to the write."""

    state: ClusterState
    answered: Profile


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
        self.deadline = Deadline(timeout or WAIT_LIMIT)

    def wait_until_idle(self) -> ClusterState:
        """Return the state of the cluster once no operation runs on it; wait as long as one does.

        Raise AzureResponseError if that takes longer than the timeout, ValidationError if the cluster cannot be
        changed at all because it is stopped or being deleted.
        """
        state = self.read()
        if _is_idle(state.cluster):
            return state
        backoff = Backoff()
        running = state.cluster.provisioning_state
        with progress(self._cli_ctx, f"Waiting for another operation on {self.reference.name} ({running})") as turn:
            while not _is_idle(state.cluster):
                if self.deadline.passed:
                    raise busy_timeout_error(
                        self.reference, self.deadline.seconds, f"an operation ({running}) that still runs."
                    )
                backoff.wait(turn, at_most=self.deadline.left)
                state = self.read()
                running = state.cluster.provisioning_state
        return state

    def write(self, state: ClusterState, wanted: Cluster, headers: Mapping[str, str] | None) -> Written:
        """Send the wanted cluster, follow the operation to its end, and return what came of it.

        Raise WriteError, and AzureResponseError if the operation outlasts the timeout.
        """
        polling = BackoffPolling()
        try:
            model = self._follow(self._send(state, wanted, headers, polling))
        except AzureError as error:
            raise WriteError(error) from error
        answered = Cluster.from_json(self.reference, polling.answer.as_dict()).profile
        return Written(self.state_of(self.get() if model is None else model), answered)

    def begin_write(self, state: ClusterState, wanted: Cluster, headers: Mapping[str, str] | None) -> None:
        """Send the wanted cluster and do not wait for the operation. Raise WriteError if it is refused."""
        try:
            self._send(state, wanted, headers, False)
        except AzureError as error:
            raise WriteError(error) from error

    def explain(self, failure: WriteError, cluster: Cluster, context: ChangeContext) -> AzCLIError:
        """Return the azure-cli error for a write that failed, with the way out."""
        if failure.reason is None:
            return explain_plainly(failure.error)
        return explain_refusal(failure.reason, cluster, self.look_up, context)

    def pause(self, backoff: Backoff, blocking: str, attempts: int) -> None:
        """Wait before another attempt to write. Raise AzureResponseError if no time is left for one.

        `blocking` says what was in the way, `attempts` how many writes were sent.
        """
        if self.deadline.passed:
            raise busy_timeout_error(self.reference, self.deadline.seconds, blocking, attempts)
        with progress(self._cli_ctx, f"Waiting for other clients' changes of {self.reference.name}") as turn:
            backoff.wait(turn, at_most=self.deadline.left)

    def _send(
        self, state: ClusterState, wanted: Cluster, headers: Mapping[str, str] | None, polling: BackoffPolling | bool
    ) -> Any:
        etag = state.model.e_tag
        return self._client.begin_create_or_update(
            self.reference.resource_group,
            self.reference.name,
            edited(state, wanted),
            polling=polling,
            headers=dict(headers or {}),
            # The SDK repeats a request as it was sent, which without an ETag would undo what others wrote since.
            **(if_unchanged(etag) or {"retry_total": 0}),
        )

    def _follow(self, poller: Any) -> ManagedCluster | None:
        try:
            model: ManagedCluster | None = follow(
                self._cli_ctx, poller, f"Changing cluster {self.reference.name}", self.deadline
            )
        except StillRunningError as error:
            raise operation_timeout_error(self.reference, self.deadline.seconds, error.status) from error
        return model


def _is_idle(cluster: Cluster) -> bool:
    """Return whether no operation runs. Raise ValidationError for a cluster that cannot be changed."""
    decision = decide(cluster)
    if decision.action is Action.REFUSE:
        raise ValidationError(*refusal(cluster, decision))
    if decision.action is Action.WAIT:
        logger.info("Cluster %s is %s. %s", cluster.reference.name, cluster.provisioning_state, decision.reason)
    return decision.action is Action.GO_ON
