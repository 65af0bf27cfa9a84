# SPDX-License-Identifier: MIT
"""Read managed identities by resource ID, in the subscription of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from azure.cli.core.azclierror import AzCLIError, ForbiddenError, ResourceNotFoundError, UnauthorizedError
from azure.core.exceptions import AzureError, HttpResponseError
from knack.log import get_logger
from knack.util import CLIError

from azext_podidentity.arm.clients import managed_identity_client
from azext_podidentity.arm.concurrency import ReadOnce, ReportProgress, by_lower_case, for_each
from azext_podidentity.arm.errors import ArmError, explain_plainly
from azext_podidentity.profile.commands import create_commands, other_sign_in_commands
from azext_podidentity.profile.entries import ManagedIdentity, NotFound
from azext_podidentity.profile.rbac import scopes_to_list
from azext_podidentity.profile.validation import managed_identity_parts

if TYPE_CHECKING:
    from azure.cli.core import AzCli

logger = get_logger(__name__)

# ARM's response for a subscription that the account cannot access is the same as for one that does not exist.
_HIDDEN = ("SubscriptionNotFound", "InvalidSubscriptionId")


def find(cli_ctx: AzCli, resource_id: str) -> ManagedIdentity | NotFound:
    """Return the managed identity with its client ID and object ID, NotFound if it does not exist.

    Raise an azure-cli error for every other response.
    """
    return _find(partial(managed_identity_client, cli_ctx), resource_id)


def find_many(
    cli_ctx: AzCli, resource_ids: Iterable[str], report: ReportProgress = lambda _: None
) -> dict[str, ManagedIdentity | NotFound | CLIError]:
    """Return the result of `find` for each ID, by the ID in lower case, or the error if it cannot be read.

    If many are in one subscription, they are listed; those that the list does not contain are read one by one.
    `report` is called with the number of managed identities found so far.
    """
    ids = by_lower_case(resource_ids)
    client_of = ReadOnce(partial(managed_identity_client, cli_ctx))
    listed = {key: each for key, each in _list(client_of, ids).items() if key in ids}
    left = [each for key, each in ids.items() if key not in listed]
    return {**listed, **for_each(left, partial(_find, client_of), lambda done: report(len(listed) + done))}


def find_by_client_id(cli_ctx: AzCli, subscription_id: str, client_id: str) -> ManagedIdentity | None:
    """Return the managed identity of the subscription that has the client ID, None if none has.

    Raise an azure-cli error if the managed identities cannot be listed.
    """
    try:
        listed = managed_identity_client(cli_ctx, subscription_id).user_assigned_identities.list_by_subscription()
        found = (_managed_identity(each, each.id) for each in listed)
        return next((each for each in found if (each.client_id or "").lower() == client_id.lower()), None)
    except AzureError as error:
        raise explain_plainly(error) from error


def existing(
    found: Mapping[str, ManagedIdentity | NotFound | CLIError], location: str | None
) -> dict[str, ManagedIdentity]:
    """Return the managed identities of `found`, which has resource IDs as keys, by resource ID in lower case.

    Raise ResourceNotFoundError with all that do not exist and the commands that create them (a resource group in
    `location`), or the error of the first that could not be read.
    """
    missing = {each: there for each, there in found.items() if isinstance(there, NotFound)}
    if missing:
        commands = dict.fromkeys(  # several may need one resource group
            command
            for each, there in missing.items()
            for command in create_commands(each, location, resource_group_too=there.resource_group_too)
        )
        names = "\n".join(missing)
        raise ResourceNotFoundError(
            f"These managed identities do not exist:\n{names}"
            if len(missing) > 1
            else f"Managed identity {names!r} does not exist.",
            [f"To create {'them' if len(missing) > 1 else 'it'}, run:", *commands],
        )
    known: dict[str, ManagedIdentity] = {}
    for resource_id, there in found.items():
        if isinstance(there, CLIError):
            raise _hidden_error(resource_id, there) if is_hidden(there) else there
        if isinstance(there, ManagedIdentity):
            known[resource_id.lower()] = there
    return known


def is_hidden(error: CLIError) -> bool:
    """Return whether the error means that the account cannot see the resource, which may exist nevertheless.

    az itself raises a plain CLIError for a subscription that the signed-in account does not have.
    """
    hidden = (ForbiddenError, ResourceNotFoundError, UnauthorizedError)
    return isinstance(error, hidden) or not isinstance(error, AzCLIError)


def _hidden_error(resource_id: str, error: CLIError) -> CLIError:
    kind = type(error) if isinstance(error, AzCLIError) else ResourceNotFoundError
    return kind(
        f"This sign-in cannot read managed identity '{resource_id}', so it is unknown whether it exists. {error}",
        [
            "If it is in another tenant or subscription, sign in to that tenant or refresh the list of subscriptions:",
            *other_sign_in_commands(),
            "If you know its client ID and object ID, add it without reading it: pass --client-id and --object-id to "
            "the command 'add'.",
        ],
    )


def _list(client_of: Callable[[str], Any], ids: Mapping[str, str]) -> dict[str, ManagedIdentity]:
    """List the managed identities of each scope that has enough of `ids`, by resource ID in lower case."""
    return _list_in(client_of, scopes_to_list(ids.values()))


def _list_in(client_of: Callable[[str], Any], scopes: list[tuple[str, str | None]]) -> dict[str, ManagedIdentity]:
    found: dict[str, ManagedIdentity] = {}
    for subscription, resource_group in scopes:
        try:
            operations = client_of(subscription).user_assigned_identities
            listed = (
                operations.list_by_resource_group(resource_group)
                if resource_group
                else operations.list_by_subscription()
            )
            found.update((each.id.lower(), _managed_identity(each, each.id)) for each in listed)
        except (AzureError, CLIError) as error:
            logger.debug("The managed identities are read one by one: %s", error)
    return found


def list_subscription(cli_ctx: AzCli, subscription: str) -> dict[str, ManagedIdentity]:
    """Return the managed identities of a subscription by resource ID in lower case, none if they cannot be listed."""
    return _list_in(partial(managed_identity_client, cli_ctx), [(subscription, None)])


def _find(client_of: Callable[[str], Any], resource_id: str) -> ManagedIdentity | NotFound:
    """Return the result of `find`, using the client that `client_of` returns for the subscription."""
    subscription, resource_group, name = managed_identity_parts(resource_id)
    try:
        identity = client_of(subscription).user_assigned_identities.get(resource_group, name)
    except AzureError as error:
        if (not_found := not_found_in(error)) is not None:
            return not_found
        raise explain_plainly(error) from error
    return _managed_identity(identity, resource_id)


def not_found_in(error: AzureError) -> NotFound | None:
    """Return NotFound if the error says that a managed identity or its resource group does not exist, else None.

    A subscription that is not found does not count, because it may be one that the account cannot access.
    """
    if not isinstance(error, HttpResponseError) or error.status_code != 404:
        return None
    code = ArmError.of(error).code
    return None if code in _HIDDEN else NotFound(resource_group_too=code == "ResourceGroupNotFound")


def _managed_identity(identity: Any, resource_id: str) -> ManagedIdentity:
    return ManagedIdentity(
        resource_id=identity.id or resource_id,
        client_id=identity.client_id,
        object_id=identity.principal_id,
        tenant_id=identity.tenant_id,
    )
