# SPDX-License-Identifier: MIT
"""Find, create and delete the role assignments that let a cluster identity assign managed identities."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import AzureError, HttpResponseError
from knack.log import get_logger
from knack.util import CLIError

from azext_podidentity.arm.backoff import Backoff
from azext_podidentity.arm.clients import role_assignments_client, role_definitions_client
from azext_podidentity.arm.concurrency import ReadOnce, ReportProgress, by_lower_case, do_all, for_each, or_error
from azext_podidentity.arm.errors import ArmError, explain_plainly
from azext_podidentity.cli.progress import counted
from azext_podidentity.profile.commands import grant_command
from azext_podidentity.profile.rbac import (
    MANAGED_IDENTITY_OPERATOR,
    OPERATOR_ROLE,
    WORTH_A_LIST,
    assignment_name,
    by_subscription,
    canonical_id,
    grants_assign,
    is_operator,
    permits_assign,
    same_scope,
    scope_contains,
)
from azext_podidentity.profile.service_requests import Stage
from azext_podidentity.profile.shell import command_line
from azext_podidentity.profile.validation import managed_identity_parts

if TYPE_CHECKING:
    from azure.cli.core import AzCli
    from azure.mgmt.authorization.models import RoleAssignment

logger = get_logger(__name__)

_NOT_GRANTED = f"The {OPERATOR_ROLE} role could not be granted to the cluster identity."

RolesByIdentity = dict[str, "list[RoleAssignment] | CLIError"]
ScopedAssignments = list[tuple[str, "RoleAssignment"]]
# Seconds. A new assignment propagates in seconds to minutes, at most 10 according to the documentation; no request
# shows whether it has.
PROPAGATION_LIMIT = 600.0
# Seconds. A new principal is refused with PrincipalNotFound until it has replicated, which takes a minute or two.
_REPLICATION_LIMIT = 120.0
# Seconds. An assignment younger than this was created by the request that returned it.
_JUST_NOW = 60.0


def find(cli_ctx: AzCli, resource_id: str, principal_id: str) -> list[RoleAssignment]:
    """Return the role assignments that let the principal assign the managed identity, inherited ones included.

    Raise an azure-cli error if they cannot be read.
    """
    return _Lookup(cli_ctx, principal_id).find(resource_id)


def find_many(
    cli_ctx: AzCli,
    resource_ids: Iterable[str],
    principal_id: str,
    report: ReportProgress = lambda _: None,
    listed_in: Callable[[str], Iterable[RoleAssignment]] = lambda _: (),
) -> RolesByIdentity:
    """Return the result of `find` for each ID, by the ID in lower case, or the error if it cannot be read.

    If many IDs are in one subscription, the principal's assignments in it are listed in one request. If the list has
    none for some IDs, one of them is read separately; if that shows that the list is incomplete, the others are too.
    `report` is called with the number of IDs done. `listed_in` returns the assignments of any principal that were
    listed in a subscription before, to be used instead of a request.
    """
    ids = by_lower_case(resource_ids)
    lookup = _Lookup(cli_ctx, principal_id)
    found: RolesByIdentity = {}
    for subscription, keys in by_subscription(ids).items():
        direct = _with_scopes(
            each for each in listed_in(subscription) if (each.principal_id or "").lower() == principal_id.lower()
        )
        found.update((key, each) for key in keys if direct and (each := lookup.sufficient(direct, key)))
        keys = [key for key in keys if key not in found]
        if len(keys) >= WORTH_A_LIST:
            listed = _with_scopes(lookup.list_all(subscription))
            sufficient = {key: lookup.sufficient(listed, key) for key in keys}
            left_out = [key for key in keys if not sufficient[key]]
            complete = not left_out or or_error(lookup.find, ids[left_out[0]]) == []
            found.update((key, each) for key, each in sufficient.items() if each or complete)
    left = (each for key, each in ids.items() if key not in found)
    return {**found, **for_each(left, lookup.find, lambda done: report(len(found) + done))}


def list_subscription(cli_ctx: AzCli, subscription: str) -> list[RoleAssignment]:
    """Return the assignments of all principals in the subscription and above, none if they cannot be listed."""
    try:
        return list(role_assignments_client(cli_ctx, subscription).list_for_scope(f"/subscriptions/{subscription}"))
    except (AzureError, CLIError) as error:
        logger.debug("The role assignments are read for each cluster identity by itself: %s", error)
        return []


class _Lookup:
    """Look up the role assignments of one principal."""

    def __init__(self, cli_ctx: AzCli, principal_id: str) -> None:
        self._principal_id = principal_id
        self._client_of = ReadOnce(partial(role_assignments_client, cli_ctx))
        self._custom_role_permits = ReadOnce(partial(_permits, cli_ctx))

    def find(self, resource_id: str) -> list[RoleAssignment]:
        """Return the assignments at the managed identity and above it. Raise an azure-cli error if that fails."""
        client = self._client_of(managed_identity_parts(resource_id)[0])
        filter_ = f"atScope() and assignedTo('{self._principal_id}')"
        try:
            assignments = list(client.list_for_scope(resource_id, filter=filter_))
        except AzureError as error:
            raise explain_plainly(error) from error
        return self.sufficient(_with_scopes(assignments), resource_id)

    def list_all(self, subscription: str) -> list[RoleAssignment]:
        """Return the assignments in the subscription, above it and below it; none if they cannot be read."""
        # Without atScope(), assignments below the scope are included.
        everywhere = f"assignedTo('{self._principal_id}')"
        try:
            client = self._client_of(subscription)
            return list(client.list_for_scope(f"/subscriptions/{subscription}", filter=everywhere))
        except (AzureError, CLIError) as error:
            logger.debug("The role assignments are read for each managed identity by itself: %s", error)
            return []

    def sufficient(self, assignments: ScopedAssignments, resource_id: str) -> list[RoleAssignment]:
        """Return those of the assignments that let the principal assign the managed identity."""
        above = [each for scope, each in assignments if scope_contains(scope, resource_id)]
        # A built-in role is recognized by its ID; the definition of a custom role has to be read.
        known = [each for each in above if grants_assign(each.role_definition_id or "")]
        return known or [each for each in above if self._custom_role_permits(each.role_definition_id or "")]


def _with_scopes(assignments: Iterable[RoleAssignment]) -> ScopedAssignments:
    """Return the assignments with their scopes. Reading a property of the SDK's model takes long if done often."""
    return [(each.scope or "", each) for each in assignments]


def _permits(cli_ctx: AzCli, role_definition_id: str) -> bool:
    match = role_definition_id.lower().split("/")
    subscription = match[2] if match[1:2] == ["subscriptions"] else None
    try:
        definition = role_definitions_client(cli_ctx, subscription).get_by_id(role_definition_id)
    except (AzureError, CLIError) as error:
        logger.debug("The role definition could not be read: %s", error)
        return False
    return any(permits_assign(each.actions or (), each.not_actions or ()) for each in definition.permissions or ())


def age(assignments: list[RoleAssignment], limit: float = PROPAGATION_LIMIT) -> float | None:
    """Return how many seconds ago the newest of the assignments was created.

    Return None if all of them are older than the limit, which defaults to the time in which a role propagates.
    """
    now = datetime.fromtimestamp(time.time(), timezone.utc)
    # If the local clock is slow, a new assignment seems to come from the future.
    ages = [max(0.0, (now - each.created_on).total_seconds()) for each in assignments if each.created_on]
    newest = min(ages, default=None)
    return newest if newest is not None and newest < limit else None


def grant(cli_ctx: AzCli, resource_ids: Sequence[str], principal_id: str, *, then: str) -> list[str]:
    """Grant Managed Identity Operator over the managed identities, several at a time.

    Return the resource IDs over which the role is new; one that another client granted meanwhile is no error. If a
    grant fails, stop and raise an azure-cli error with the service's reason, the commands for an owner of the scope,
    and what to do `then`.
    """
    client_of = ReadOnce(partial(role_assignments_client, cli_ctx))
    if not resource_ids:
        return []
    try:
        with counted(cli_ctx, "Granting the cluster identity its roles", len(resource_ids)) as report:
            created = do_all(partial(_grant, client_of, principal_id), resource_ids, report)
            return [each for each, is_new in zip(resource_ids, created, strict=True) if is_new]
    except HttpResponseError as error:
        commands = [grant_command(principal_id, each) for each in resource_ids]
        ask = f"Ask an owner of the scope to grant the role, and then {then}. To grant it, run:"
        raise explain_plainly(
            error, [ask, *commands] if error.status_code == 403 else [], happened=_NOT_GRANTED, stage=Stage.GRANT
        ) from error
    except AzureError as error:
        raise explain_plainly(error, happened=_NOT_GRANTED) from error


def _grant(client_of: Callable[[str], Any], principal_id: str, resource_id: str) -> bool:
    """Grant the role and return whether it is new. Wait until a new principal has replicated."""
    backoff = Backoff()
    while True:
        try:
            created = _create(client_of, principal_id, resource_id)
        except HttpResponseError as error:
            code = ArmError.of(error).code
            if code == "RoleAssignmentExists":
                return False
            if code != "PrincipalNotFound" or backoff.elapsed >= _REPLICATION_LIMIT:
                raise
            logger.info("The cluster identity has not replicated yet: %s", error)
            backoff.wait()
        else:
            return created is None or age([created], _JUST_NOW) is not None


def _create(client_of: Callable[[str], Any], principal_id: str, resource_id: str) -> RoleAssignment | None:
    from azure.mgmt.authorization.models import RoleAssignmentCreateParameters

    subscription = managed_identity_parts(resource_id)[0]
    definitions = f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions"
    parameters = RoleAssignmentCreateParameters(  # type: ignore[call-overload]  # the flattened form of both SDKs
        role_definition_id=f"{definitions}/{MANAGED_IDENTITY_OPERATOR}",
        principal_id=principal_id,
        # Without it, a principal that is still replicating is refused with PrincipalNotFound.
        principal_type="ServicePrincipal",
    )
    name = assignment_name(resource_id, principal_id)
    created: RoleAssignment | None = client_of(subscription).create(canonical_id(resource_id), name, parameters)
    return created


def find_own(cli_ctx: AzCli, resource_id: str, principal_id: str) -> list[RoleAssignment]:
    """Return the principal's Managed Identity Operator assignments at the managed identity itself.

    Raise an azure-cli error if they cannot be read.
    """
    return _own(find(cli_ctx, resource_id, principal_id), resource_id, principal_id)


def find_own_many(cli_ctx: AzCli, resource_ids: Iterable[str], principal_id: str) -> list[RoleAssignment]:
    """Return the results of `find_own` for all IDs, without those that cannot be read."""
    return [
        each
        for resource_id, found in find_many(cli_ctx, resource_ids, principal_id).items()
        if not isinstance(found, CLIError)
        for each in _own(found, resource_id, principal_id)
    ]


def _own(assignments: Iterable[RoleAssignment], resource_id: str, principal_id: str) -> list[RoleAssignment]:
    return [
        each
        for each in assignments
        if is_operator(each.role_definition_id)
        and same_scope(each.scope or "", resource_id)
        and (each.principal_id or "").lower() == principal_id.lower()
    ]


def is_created_here(assignment: RoleAssignment, principal_id: str) -> bool:
    """Return whether this tool created the assignment, whose name is then derived from scope and principal."""
    return (assignment.name or "").lower() == assignment_name(assignment.scope or "", principal_id)


def find_created(cli_ctx: AzCli, subscription_id: str, principal_id: str) -> list[str]:
    """Return the scopes in the subscription of the assignments that this tool created for the principal.

    Raise an azure-cli error if they cannot be read.
    """
    client = role_assignments_client(cli_ctx, subscription_id)
    try:
        assignments = list(client.list_for_subscription(filter=f"principalId eq '{principal_id}'"))
    except AzureError as error:
        raise explain_plainly(error) from error
    return [each.scope for each in assignments if is_created_here(each, principal_id)]


def remove(cli_ctx: AzCli, assignments: list[RoleAssignment]) -> list[str]:
    """Remove the assignments at one managed identity and return their IDs.

    Raise an azure-cli error, with the command for an owner of the scope, if one cannot be removed.
    """
    subscription = managed_identity_parts(assignments[0].scope or "")[0]
    return _remove(role_assignments_client(cli_ctx, subscription), assignments)


def _remove(client: Any, assignments: list[RoleAssignment]) -> list[str]:
    for each in assignments:
        try:
            client.delete(each.scope, each.name)
        except AzureError as error:
            command = command_line("role", "assignment", "delete", "--ids", each.id or "")
            raise explain_plainly(
                error,
                ["Ask an owner of the scope to remove the role assignment. To remove it, run:", command],
                happened="The pod identity was removed, but the role assignment of the cluster identity was not.",
                stage=Stage.GRANT,
            ) from error
    return [each.id or "" for each in assignments]
