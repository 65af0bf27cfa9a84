"""The role assignments that let a cluster identity assign managed identities: looked up, granted, revoked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError
from knack.util import CLIError

from azext_podidentity._client_factory import role_assignments_client
from azext_podidentity.arm.errors import ServiceError, explain_plainly
from azext_podidentity.arm.parallel import Shared, for_each
from azext_podidentity.profile.cluster import command_line
from azext_podidentity.profile.mending import grant_command
from azext_podidentity.profile.rules import managed_identity_parts
from azext_podidentity.profile.scopes import (
    MANAGED_IDENTITY_OPERATOR,
    assignment_name,
    holds,
    is_operator,
    same_scope,
    suffices,
)

# A new assignment takes seconds to minutes to reach the provider; no call tells when it has.
_FRESH = timedelta(minutes=10)


def find(cli_ctx: Any, resource_id: str, principal_id: str) -> list[Any]:
    """The role assignments that let the principal assign the managed identity, inherited ones included.

    Raises an azure-cli error where they cannot be read.
    """
    return _find(partial(role_assignments_client, cli_ctx), principal_id, resource_id)


def find_many(cli_ctx: Any, resource_ids: Iterable[str], principal_id: str) -> dict[str, list[Any] | CLIError]:
    """What `find` finds for each of the ids, by the id in lower case; the error in place of what cannot be read."""
    return for_each(resource_ids, partial(_find, Shared(partial(role_assignments_client, cli_ctx)), principal_id))


def _find(client_of: Callable[[str], Any], principal_id: str, resource_id: str) -> list[Any]:
    """As `find`, with the client of a subscription that `client_of` gives."""
    client = client_of(managed_identity_parts(resource_id)[0])
    filter_ = f"atScope() and assignedTo('{principal_id}')"
    try:
        assignments = list(client.list_for_scope(resource_id, filter=filter_))
    except AzureError as error:
        raise explain_plainly(error) from error
    return [each for each in assignments if suffices(each.role_definition_id) and holds(each.scope, resource_id)]


def is_fresh(assignments: list[Any]) -> bool:
    """Whether one of the assignments is so new that the provider may not know of it yet."""
    now = datetime.now(timezone.utc)
    return any(each.created_on and abs(now - each.created_on) < _FRESH for each in assignments)


def grant(cli_ctx: Any, resource_id: str, principal_id: str, *, then: str) -> None:
    """Grants Managed Identity Operator over the managed identity; granted already is success.

    Raises an azure-cli error with the service's reason, the command for somebody who may grant it, and what to do
    `then`.
    """
    from azure.mgmt.authorization.models import RoleAssignmentCreateParameters

    subscription = managed_identity_parts(resource_id)[0]
    definitions = f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions"
    parameters = RoleAssignmentCreateParameters(  # type: ignore[call-overload]  # the flattened form of both SDKs
        role_definition_id=f"{definitions}/{MANAGED_IDENTITY_OPERATOR}",
        principal_id=principal_id,
        # Without it a principal that is still replicating is refused as PrincipalNotFound.
        principal_type="ServicePrincipal",
    )
    client = role_assignments_client(cli_ctx, subscription)
    try:
        client.create(resource_id, assignment_name(resource_id, principal_id), parameters)
    except HttpResponseError as error:
        if ServiceError.of(error).code == "RoleAssignmentExists":  # under another name
            return
        raise explain_plainly(
            error,
            "The role Managed Identity Operator could not be granted to the cluster identity. Have somebody who may "
            f"grant it run:\n{grant_command(principal_id, resource_id)}\nand then {then}.",
        ) from error
    except AzureError as error:
        raise explain_plainly(error) from error


def revoke(cli_ctx: Any, resource_id: str, principal_id: str) -> list[str]:
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


def revoke_left(cli_ctx: Any, subscription_id: str, principal_id: str) -> list[str]:
    """Removes the assignments that this tool made for the principal in the subscription, whatever they are at.

    They are known by their names, which are derived from what they grant. Returns the ids of those removed; raises an
    azure-cli error where one could not be.
    """
    client = role_assignments_client(cli_ctx, subscription_id)
    try:
        assignments = list(client.list_for_subscription(filter=f"principalId eq '{principal_id}'"))
    except AzureError as error:
        raise explain_plainly(error) from error
    ours = [each for each in assignments if each.name == assignment_name(each.scope, principal_id)]
    return _remove(client, ours)


def _remove(client: Any, assignments: list[Any]) -> list[str]:
    for each in assignments:
        try:
            client.delete(each.scope, each.name)
        except AzureError as error:
            remove = command_line("role", "assignment", "delete", "--ids", each.id)
            raise explain_plainly(
                error,
                "The pod identity is removed; this role assignment of the cluster identity at the managed identity "
                f"is left. Have somebody who may remove it run:\n{remove}",
            ) from error
    return [each.id for each in assignments]
