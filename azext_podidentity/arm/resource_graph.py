# SPDX-License-Identifier: MIT
"""Azure Resource Graph: the clusters of many subscriptions in one query.

Query and pages: https://learn.microsoft.com/azure/governance/resource-graph/concepts/work-with-data
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import AzureError, ServiceResponseError

from azext_podidentity.arm.clients import management_client
from azext_podidentity.arm.errors import explain_plainly
from azext_podidentity.arm.raw_client import RawClient

if TYPE_CHECKING:
    from azure.cli.core import AzCli

Json = dict[str, Any]

_PATH = "/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01"
# The maximum number of rows per page, and of subscriptions per query.
_PAGE, _MAX_SUBSCRIPTIONS = 1000, 1000
# The properties that are read, by column: pages of whole clusters would have many megabytes.
_COLUMNS = {
    "id": "id",
    "location": "location",
    "tags": "tags",
    "identity": "identity",
    "podIdentityProfile": "properties.podIdentityProfile",
    "oidcIssuerProfile": "properties.oidcIssuerProfile",
    "workloadIdentity": "properties.securityProfile.workloadIdentity",
    "networkPlugin": "properties.networkProfile.networkPlugin",
    "kubernetesVersion": "properties.kubernetesVersion",
    "currentKubernetesVersion": "properties.currentKubernetesVersion",
    "fqdn": "properties.fqdn",
    "privateFQDN": "properties.privateFQDN",
    "provisioningState": "properties.provisioningState",
    "powerState": "properties.powerState",
}
# Without a fixed order, pages can skip rows.
CLUSTERS_QUERY = (
    "resources | where type =~ 'microsoft.containerservice/managedclusters' | order by id asc | project "
    + ", ".join(name if name == path else f"{name} = {path}" for name, path in _COLUMNS.items())
)


def query_clusters(
    cli_ctx: AzCli, tenant_subscription: str, subscriptions: Sequence[str], management_group: str | None = None
) -> list[Json]:
    """Return the clusters of the subscriptions, or of the management group, with the properties an inventory needs.

    Each is a JSON object with the structure of the resource. `tenant_subscription` is any subscription of the tenant.
    Raise an azure-cli error if the query is refused.
    """
    client = management_client(cli_ctx, RawClient, tenant_subscription)
    scopes: list[Json] = [{"managementGroups": [management_group]}] if management_group else _scopes(subscriptions)
    try:
        return [_cluster(row) for scope in scopes for row in _rows(client, scope)]
    except AzureError as error:
        raise explain_plainly(error) from error


def _scopes(subscriptions: Sequence[str]) -> list[Json]:
    scopes: list[Json] = []
    for start in range(0, len(subscriptions), _MAX_SUBSCRIPTIONS):
        end = start + _MAX_SUBSCRIPTIONS
        scopes.append({"subscriptions": list(subscriptions[start:end])})
    return scopes


def _rows(client: RawClient, scope: Json) -> list[Json]:
    """Return the rows of all pages. Raise an AzureError."""
    rows: list[Json] = []
    options: Json = {"resultFormat": "objectArray", "$top": _PAGE}
    while True:
        body = {**scope, "query": CLUSTERS_QUERY, "options": options}
        page = client.request("POST", _PATH, body)
        if not isinstance(page.get("data"), list):
            raise ServiceResponseError("The response of Azure Resource Graph has no rows.")
        rows += page["data"]
        if not (token := page.get("$skipToken")):
            return rows
        options = {**options, "$skipToken": token}


def _cluster(row: Mapping[str, Any]) -> Json:
    """Return the row as a cluster's JSON object, with the value of each column at its path."""
    cluster: Json = {}
    for name, path in _COLUMNS.items():
        *parents, last = path.split(".")
        place = cluster
        for each in parents:
            place = place.setdefault(each, {})
        place[last] = row.get(name)
    return cluster
