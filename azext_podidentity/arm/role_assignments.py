"""The role assignments that let a cluster identity assign managed identities: looked up, granted, revoked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import AzureError, HttpResponseError
from knack.log import get_logger
from knack.util import CLIError

from azext_podidentity.arm.clients import role_assignments_client
from azext_podidentity.arm.concurrency import Shared, Tell, by_lower_case, do_all, for_each, or_error
from azext_podidentity.arm.errors import ArmError, explain_plainly
from azext_podidentity.cli.progress import counted
from azext_podidentity.profile.commands import grant_command
from azext_podidentity.profile.rbac import (
    MANAGED_IDENTITY_OPERATOR,
    OPERATOR_ROLE,
    WORTH_A_LIST,
    assignment_name,
    by_subscription,
    grants_assign,
    is_operator,
    same_scope,
    scope_contains,
)
from azext_podidentity.profile.shell import command_line
from azext_podidentity.profile.validation import managed_identity_parts

if TYPE_CHECKING:
    from azure.cli.core import AzCli
    from azure.mgmt.authorization.models import RoleAssignment

logger = get_logger(__name__)

RolesByIdentity = dict[str, "list[RoleAssignment] | CLIError"]
# Seconds. A new assignment takes seconds to minutes to propagate, by the documentation up to 10; no call shows when.
PROPAGATION_LIMIT = 600.0


def find(cli_ctx: AzCli, resource_id: str, principal_id: str) -> list[RoleAssignment]:
    """The role assignments that let the principal assign the managed identity, inherited ones included.

    Raises an azure-cli error where they cannot be read.
    """
    return _find(partial(role_assignments_client, cli_ctx), principal_id, resource_id)


def find_many(
    cli_ctx: AzCli, resource_ids: Iterable[str], principal_id: str, tell: Tell = lambda _: None
) -> RolesByIdentity:
    """What `find` finds for each of the ids, by the id in lower case; the error in place of what cannot be read.

    Of many in one subscription, the principal's assignments in it are one list. Where that has nothing for some of
    them, one is read by itself; so are the others where the list turns out to have left something out. `tell` often
    hears of how many they are known.
    """
    ids = by_lower_case(resource_ids)
    client_of = Shared(partial(role_assignments_client, cli_ctx))
    read = partial(_find, client_of, principal_id)
    found: RolesByIdentity = {}
    for subscription, keys in by_subscription(ids).items():
        if len(keys) >= WORTH_A_LIST:
            listed = _list(client_of, principal_id, subscription)
            holding = {key: _holding(listed, key) for key in keys}
            left_out = [key for key in keys if not holding[key]]
            trusted = not left_out or or_error(read, ids[left_out[0]]) == []
            found.update((key, each) for key, each in holding.items() if each or trusted)
    left = (each for key, each in ids.items() if key not in found)
    return {**found, **for_each(left, read, lambda done: tell(len(found) + done))}


def _list(client_of: Callable[[str], Any], principal_id: str, subscription: str) -> list[RoleAssignment]:
    """The principal's role assignments in the subscription, above it and below it; none where they cannot be read."""
    # Without atScope() those below the scope are listed too.
    everywhere = f"assignedTo('{principal_id}')"
    try:
        return list(client_of(subscription).list_for_scope(f"/subscriptions/{subscription}", filter=everywhere))
    except (AzureError, CLIError) as error:
        logger.debug("The role assignments are read for each managed identity by itself: %s", error)
        return []


def _find(client_of: Callable[[str], Any], principal_id: str, resource_id: str) -> list[RoleAssignment]:
    """As `find`, with the client of a subscription that `client_of` gives."""
    client = client_of(managed_identity_parts(resource_id)[0])
    filter_ = f"atScope() and assignedTo('{principal_id}')"
    try:
        assignments = list(client.list_for_scope(resource_id, filter=filter_))
    except AzureError as error:
        raise explain_plainly(error) from error
    return _holding(assignments, resource_id)


def _holding(assignments: Iterable[RoleAssignment], resource_id: str) -> list[RoleAssignment]:
    """Those of the assignments that let their principal assign the managed identity."""
    return [
        each
        for each in assignments
        if grants_assign(each.role_definition_id) and scope_contains(each.scope, resource_id)
    ]


def age(assignments: list[RoleAssignment]) -> float | None:
    """Return how many seconds ago the newest of the assignments was made.

    Return None if all of them are so old that they have propagated.
    """
    now = datetime.now(timezone.utc)
    ages = [abs(now - each.created_on).total_seconds() for each in assignments if each.created_on]
    newest = min(ages, default=None)
    return newest if newest is not None and newest < PROPAGATION_LIMIT else None


def grant(cli_ctx: AzCli, resource_ids: Sequence[str], principal_id: str, *, then: str) -> None:
    """Grants Managed Identity Operator over the managed identities, many at a time; granted already is success.

    Raises an azure-cli error with the service's reason, the commands for somebody who may grant it, and what to do
    `then`; nothing more is granted then.
    """
    client_of = Shared(partial(role_assignments_client, cli_ctx))
    if not resource_ids:
        return
    try:
        with counted(cli_ctx, "Granting the cluster identity its roles", len(resource_ids)) as tell:
            do_all(partial(_grant, client_of, principal_id), resource_ids, tell)
    except HttpResponseError as error:
        commands = "\n".join(grant_command(principal_id, each) for each in resource_ids)
        raise explain_plainly(
            error,
            f"The role {OPERATOR_ROLE} could not be granted to the cluster identity. Have somebody who may "
            f"grant it run:\n{commands}\nand then {then}.",
        ) from error
    except AzureError as error:
        raise explain_plainly(error) from error


def _grant(client_of: Callable[[str], Any], principal_id: str, resource_id: str) -> None:
    from azure.mgmt.authorization.models import RoleAssignmentCreateParameters

    subscription = managed_identity_parts(resource_id)[0]
    definitions = f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions"
    parameters = RoleAssignmentCreateParameters(  # type: ignore[call-overload]  # the flattened form of both SDKs
        role_definition_id=f"{definitions}/{MANAGED_IDENTITY_OPERATOR}",
        principal_id=principal_id,
        # Without it a principal that is still replicating is refused as PrincipalNotFound.
        principal_type="ServicePrincipal",
    )
    try:
        client_of(subscription).create(resource_id, assignment_name(resource_id, principal_id), parameters)
    except HttpResponseError as error:
        if ArmError.of(error).code != "RoleAssignmentExists":  # under another name
            raise


def revoke(cli_ctx: AzCli, resource_id: str, principal_id: str) -> list[str]:
    """Removes the principal's Managed Identity Operator assignments at the managed identity itself.

    What it inherits stays. Returns the ids of those removed; raises an azure-cli error where one could not be.
    """
    client = role_assignments_client(cli_ctx, managed_identity_parts(resource_id)[0])
    own = [
        each
        for each in find(cli_ctx, resource_id, principal_id)
        if is_operator(each.role_definition_id)
        and same_scope(each.scope, resource_id)
        and (each.principal_id or "").lower() == principal_id.lower()
    ]
    return _remove(client, own)


def revoke_left(
    cli_ctx: AzCli, subscription_id: str, principal_id: str, *, is_needed: Callable[[str], object]
) -> list[str]:
    """Removes the assignments that this tool made for the principal in the subscription, unless they are needed.

    They are known by their names, which are derived from what they grant. `is_needed` is asked with the resource id
    of the managed identity. Returns the ids of those removed; raises an azure-cli error where one could not be.
    """
    client = role_assignments_client(cli_ctx, subscription_id)
    try:
        assignments = list(client.list_for_subscription(filter=f"principalId eq '{principal_id}'"))
    except AzureError as error:
        raise explain_plainly(error) from error
    ours = [each for each in assignments if each.name == assignment_name(each.scope, principal_id)]
    return _remove(client, [each for each in ours if not is_needed(each.scope)])


def _remove(client: Any, assignments: list[RoleAssignment]) -> list[str]:
    for each in assignments:
        try:
            client.delete(each.scope, each.name)
        except AzureError as error:
            remove = command_line("role", "assignment", "delete", "--ids", each.id or "")
            raise explain_plainly(
                error,
                "The pod identity is removed; this role assignment of the cluster identity at the managed identity "
                f"is left. Have somebody who may remove it run:\n{remove}",
            ) from error
    return [each.id or "" for each in assignments]
