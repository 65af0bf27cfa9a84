# SPDX-License-Identifier: MIT
"""Identity bindings of one cluster: list them, and create or remove many at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Lock
from typing import TYPE_CHECKING, Any

from azure.cli.core.azclierror import AzureResponseError, ValidationError
from azure.core.exceptions import AzureError, HttpResponseError
from knack.log import get_logger
from knack.util import CLIError

from azext_podidentity.arm.backoff import OPERATION_SHARE, SHORTEST, Backoff, BackoffPolling, Deadline, pause
from azext_podidentity.arm.concurrency import do_all, or_error
from azext_podidentity.arm.errors import explain_plainly
from azext_podidentity.arm.polling import StillRunningError, reports_failure
from azext_podidentity.cli.progress import progress
from azext_podidentity.profile.identity_bindings import (
    MINIMUM_AZURE_CLI,
    SUCCEEDED,
    IdentityBinding,
    binding_name,
    create_command,
    delete_command,
)
from azext_podidentity.profile.service_requests import Stage
from azext_podidentity.profile.workload_credentials import MAX_CREDENTIALS

if TYPE_CHECKING:
    from azure.cli.core import AzCli
    from azure.mgmt.containerservice.operations import IdentityBindingsOperations

    from azext_podidentity.profile.cluster_reference import ClusterReference

logger = get_logger(__name__)

# The number of connections that a client keeps open.
_AT_ONCE = 10
# The binding is busy, or was changed or created in the meantime.
_CONFLICTS = (409, 412)
_FORBIDDEN, _NOT_FOUND = 403, 404


class IdentityBindings:
    """The identity bindings of a cluster. `deadline`: when to stop waiting for their operations."""

    def __init__(self, cli_ctx: AzCli, reference: ClusterReference, deadline: Deadline) -> None:
        self._cli_ctx = cli_ctx
        self._reference = reference
        self._deadline = deadline
        self._durations = _Durations()
        self._lock = Lock()
        self._client: IdentityBindingsOperations | None = None

    def read(self) -> tuple[IdentityBinding, ...]:
        """Return all identity bindings of the cluster.

        Raise ValidationError if azure-cli is too old, or an azure-cli error if they cannot be read.
        """
        try:
            return tuple(map(_binding, self._operations().list_by_managed_cluster(*self._cluster_path)))
        except AzureError as error:
            raise explain_plainly(error, happened="The identity bindings could not be listed.") from error

    def read_if_supported(self) -> tuple[IdentityBinding, ...]:
        """Return the same, but none if azure-cli is too old."""
        return self.read() if supports_bindings() else ()

    def create(
        self, wanted: Iterable[tuple[str, IdentityBinding | None]]
    ) -> tuple[list[IdentityBinding], list[CLIError]]:
        """Create bindings of managed identities, at most 10 at the same time.

        `wanted` has resource IDs, each with the binding that the cluster has and that is not usable yet. Return the
        bindings that are usable now, and the errors of the others.
        """
        existing = dict(wanted)
        return self._on_each("Creating identity bindings", existing, lambda each: self._create(each, existing[each]))

    def delete(self, unwanted: Iterable[IdentityBinding]) -> tuple[list[IdentityBinding], list[CLIError]]:
        """Remove bindings, at most 10 at the same time. Return the removed ones, and the errors of the others."""
        by_name = {each.name: each for each in unwanted}
        return self._on_each("Removing identity bindings", by_name, lambda name: self._delete(by_name[name]))

    @property
    def _cluster_path(self) -> tuple[str, str]:
        return self._reference.resource_group, self._reference.name

    def _operations(self) -> IdentityBindingsOperations:
        with self._lock:
            if self._client is None:
                self._client = _operations(self._cli_ctx)
            return self._client

    def _on_each(
        self, message: str, keys: Iterable[str], change: Callable[[str], IdentityBinding]
    ) -> tuple[list[IdentityBinding], list[CLIError]]:
        listed = list(keys)
        if not listed:
            return [], []
        with progress(self._cli_ctx, message) as update:
            outcomes = do_all(lambda key: or_error(change, key), listed, lambda _: update(), at_once=_AT_ONCE)
        changed = [each for each in outcomes if isinstance(each, IdentityBinding)]
        return changed, [each for each in outcomes if isinstance(each, CLIError)]

    def _create(self, resource_id: str, existing: IdentityBinding | None) -> IdentityBinding:
        """Create the binding, or wait for one that is being created; return it once it is usable."""
        name = existing.name if existing else binding_name(resource_id)
        if existing is None or existing.failed:
            condition = _if_unchanged(existing) if existing else {"If-None-Match": "*"}
            binding = self._put(name, resource_id, condition)
        else:
            binding = self._wait_until_final(name)
        if binding is None or binding.state != SUCCEEDED or not binding.binds(resource_id):
            state = "was removed by another client" if binding is None else f"is in state {binding.state}"
            raise AzureResponseError(
                f"Identity binding '{name}' of managed identity '{resource_id}' {state}.",
                "Run the same command again. If it fails again, check that the managed identity has fewer than "
                f"{MAX_CREDENTIALS} federated identity credentials.",
            )
        return binding

    def _put(self, name: str, resource_id: str, headers: dict[str, str]) -> IdentityBinding | None:
        """Send the binding, follow the operation to its end, and return the binding."""
        body = {"properties": {"managedIdentity": {"resourceId": resource_id}}}
        begin = self._operations().begin_create_or_update
        try:
            return _binding(self._follow(begin, name, body, headers=headers))
        except AzureError as error:
            if not self._must_read_state(error, name):
                raise self._explained(error, "created", create_command(self._reference, name, resource_id)) from error
            return self._wait_until_final(name)

    def _delete(self, binding: IdentityBinding) -> IdentityBinding:
        try:
            self._follow(self._operations().begin_delete, binding.name, headers=_if_unchanged(binding))
            return binding
        except AzureError as error:
            if not self._must_read_state(error, binding.name):
                raise self._explained(error, "removed", delete_command(self._reference, binding.name)) from error
        if self._wait_until_final(binding.name) is not None:
            raise AzureResponseError(
                f"Identity binding '{binding.name}' could not be removed, because another client changed it.",
                "Run the same command again.",
            )
        return binding

    def _follow(self, begin: Callable[..., Any], *arguments: Any, headers: dict[str, str]) -> Any:
        """Return the SDK's result of an operation.

        Raise the SDK's error if it fails, AzureResponseError once the deadline has passed.
        """
        polling = _BindingPolling(self._durations, self._deadline)
        try:
            result = begin(*self._cluster_path, *arguments, polling=polling, headers=headers).result()
        except StillRunningError as error:
            raise self._timeout_error() from error
        self._durations.note(polling.elapsed)
        return result

    def _must_read_state(self, error: AzureError, name: str) -> bool:
        """Return whether to read the binding's state instead of reporting the error.

        This applies if another client or an earlier run is changing the binding, or if the operation's status cannot
        be read.
        """
        if isinstance(error, HttpResponseError) and error.response is not None and not reports_failure(error):
            logger.info("Identity binding %s is read, because its operation could not be followed: %s", name, error)
            return error.status_code in _CONFLICTS or (error.status_code or 0) >= 500 or _is_poll(error)
        return False

    def _wait_until_final(self, name: str) -> IdentityBinding | None:
        """Return the binding once no operation runs on it, None if it does not exist."""
        backoff = Backoff()
        while True:
            try:
                binding = _binding(self._operations().get(*self._cluster_path, name))
            except AzureError as error:
                if isinstance(error, HttpResponseError) and error.status_code == _NOT_FOUND:
                    return None
                raise self._explained(error, "read") from error
            if binding.failed or binding.state == SUCCEEDED:
                return binding
            if self._deadline.passed:
                raise self._timeout_error()
            backoff.wait(at_most=self._deadline.left)

    def _explained(self, error: AzureError, verb: str, command: str = "") -> CLIError:
        """Return the azure-cli error; `command` is the one that a user with more permissions can run instead."""
        steps = ["Run your command again; it continues from the current state."]
        if command and isinstance(error, HttpResponseError) and error.status_code == _FORBIDDEN:
            steps = ["Ask an owner of the cluster to run this command, and then run your command again:", command]
        return explain_plainly(error, steps, happened=f"An identity binding could not be {verb}.", stage=Stage.BINDING)

    def _timeout_error(self) -> CLIError:
        return AzureResponseError(
            f"An operation on an identity binding is still running after {self._deadline.seconds:g} seconds. It "
            "continues without this command.",
            "Run the same command again later.",
        )


class _Durations:
    """The durations of finished operations, to delay the first poll of later ones until they may have ended.

    AKS allows 2 reads of operations per second in a subscription.
    """

    def __init__(self) -> None:
        self._shortest: float | None = None

    def note(self, seconds: float) -> None:
        """Record the duration of an operation in seconds."""
        self._shortest = min(seconds, self._shortest or seconds)

    def until_next(self, elapsed: float) -> float:
        """Return the seconds to wait before the next read of an operation that began `elapsed` seconds ago."""
        expected = self._shortest or 0.0
        return max(SHORTEST, expected - elapsed) if elapsed < expected else pause(elapsed, OPERATION_SHARE)


class _BindingPolling(BackoffPolling):
    def __init__(self, durations: _Durations, deadline: Deadline) -> None:
        super().__init__()
        self._durations = durations
        self._deadline = deadline

    def next_pause(self) -> float:
        """Return the seconds to wait before the next poll. Raise StillRunningError once the deadline has passed."""
        if self._deadline.passed:
            raise StillRunningError(self.status())
        return min(self._durations.until_next(self.elapsed), self._deadline.left)


def supports_bindings() -> bool:
    """Return whether the SDK of this azure-cli has identity bindings."""
    from azure.mgmt.containerservice import operations

    return hasattr(operations, "IdentityBindingsOperations")


def _operations(cli_ctx: AzCli) -> IdentityBindingsOperations:
    """Return `IdentityBindingsOperations`; raise ValidationError if the SDK of this azure-cli lacks them."""
    from azure.cli.core import __version__

    from azext_podidentity.arm.clients import identity_bindings_client

    if not supports_bindings():
        raise ValidationError(
            f"Identity bindings require azure-cli {MINIMUM_AZURE_CLI} or later. This is azure-cli {__version__}.",
            ["To upgrade azure-cli, run:", "az upgrade"],
        )
    return identity_bindings_client(cli_ctx)


def _binding(model: Any) -> IdentityBinding:
    return IdentityBinding.from_json(model.as_dict())


def _if_unchanged(binding: IdentityBinding) -> dict[str, str]:
    return {"If-Match": binding.etag} if binding.etag else {}


def _is_poll(error: HttpResponseError) -> bool:
    """Return whether the error is the response to a read of an operation."""
    return getattr(getattr(error.response, "request", None), "method", "") == "GET"
