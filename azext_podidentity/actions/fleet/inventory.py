# SPDX-License-Identifier: MIT
"""Find the clusters of many subscriptions."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azure.cli.core.azclierror import AzCLIError, UnclassifiedUserFault
from knack.log import get_logger
from knack.util import CLIError

from azext_podidentity.arm.concurrency import do_all
from azext_podidentity.arm.managed_clusters import list_clusters
from azext_podidentity.arm.management_groups import list_subscriptions
from azext_podidentity.arm.resource_graph import query_clusters
from azext_podidentity.arm.subscriptions import Subscription, find_subscriptions, known_subscriptions
from azext_podidentity.cli.after_output import fail_partial
from azext_podidentity.cli.progress import counted, progress
from azext_podidentity.fleet.inventory import Inventory
from azext_podidentity.profile.text import count_of, one_line

if TYPE_CHECKING:
    from azure.cli.core import AzCli

logger = get_logger(__name__)
Json = dict[str, Any]


@dataclass(frozen=True)
class Scope:
    """The subscriptions (by name or ID) or the management group to search; neither means all subscriptions."""

    subscriptions: tuple[str, ...] = ()
    management_group: str | None = None


def read_inventory(cli_ctx: AzCli, scope: Scope) -> Inventory:
    """Return all clusters in the scope, with or without the add-on.

    One Resource Graph query per tenant finds them. If it is refused, the clusters of each subscription are listed, and
    a warning says why. The subscriptions of a management group are then those below it. Raise an azure-cli error if a
    subscription of the scope is not known, if the management group cannot be read, or if no subscription can be read.
    """
    subscriptions = find_subscriptions(cli_ctx, scope.subscriptions)
    names = {each.id.lower(): each.name for each in known_subscriptions(cli_ctx)}
    clusters: list[Json] = []
    by_tenant: dict[str, list[Subscription]] = defaultdict(list)
    for each in subscriptions[:1] if scope.management_group else subscriptions:
        by_tenant[each.tenant_id].append(each)
    with progress(cli_ctx, "Finding clusters"):
        refused = [
            tenant for tenant in by_tenant.values() if not _query(cli_ctx, tenant, clusters, scope.management_group)
        ]
        left = [each for tenant in refused for each in tenant]
        if left and scope.management_group:
            left = subscriptions = _subscriptions_below(cli_ctx, left[0], scope.management_group)
            names = {**{each.id.lower(): each.name for each in left}, **names}
    errors = _list_each(cli_ctx, left, clusters) if left else []
    if left and len(errors) == len(subscriptions):
        raise errors[0]
    for error in errors:
        logger.warning("%s", error)
    return Inventory.of(clusters, names, map(str, errors))


def fail_if_unreadable(cli_ctx: AzCli, inventory: Inventory) -> None:
    """Make az end with the exit code of a partial result if subscriptions could not be read."""
    if inventory.unreadable:
        fail_partial(cli_ctx, f"{count_of(len(inventory.unreadable), 'subscription')} cannot be read.")


def _query(
    cli_ctx: AzCli, tenant: list[Subscription], clusters: list[Json], management_group: str | None = None
) -> bool:
    """Add the clusters of one tenant's subscriptions or management group. Return whether the query was answered."""
    try:
        clusters += query_clusters(cli_ctx, tenant[0].id, [each.id for each in tenant], management_group)
    except CLIError as error:
        reason = one_line(error)
        logger.warning("Azure Resource Graph cannot be queried, so each subscription is listed: %s", reason)
        return False
    return True


def _subscriptions_below(cli_ctx: AzCli, tenant: Subscription, management_group: str) -> list[Subscription]:
    """Return the subscriptions of the management group. Raise an azure-cli error with the option to use instead."""
    try:
        return list_subscriptions(cli_ctx, tenant, management_group)
    except AzCLIError as error:
        error.set_recommendation(
            "Pass the ID of a management group that you can read, or its subscriptions with --subscriptions."
        )
        raise


def _list_each(cli_ctx: AzCli, subscriptions: list[Subscription], clusters: list[Json]) -> list[AzCLIError]:
    """Add the clusters of each subscription, and return the errors of those that cannot be read."""
    errors: list[AzCLIError] = []
    by_id = {each.id: each for each in subscriptions}

    def read(subscription_id: str) -> list[Json] | CLIError:
        try:
            return list_clusters(cli_ctx, subscription_id)
        except CLIError as error:
            return error

    with counted(cli_ctx, "Listing the clusters of subscriptions", len(by_id)) as report:
        listed = do_all(read, by_id, report)
    for subscription, found in zip(by_id.values(), listed, strict=True):
        if isinstance(found, CLIError):
            errors.append(_unreadable(subscription, found))
        else:
            clusters += found
    return errors


def _unreadable(subscription: Subscription, error: CLIError) -> AzCLIError:
    """Return an error of the same class and with the same recommendations whose message names the subscription."""
    kind = type(error) if isinstance(error, AzCLIError) else UnclassifiedUserFault
    steps = list(error.recommendations) if isinstance(error, AzCLIError) else None
    reason = one_line(error)
    message = f"The clusters of subscription '{subscription.name}' ({subscription.id}) cannot be read: {reason}"
    return kind(message, steps)
