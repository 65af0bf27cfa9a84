# SPDX-License-Identifier: MIT
"""Microsoft.Management: what is below a management group.

https://learn.microsoft.com/rest/api/managementgroups/management-groups/get-descendants
"""

from __future__ import annotations

from typing import Any

from ..context import Context
from ..http import Request, Response, Route

_GROUPS = "/providers/Microsoft.Management/managementGroups"
# How many rows a page of the service has is not documented; the nextLink is.
_PAGE = 2


class ManagementGroups:
    """Every group contains all subscriptions, as in Resource Graph here, and the last one in a group below it."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> list[Route]:
        """Return the route of the descendants."""
        return [Route("GET", f"{_GROUPS}/{{group}}/descendants", self._descendants)]

    def _descendants(self, request: Request) -> Response:
        rows = self._rows(request.parameters["group"])
        start = int(request.query.get("$skiptoken") or 0)
        page: dict[str, Any] = {"value": rows[start : start + _PAGE]}
        if start + _PAGE < len(rows):
            version = request.query["api-version"]
            link = f"https://{request.headers['host']}{request.path}?api-version={version}&$skiptoken={start + _PAGE}"
            page["nextLink"] = link
        return Response(200, page)

    def _rows(self, group: str) -> list[dict[str, Any]]:
        child = f"{group}-child"
        *above, last = self._context.subscription_ids
        return [
            _row(f"{_GROUPS}/{child}", "Microsoft.Management/managementGroups", group),
            *(_row(f"/subscriptions/{each}", "/subscriptions", group) for each in above),
            _row(f"/subscriptions/{last}", "/subscriptions", child),
        ]


def _row(resource_id: str, resource_type: str, parent: str) -> dict[str, Any]:
    name = resource_id.rpartition("/")[2]
    properties = {"displayName": f"Simulated {name}", "parent": {"id": f"{_GROUPS}/{parent}"}}
    return {"id": resource_id, "type": resource_type, "name": name, "properties": properties}
