# SPDX-License-Identifier: MIT
"""Send requests to Azure Resource Manager for which azure-cli ships no SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azure.core.configuration import Configuration
from azure.core.exceptions import HttpResponseError, ServiceResponseError
from azure.core.pipeline import policies
from azure.core.rest import HttpRequest
from azure.mgmt.core import ARMPipelineClient
from azure.mgmt.core.exceptions import ARMErrorFormat

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


class RawClient(ARMPipelineClient[Any, Any]):
    """A client with the pipeline of the Azure SDK."""

    def __init__(self, credential: TokenCredential, subscription_id: str, base_url: str, **options: Any) -> None:
        del credential, subscription_id  # azure-cli passes a policy that uses the credential
        config: Configuration[Any, Any] = Configuration(**options)
        config.headers_policy = policies.HeadersPolicy(**options)
        config.user_agent_policy = policies.UserAgentPolicy(**options)
        config.proxy_policy = policies.ProxyPolicy(**options)
        config.redirect_policy = policies.RedirectPolicy(**options)
        config.logging_policy = options.get("logging_policy") or policies.NetworkTraceLoggingPolicy(**options)
        config.http_logging_policy = options.get("http_logging_policy")
        config.retry_policy = options["retry_policy"]
        config.authentication_policy = options["authentication_policy"]
        super().__init__(base_url, config=config, **options)

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Return the JSON value of the response. Raise an AzureError if there is none, or its status is not 200."""
        options = {} if body is None else {"json": body}
        response = self.send_request(HttpRequest(method, self.format_url(path), **options))
        if response.status_code != 200:
            raise HttpResponseError(response=response, error_format=ARMErrorFormat)
        try:
            return response.json()
        except ValueError as error:
            raise ServiceResponseError(f"The response to {method} {path.partition('?')[0]} is not JSON.") from error
