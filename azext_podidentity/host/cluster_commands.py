# SPDX-License-Identifier: MIT
"""The handlers of `az aks create` and `az aks update` with the pod identity flags.

Imported for these two commands only. knack reads the parameters of a handler from its signature, so each handler gets
the signature of the host's handler with the flags added, which fits any version of azure-cli. Without one of the flags,
the host's handler runs.
"""

# One write needs all of them.
# pylint: disable=too-many-positional-arguments

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from azure.cli.command_modules.acs import custom as host
from azure.cli.command_modules.acs._consts import DecoratorEarlyExitException
from azure.cli.core.azclierror import AzCLIError, ClientRequestError, NoTTYError
from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.core.polling import LROPoller
from knack.log import get_logger
from knack.prompting import NoTTYException

from azext_podidentity.actions.change import change_cluster
from azext_podidentity.actions.disable import agree_to_disable
from azext_podidentity.actions.role_grants import RoleGrants
from azext_podidentity.arm.cluster_writer import ClusterWriter
from azext_podidentity.arm.errors import ArmError
from azext_podidentity.arm.polling import reports_failure
from azext_podidentity.arm.timeout_errors import unreadable_result_error
from azext_podidentity.cli.after_output import warn_after_output
from azext_podidentity.cli.deprecation import warn_deprecated
from azext_podidentity.cli.interruption import begin_notes
from azext_podidentity.cli.target import reference_of
from azext_podidentity.host.custom_headers import parse_custom_headers
from azext_podidentity.host.decorators import CreateDecorator, UpdateDecorator
from azext_podidentity.host.operations import ManagedClusterOperations
from azext_podidentity.profile.add_on_changes import Enable
from azext_podidentity.profile.changes import ProfileChange
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.eligibility import KUBENET_RISK, check_can_create
from azext_podidentity.profile.net_raw_policy import assign_command, cluster_id_of, enable_command

if TYPE_CHECKING:
    from azure.cli.core.commands import AzCliCommand

logger = get_logger(__name__)

ENABLE, CONSENT, DISABLE = "enable_pod_identity", "enable_pod_identity_with_kubenet", "disable_pod_identity"
# The parameters that do not change the cluster.
_NO_CHANGE = frozenset({"resource_group_name", "name", "no_wait", "yes", "aks_custom_headers"})


def aks_create(cmd: AzCliCommand, client: Any, **parameters: Any) -> Any:
    """Run `az aks create` with the pod identity flags, and return the cluster."""
    reference = reference_of(cmd, parameters["resource_group_name"], parameters["name"])
    operations = ManagedClusterOperations(cmd.cli_ctx, client, reference)
    if not parameters[ENABLE]:
        with _no_crash_without_terminal():
            return host.aks_create(cmd, operations, **_host_parameters(host.aks_create, parameters))
    begin_notes(cmd.cli_ctx, reference)
    change = Enable(consent=parameters[CONSENT])
    check_can_create(parameters, consent_given=change.consent)
    warn_deprecated(cmd.cli_ctx)
    _warn_of_consent(cmd, reference, parameters)
    _refuse_existing(operations, reference)
    operations.create_only = True
    decorator = CreateDecorator(cmd, operations, parameters, change)
    try:
        mc = decorator.construct_mc_profile_default()
    except DecoratorEarlyExitException:
        return None
    return decorator.create_mc(mc)


def aks_update(cmd: AzCliCommand, client: Any, **parameters: Any) -> Any:
    """Run `az aks update` with the pod identity flags, and return the cluster.

    If the command line has no other flags, only the profile is changed, because the host's decorator would change more
    than that. With other flags, the host's decorator makes their changes.
    """
    reference = reference_of(cmd, parameters["resource_group_name"], parameters["name"])
    operations = ManagedClusterOperations(cmd.cli_ctx, client, reference)
    if not (parameters[ENABLE] or parameters[DISABLE]):
        if parameters[CONSENT] and not _changes_more(parameters):  # the validator warns that it has no effect alone
            return operations.get(reference.resource_group, reference.name)
        with _no_crash_without_terminal():
            return host.aks_update(cmd, operations, **_host_parameters(host.aks_update, parameters))
    begin_notes(cmd.cli_ctx, reference)
    writer = ClusterWriter(cmd.cli_ctx, client, reference)
    if parameters[ENABLE]:
        warn_deprecated(cmd.cli_ctx)
        _warn_of_consent(cmd, reference, parameters)
        change: ProfileChange = Enable(consent=parameters[CONSENT])
    else:
        change = agree_to_disable(writer, yes=parameters["yes"])
    if not _changes_more(parameters):
        headers = parse_custom_headers(parameters["aks_custom_headers"])
        grants, no_wait = RoleGrants(cmd.cli_ctx), parameters["no_wait"]
        return change_cluster(cmd.cli_ctx, writer, change, grants, headers=headers, no_wait=no_wait).model
    return _update_with_host(cmd, operations, writer, parameters, change, reference)


def _warn_of_consent(cmd: Any, reference: ClusterReference, parameters: Mapping[str, Any]) -> None:
    """Warn, after the output, about the risk of kubenet if the user consented to it, with the commands against it."""
    if not parameters[CONSENT]:
        return
    from azure.cli.core.commands.client_factory import get_subscription_id

    cluster_id = cluster_id_of(reference, get_subscription_id(cmd.cli_ctx))
    commands = (enable_command(reference), assign_command(reference, cluster_id))
    message = f"{KUBENET_RISK} To drop the NET_RAW capability from all pods, run:"
    warn_after_output(cmd.cli_ctx, "\n".join((message, *commands)))


def _update_with_host(
    cmd: AzCliCommand,
    operations: ManagedClusterOperations,
    writer: ClusterWriter,
    parameters: dict[str, Any],
    change: ProfileChange,
    reference: ClusterReference,
) -> Any:
    """Update the cluster in one write with the host's changes and the given one; retry if another write came first."""
    tries = 0
    while True:
        tries += 1
        writer.wait_until_idle()
        decorator = UpdateDecorator(cmd, operations, parameters, change, reference)
        try:
            with _no_crash_without_terminal():
                mc = decorator.update_mc_profile_default()
        except DecoratorEarlyExitException:
            return None
        parameters = {**parameters, "yes": True}  # do not ask the same question again
        try:
            return _follow(writer, decorator.update_mc(mc), no_wait=parameters["no_wait"])
        except (AzureError, AzCLIError) as error:
            if operations.accepted and isinstance(error, AzureError) and not reports_failure(error):
                return _cluster_despite_lost_result(writer, change, error)
            refusal = _refusal(error)
            if refusal is None or not (refusal.busy or refusal.replaced) or _has_condition(parameters):
                raise
            logger.info("Another operation replaced or blocked the update, so it is retried: %s", refusal)
            writer.pause(str(refusal), tries)


def _follow(writer: ClusterWriter, result: Any, *, no_wait: bool) -> Any:
    """Follow the operation here, where the update can be retried, instead of in az; return the cluster."""
    if no_wait or not isinstance(result, LROPoller):
        return result
    return writer.follow(result)


def _cluster_despite_lost_result(writer: ClusterWriter, change: ProfileChange, error: AzureError) -> Any:
    """Return the cluster after an operation whose result cannot be read.

    Raise AzureResponseError if the cluster does not have the change or its operation failed.
    """
    state = writer.wait_until_idle()
    if change.is_reached(state.cluster) and state.cluster.provisioning_state == "Succeeded":
        return state.model
    raise unreadable_result_error(writer.reference, str(error)) from error


def _has_condition(parameters: Mapping[str, Any]) -> bool:
    """Return whether the user passed a condition (ETag) for the write, so that it must not be retried."""
    return any(parameters.get(name) is not None for name in ("if_match", "if_none_match"))


def _refusal(error: Exception) -> ArmError | None:
    """Return the service's error, even if it was already explained; None for any other error."""
    refusal = error.__cause__ if isinstance(error, AzCLIError) else error
    return ArmError.of(refusal) if isinstance(refusal, HttpResponseError) else None


def _refuse_existing(operations: Any, reference: ClusterReference) -> None:
    """Raise ClientRequestError if the cluster exists, because a create would overwrite it."""
    try:
        operations.get(reference.resource_group, reference.name)
    except ResourceNotFoundError:
        return
    raise ClientRequestError(
        f"Cluster {reference.name!r} already exists in resource group {reference.resource_group!r}.",
        ["To enable pod identity on it, run:", reference.update_command("--enable-pod-identity")],
    )


@contextmanager
def _no_crash_without_terminal() -> Iterator[None]:
    """Raise NoTTYError instead of the exception with which the host crashes if it asks without a terminal."""
    try:
        yield
    except NoTTYException as error:
        message = "This change requires confirmation, but there is no terminal to ask."
        raise NoTTYError(message, "Pass --yes to confirm it.") from error


def _host_parameters(host_handler: Callable[..., Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that the host's handler accepts."""
    known = inspect.signature(host_handler).parameters
    return {name: value for name, value in parameters.items() if name in known}


def _changes_more(parameters: Mapping[str, Any]) -> bool:
    """Return whether the command line has other changes: a host parameter whose value is not its default."""
    of_host = inspect.signature(host.aks_update).parameters
    return any(
        value != of_host[name].default
        for name, value in parameters.items()
        if name in of_host and name not in _NO_CHANGE
    )


def _add_flags(handler: Callable[..., Any], host_handler: Callable[..., Any], *flags: str) -> None:
    """Set the handler's signature to the host's with the flags added, and with `yes` if it is missing."""
    parameters = dict(inspect.signature(host_handler).parameters)
    for name in (*flags, "yes"):
        parameters.setdefault(name, inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False))
    handler.__signature__ = inspect.Signature(list(parameters.values()))  # type: ignore[attr-defined]


_add_flags(aks_create, host.aks_create, ENABLE, CONSENT)
_add_flags(aks_update, host.aks_update, ENABLE, CONSENT, DISABLE)
