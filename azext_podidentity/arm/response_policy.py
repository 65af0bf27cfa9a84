# SPDX-License-Identifier: MIT
"""Handle responses that are not an answer of the service: an expired token, a proxy's page, an incomplete body."""

from __future__ import annotations

import json
import re
from typing import Any

from azure.core.exceptions import ServiceResponseError
from azure.core.pipeline.policies import HTTPPolicy

_WITH_JSON = (200, 201)
# The content types that azure-core reads as JSON (`ContentDecodePolicy`); a response without one is read as JSON too.
_JSON_TYPE = re.compile(r"(application|text)/([0-9a-z+.-]+\+)?json\s*(;|$)", re.IGNORECASE)


class ResponsePolicy(HTTPPolicy):  # type: ignore[type-arg]  # pylint: disable=too-few-public-methods
    """Check each response before the SDK's retry policy, which can still repeat the request.

    After a 401, the request is sent once more with a new token. A successful response whose body cannot be read or is
    neither a resource nor a list of resources raises ServiceResponseError.
    """

    def send(self, request: Any) -> Any:
        """Send the request, with a new token if the first was refused. Raise ServiceResponseError."""
        response = self.next.send(request)
        if response.http_response.status_code == 401:
            response = self.next.send(request)
        _check(request.http_request, response.http_response)
        return response


def _check(request: Any, response: Any) -> None:
    if response.status_code not in _WITH_JSON:
        return
    body = response.read() if hasattr(response, "read") else response.body()
    if not body and not _needs_body(request):
        return
    try:
        problem = _problem(json.loads(body))
    except ValueError:
        problem = "is not JSON"
    content_type = response.headers.get("content-type")
    if content_type and not problem and not _JSON_TYPE.match(content_type):
        problem = "is not declared as JSON"
    if problem:
        kind = content_type or "of no content type"
        raise ServiceResponseError(
            f"The response to {request.method} {request.url.partition('?')[0]} {problem} ({kind}). It may come from a "
            "proxy and not from Azure."
        )


def _needs_body(request: Any) -> bool:
    """Return whether a successful response has a body: that of a resource or a list, but not that of an operation."""
    return request.method in ("GET", "PUT") and "operation" not in request.url.lower()


def _problem(value: Any) -> str:
    """Return what is wrong with the JSON value of a resource or of a page of a list, empty if nothing is."""
    if not isinstance(value, dict):
        return "is not a JSON object"
    page = value.get("value", [])
    if not isinstance(page, list) or not all(isinstance(each, dict) for each in page):
        return "is not a list of resources"
    return ""
