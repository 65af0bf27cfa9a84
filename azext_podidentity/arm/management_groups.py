# SPDX-License-Identifier: MIT
"""The subscriptions below a management group.

https://learn.microsoft.com/rest/api/managementgroups/management-groups/get-descendants
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from azure.core.exceptions import AzureError

from azext_podidentity.arm.clients import management_client
from azext_podidentity.arm.errors import explain_plainly
from azext_podidentity.arm.raw_client import RawClient
from azext_podidentity.arm.subscriptions import Subscription

if TYPE_CHECKING:
    from azure.cli.core import AzCli

_PATH = "/providers/Microsoft.Management/managementGroups/{}/descendants?api-version=2020-05-01"
# The type of subscriptions among the descendants; the others are management groups.
_SUBSCRIPTION = "/subscriptions"


def list_subscriptions(cli_ctx: AzCli, tenant: Subscription, management_group: str) -> list[Subscription]:
    """Return the subscriptions in the management group and in all groups below it.

    tenant: a subscription of the tenant to query. Raise an azure-cli error if the group cannot be read.
    """
    client = management_client(cli_ctx, RawClient, tenant.id)
    url: str | None = _PATH.format(quote(management_group, safe=""))
    rows: list[dict[str, Any]] = []
    try:
        while url:
            page = client.request("GET", url)
            rows += page.get("value") or ()
            url = page.get("nextLink")
    except AzureError as error:
        raise explain_plainly(error) from error
    return [
        Subscription(each["name"], (each.get("properties") or {}).get("displayName") or each["name"], tenant.tenant_id)
        for each in rows
        if each["type"].lower().endswith(_SUBSCRIPTION)
    ]
