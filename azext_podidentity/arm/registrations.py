# SPDX-License-Identifier: MIT
"""Registration of the add-on's preview feature and of the resource provider in a subscription."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import AzureError

from azext_podidentity.arm.clients import features_client, providers_client
from azext_podidentity.arm.errors import explain_plainly
from azext_podidentity.profile.commands import FEATURE, PROVIDER

if TYPE_CHECKING:
    from azure.cli.core import AzCli

# The response has no state.
_UNKNOWN = "Unknown"


def feature_state(cli_ctx: AzCli) -> str:
    """Return the state of the feature, `Registered` if it can be used. Raise an azure-cli error if unreadable."""
    return _call(lambda: getattr(features_client(cli_ctx).get(PROVIDER, FEATURE).properties, "state", None))


def provider_state(cli_ctx: AzCli) -> str:
    """Return the state of the provider, `Registered` if it can be used. Raise an azure-cli error if unreadable."""
    return _call(lambda: providers_client(cli_ctx).get(PROVIDER).registration_state)


def register_feature(cli_ctx: AzCli) -> None:
    """Start the registration of the feature in the current subscription. Raise an azure-cli error if refused."""
    _call(lambda: features_client(cli_ctx).register(PROVIDER, FEATURE))


def register_provider(cli_ctx: AzCli) -> None:
    """Register the provider in the current subscription, even if it is. Raise an azure-cli error if refused."""
    _call(lambda: providers_client(cli_ctx).register(PROVIDER))


def _call(request: Callable[[], Any]) -> str:
    try:
        return str(request() or _UNKNOWN)
    except AzureError as error:
        raise explain_plainly(error) from error
