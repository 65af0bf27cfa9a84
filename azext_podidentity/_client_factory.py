"""SDK clients, made by the host from its own copies of the SDKs."""

from __future__ import annotations

from typing import Any


def cf_managed_clusters(cli_ctx: Any, *_: Any) -> Any:
    """`ManagedClustersOperations` of the subscription at hand."""
    from azure.cli.core.commands.client_factory import get_mgmt_service_client
    from azure.cli.core.profiles import ResourceType

    return get_mgmt_service_client(cli_ctx, ResourceType.MGMT_CONTAINERSERVICE).managed_clusters


def managed_identity_client(cli_ctx: Any, subscription_id: str) -> Any:
    """`ManagedServiceIdentityClient` of a subscription."""
    from azure.cli.core.commands.client_factory import get_mgmt_service_client
    from azure.mgmt.msi import ManagedServiceIdentityClient

    return get_mgmt_service_client(cli_ctx, ManagedServiceIdentityClient, subscription_id=subscription_id)


def role_assignments_client(cli_ctx: Any, subscription_id: str) -> Any:
    """`RoleAssignmentsOperations` of a subscription."""
    from azure.cli.core.commands.client_factory import get_mgmt_service_client
    from azure.cli.core.profiles import ResourceType

    client = get_mgmt_service_client(cli_ctx, ResourceType.MGMT_AUTHORIZATION, subscription_id=subscription_id)
    return client.role_assignments
