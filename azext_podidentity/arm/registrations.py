"""How far the subscription has registered the add-on's preview feature and the resource provider of clusters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from azure.core.exceptions import AzureError

from azext_podidentity.arm.clients import features_client, providers_client
from azext_podidentity.arm.errors import explain_plainly
from azext_podidentity.profile.commands import FEATURE, PROVIDER


def feature_state(cli_ctx: Any) -> str:
    """The state of the feature, `Registered` where it may be used. Raises an azure-cli error where it is not told."""
    return _told(lambda: features_client(cli_ctx).get(PROVIDER, FEATURE).properties.state)


def provider_state(cli_ctx: Any) -> str:
    """The state of the provider, `Registered` where it may be used. Raises an azure-cli error where it is not told."""
    return _told(lambda: providers_client(cli_ctx).get(PROVIDER).registration_state)


def _told(ask: Callable[[], Any]) -> str:
    try:
        return str(ask())
    except AzureError as error:
        raise explain_plainly(error) from error
