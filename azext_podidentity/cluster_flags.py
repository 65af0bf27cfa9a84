"""The pod identity flags of `az aks create` and `az aks update`, over the host's handlers and decorators.

Imported for these two commands only. The handlers take whatever the host's take, in any version: knack reads a
handler's parameters from its signature, and theirs is the host's with the flags added. Without one of the flags
the host's own handler runs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from azure.cli.command_modules.acs import custom as host
from azure.cli.command_modules.acs._consts import DecoratorEarlyExitException
from azure.cli.command_modules.acs.managed_cluster_decorator import (
    AKSManagedClusterCreateDecorator,
    AKSManagedClusterUpdateDecorator,
)
from azure.cli.core.azclierror import ClientRequestError, NoTTYError
from azure.cli.core.profiles import ResourceType
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from knack.log import get_logger
from knack.prompting import NoTTYException, prompt_y_n

from azext_podidentity.arm.cluster import ClusterService, profile_model
from azext_podidentity.arm.errors import ServiceError
from azext_podidentity.arm.operations import ManagedClusterOperations
from azext_podidentity.arm.pace import Pace
from azext_podidentity.custom import DEPRECATION, cluster_reference
from azext_podidentity.profile.changes import Disable, Enable, entries_lost_by_disable
from azext_podidentity.profile.cluster import Cluster, ClusterReference, check_can_create

logger = get_logger(__name__)

ENABLE, CONSENT, DISABLE = "enable_pod_identity", "enable_pod_identity_with_kubenet", "disable_pod_identity"
# Other clients' writes were in the way that many times: something else is wrong.
_TRIES = 50


def aks_create(cmd: Any, client: Any, **parameters: Any) -> Any:
    """`az aks create` with the pod identity flags."""
    reference = cluster_reference(cmd, parameters["resource_group_name"], parameters["name"])
    operations = ManagedClusterOperations(cmd.cli_ctx, client, reference)
    if not parameters[ENABLE]:
        return host.aks_create(cmd, operations, **_of_host(host.aks_create, parameters))
    change = Enable(consent=parameters[CONSENT])
    check_can_create(parameters, consent_given=change.consent)
    logger.warning(DEPRECATION)
    _refuse_existing(operations, reference)
    decorator = CreateDecorator(cmd, operations, _raw(cmd, operations, parameters), ResourceType.MGMT_CONTAINERSERVICE)
    decorator.pod_identity_profile = profile_model(change.new_profile())
    try:
        mc = decorator.construct_mc_profile_default()
    except DecoratorEarlyExitException:
        return None
    return decorator.create_mc(mc)


def aks_update(cmd: Any, client: Any, **parameters: Any) -> Any:
    """`az aks update` with the pod identity flags; where another write is in the way, made afresh."""
    reference = cluster_reference(cmd, parameters["resource_group_name"], parameters["name"])
    operations = ManagedClusterOperations(cmd.cli_ctx, client, reference)
    if not (parameters[ENABLE] or parameters[DISABLE]):
        return host.aks_update(cmd, operations, **_of_host(host.aks_update, parameters))
    if parameters[ENABLE]:
        logger.warning(DEPRECATION)
    service = ClusterService(cmd.cli_ctx, client, reference)
    pace = Pace()
    for _ in range(_TRIES):
        service.read_settled()
        raw = _raw(cmd, operations, parameters)
        decorator = UpdateDecorator(cmd, operations, raw, ResourceType.MGMT_CONTAINERSERVICE)
        decorator.reference = reference
        try:
            mc = decorator.update_mc_profile_default()
        except DecoratorEarlyExitException:
            return None
        parameters["yes"] = True  # answered once
        try:
            return decorator.update_mc(mc)
        except HttpResponseError as error:
            if not ServiceError.of(error).busy:
                raise
            logger.info("Another operation was in the way: %s", error)
        pace.wait()
    raise ClientRequestError(
        f"Other operations on cluster {reference.name!r} were in the way {_TRIES} times.",
        "Find out what changes the cluster all the time, and run the same command again.",
    )


class CreateDecorator(AKSManagedClusterCreateDecorator):  # type: ignore[misc]
    """The host's builder of a new cluster's body, with the pod identity profile set at its end."""

    pod_identity_profile: Any = None

    def construct_mc_profile_default(self, *args: Any, **options: Any) -> Any:
        mc = super().construct_mc_profile_default(*args, **options)
        mc.pod_identity_profile = self.pod_identity_profile
        return mc


class UpdateDecorator(AKSManagedClusterUpdateDecorator):  # type: ignore[misc]
    """The host's builder of an update, with the pod identity profile changed at its end."""

    reference: ClusterReference

    def fetch_mc(self) -> Any:
        """Refuses or asks before the host does anything else, and has the write go with the etag that was read."""
        mc = super().fetch_mc()
        cluster = Cluster.from_wire(self.reference, mc.as_dict())
        raw = self.context.raw_param
        self.client.etag = mc.e_tag
        if raw.get(DISABLE):
            _confirm_disable(cluster, yes=bool(raw.get("yes")))
        else:
            made_managed = replace(cluster, identity_type=cluster.identity_type or "SystemAssigned")
            self._change().apply(made_managed if raw.get("enable_managed_identity") else cluster)
        return mc

    def update_mc_profile_default(self) -> Any:
        mc = super().update_mc_profile_default()
        cluster = Cluster.from_wire(self.reference, mc.as_dict())
        mc.pod_identity_profile = profile_model(self._change().apply(cluster))
        return mc

    def _change(self) -> Enable | Disable:
        raw = self.context.raw_param
        return Disable() if raw.get(DISABLE) else Enable(consent=bool(raw.get(CONSENT)))


def _confirm_disable(cluster: Cluster, *, yes: bool) -> None:
    """Asks before entries are lost.

    Raises DecoratorEarlyExitException for a no, NoTTYError where nobody can be asked.
    """
    lost = entries_lost_by_disable(cluster)
    if yes or lost is None:
        return
    try:
        confirmed = prompt_y_n(f"{lost.message}\nDisable pod identity and lose them?", default="n")
    except NoTTYException as error:
        raise NoTTYError(f"{lost.message}\nThere is no terminal to ask for consent.", lost.way_out) from error
    if not confirmed:
        raise DecoratorEarlyExitException


def _refuse_existing(operations: Any, reference: ClusterReference) -> None:
    """Raises ClientRequestError for a cluster that exists: a create would overwrite it."""
    try:
        operations.get(reference.resource_group, reference.name)
    except ResourceNotFoundError:
        return
    raise ClientRequestError(
        f"Cluster {reference.name!r} exists already in resource group {reference.resource_group!r}.",
        f"Enable pod identity on it with:\n{reference.update_command('--enable-pod-identity')}",
    )


def _of_host(host_handler: Callable[..., Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that the host's handler knows."""
    known = inspect.signature(host_handler).parameters
    return {name: value for name, value in parameters.items() if name in known}


def _raw(cmd: Any, operations: Any, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters in the form that the host's handlers hand them to its decorators: their `locals()`."""
    return {"cmd": cmd, "client": operations, **parameters}


def _add_flags(handler: Callable[..., Any], host_handler: Callable[..., Any], *flags: str) -> None:
    """Gives the handler the host's signature with the flags added, and `yes` where the host's has none."""
    parameters = dict(inspect.signature(host_handler).parameters)
    for name in (*flags, "yes"):
        parameters.setdefault(name, inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False))
    handler.__signature__ = inspect.Signature(list(parameters.values()))  # type: ignore[attr-defined]


_add_flags(aks_create, host.aks_create, ENABLE, CONSENT)
_add_flags(aks_update, host.aks_update, ENABLE, CONSENT, DISABLE)
