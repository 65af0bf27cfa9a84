# SPDX-License-Identifier: MIT
"""The subscriptions in az's profile, which `az login` stores."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azure.cli.core.azclierror import InvalidArgumentValueError

if TYPE_CHECKING:
    from azure.cli.core import AzCli


@dataclass(frozen=True)
class Subscription:
    """A subscription of the account: its ID, name and tenant ID."""

    id: str
    name: str
    tenant_id: str


def known_subscriptions(cli_ctx: AzCli) -> list[Subscription]:
    """Return the subscriptions of the account in the current cloud, in all tenants, the current one first."""
    from azure.cli.core._profile import Profile
    from azure.cli.core.commands.client_factory import get_subscription_id

    current = str(get_subscription_id(cli_ctx)).lower()
    cached = Profile(cli_ctx=cli_ctx).load_cached_subscriptions()
    found = {each["id"].lower(): Subscription(each["id"], each["name"], each["tenantId"]) for each in cached}
    return sorted(found.values(), key=lambda each: each.id.lower() != current)


def find_subscriptions(cli_ctx: AzCli, names: Iterable[str]) -> list[Subscription]:
    """Return the subscriptions with these names or IDs, or all subscriptions of the account if `names` is empty.

    Raise InvalidArgumentValueError with all names that az does not know.
    """
    known = known_subscriptions(cli_ctx)
    wanted = dict.fromkeys(name.lower() for name in names)
    if not wanted:
        return known
    unknown = [name for name in wanted if not any(_is_named(each, name) for each in known)]
    if unknown:
        listed = ", ".join(f"'{name}'" for name in unknown)
        raise InvalidArgumentValueError(
            f"az does not know these subscriptions: {listed}.",
            ["To list the subscriptions of your account, run:", "az account list --refresh --output table"],
        )
    return [each for each in known if any(_is_named(each, name) for name in wanted)]


def _is_named(subscription: Subscription, name: str) -> bool:
    return name in (subscription.id.lower(), subscription.name.lower())
