"""SDK clients, made by the host from its own copies of the SDKs."""

from __future__ import annotations

import logging
from typing import Any


def managed_clusters_client(cli_ctx: Any, subscription_id: str | None = None) -> Any:
    """Return `ManagedClustersOperations` of a subscription, by default of the current one."""
    from azure.cli.core.profiles import ResourceType

    return management_client(cli_ctx, ResourceType.MGMT_CONTAINERSERVICE, subscription_id).managed_clusters


def managed_identity_client(cli_ctx: Any, subscription_id: str) -> Any:
    """`ManagedServiceIdentityClient` of a subscription."""
    from azure.mgmt.msi import ManagedServiceIdentityClient

    return management_client(cli_ctx, ManagedServiceIdentityClient, subscription_id)


def role_assignments_client(cli_ctx: Any, subscription_id: str) -> Any:
    """`RoleAssignmentsOperations` of a subscription."""
    from azure.cli.core.profiles import ResourceType

    return management_client(cli_ctx, ResourceType.MGMT_AUTHORIZATION, subscription_id).role_assignments


def role_definitions_client(cli_ctx: Any, subscription_id: str | None) -> Any:
    """Return `RoleDefinitionsOperations` of a subscription, by default of the current one."""
    from azure.cli.core.profiles import ResourceType

    return management_client(cli_ctx, ResourceType.MGMT_AUTHORIZATION, subscription_id).role_definitions


def features_client(cli_ctx: Any) -> Any:
    """`FeaturesOperations` of the subscription at hand."""
    from azure.cli.core.profiles import ResourceType

    return management_client(cli_ctx, ResourceType.MGMT_RESOURCE_FEATURES).features


def providers_client(cli_ctx: Any) -> Any:
    """`ProvidersOperations` of the subscription at hand."""
    from azure.cli.core.profiles import ResourceType

    return management_client(cli_ctx, ResourceType.MGMT_RESOURCE_RESOURCES).providers


def management_client(cli_ctx: Any, client_type: Any, subscription_id: str | None = None) -> Any:
    """Return a client of a subscription, by default of the current one, that obeys throttling."""
    from azure.cli.core.commands.client_factory import get_mgmt_service_client

    from azext_podidentity.arm.response_policy import ResponsePolicy
    from azext_podidentity.arm.throttling import ThrottledRetryPolicy

    client = get_mgmt_service_client(
        cli_ctx,
        client_type,
        subscription_id=subscription_id,
        retry_policy=ThrottledRetryPolicy(cli_ctx),
        per_retry_policies=[ResponsePolicy()],
    )
    # The SDK logs a traceback where an error's body is not JSON, a proxy's page say; our message tells what it was.
    logging.getLogger(f"{type(client).__module__.rpartition('.')[0]}._utils.model_base").disabled = True
    return client
