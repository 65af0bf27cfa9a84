# SPDX-License-Identifier: MIT
"""Find the clusters of many subscriptions."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azure.cli.core.azclierror import AzCLIError
from knack.log import get_logger
from knack.util import CLIError

from azext_podidentity.arm.concurrency import do_all
from azext_podidentity.arm.managed_clusters import list_clusters
from azext_podidentity.arm.resource_graph import query_clusters
from azext_podidentity.arm.subscriptions import Subscription, find_subscriptions, known_subscriptions
from azext_podidentity.cli.progress import counted, progress
from azext_podidentity.fleet.inventory import Inventory

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
    a warning says why. Raise an azure-cli error if a subscription of the scope is not known, if the management group
    cannot be queried, or if no subscription can be read.
    """
    subscriptions = find_subscriptions(cli_ctx, scope.subscriptions)
    names = {each.id.lower(): each.name for each in known_subscriptions(cli_ctx)}
    if scope.management_group:
        with progress(cli_ctx, "Finding clusters"):
            found = _query_management_group(cli_ctx, subscriptions[0], scope.management_group)
        return Inventory.of(found, names)
    clusters: list[Json] = []
    by_tenant: dict[str, list[Subscription]] = defaultdict(list)
    for each in subscriptions:
        by_tenant[each.tenant_id].append(each)
    with progress(cli_ctx, "Finding clusters"):
        refused = [tenant for tenant in by_tenant.values() if not _query(cli_ctx, tenant, clusters)]
    left = [each for tenant in refused for each in tenant]
    errors = _list_each(cli_ctx, left, clusters) if left else []
    if left and len(errors) == len(subscriptions):
        raise errors[0]
    for error in errors:
        logger.warning("%s", error)
    return Inventory.of(clusters, names, map(str, errors))


def _query(cli_ctx: AzCli, tenant: list[Subscription], clusters: list[Json]) -> bool:
    """Add the clusters of the subscriptions of one tenant, and return whether the query succeeded."""
    try:
        clusters += query_clusters(cli_ctx, tenant[0].id, [each.id for each in tenant])
    except CLIError as error:
        reason = " ".join(str(error).split())
        logger.warning("Azure Resource Graph cannot be queried, so each subscription is listed: %s", reason)
        return False
    return True


def _query_management_group(cli_ctx: AzCli, subscription: Subscription, management_group: str) -> list[Json]:
    try:
        return query_clusters(cli_ctx, subscription.id, (), management_group)
    except AzCLIError as error:
        error.set_recommendation(
            "Without Azure Resource Graph, pass the subscriptions of the management group with --subscriptions."
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
    """Return an error of the same class whose message names the subscription."""
    kind = type(error) if isinstance(error, AzCLIError) else AzCLIError
    reason = " ".join(str(error).split())
    return kind(f"The clusters of subscription '{subscription.name}' ({subscription.id}) cannot be read: {reason}")
