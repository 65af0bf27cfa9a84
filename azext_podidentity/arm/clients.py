# SPDX-License-Identifier: MIT
"""SDK clients, created by azure-cli from the SDKs that it ships."""

from __future__ import annotations

import logging
from threading import current_thread, main_thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.cli.core import AzCli
    from azure.mgmt.authorization.operations import RoleAssignmentsOperations, RoleDefinitionsOperations
    from azure.mgmt.containerservice.operations import IdentityBindingsOperations, ManagedClustersOperations
    from azure.mgmt.msi import ManagedServiceIdentityClient


def managed_clusters_client(cli_ctx: AzCli, subscription_id: str | None = None) -> ManagedClustersOperations:
    """Return the operations of managed clusters in a subscription, by default in the current one."""
    from azure.cli.core.profiles import ResourceType

    # The main thread uses the client alone, for the one cluster of the command, so it can skip `set_up_models`.
    one_thread = current_thread() is main_thread()
    operations: ManagedClustersOperations = management_client(
        cli_ctx, ResourceType.MGMT_CONTAINERSERVICE, subscription_id, one_thread=one_thread
    ).managed_clusters
    return operations


def identity_bindings_client(cli_ctx: AzCli) -> IdentityBindingsOperations:
    """Return the operations of identity bindings in the current subscription; not every supported SDK has them."""
    from azure.cli.core.profiles import ResourceType

    client = management_client(cli_ctx, ResourceType.MGMT_CONTAINERSERVICE)
    operations: IdentityBindingsOperations = client.identity_bindings
    return operations


def managed_identity_client(cli_ctx: AzCli, subscription_id: str) -> ManagedServiceIdentityClient:
    """Return the client of managed identities in a subscription."""
    from azure.mgmt.msi import ManagedServiceIdentityClient

    client: ManagedServiceIdentityClient = management_client(cli_ctx, ManagedServiceIdentityClient, subscription_id)
    return client


def role_assignments_client(cli_ctx: AzCli, subscription_id: str) -> RoleAssignmentsOperations:
    """Return the operations of role assignments in a subscription."""
    from azure.cli.core.profiles import ResourceType

    operations: RoleAssignmentsOperations = management_client(
        cli_ctx, ResourceType.MGMT_AUTHORIZATION, subscription_id
    ).role_assignments
    return operations


def role_definitions_client(cli_ctx: AzCli, subscription_id: str | None) -> RoleDefinitionsOperations:
    """Return the operations of role definitions in a subscription, by default in the current one."""
    from azure.cli.core.profiles import ResourceType

    operations: RoleDefinitionsOperations = management_client(
        cli_ctx, ResourceType.MGMT_AUTHORIZATION, subscription_id
    ).role_definitions
    return operations


def features_client(cli_ctx: AzCli) -> Any:
    """Return the operations of preview features in the current subscription; azure-cli selects the API version."""
    from azure.cli.core.profiles import ResourceType

    return management_client(cli_ctx, ResourceType.MGMT_RESOURCE_FEATURES).features


def providers_client(cli_ctx: AzCli) -> Any:
    """Return the operations of resource providers in the current subscription; azure-cli selects the API version."""
    from azure.cli.core.profiles import ResourceType

    return management_client(cli_ctx, ResourceType.MGMT_RESOURCE_RESOURCES).providers


def policy_client(cli_ctx: AzCli, subscription_id: str | None) -> Any:
    """Return `PolicyClient` of a subscription, by default of the current one."""
    from azure.cli.core.profiles import ResourceType

    return management_client(cli_ctx, ResourceType.MGMT_RESOURCE_POLICY, subscription_id)


def management_client(
    cli_ctx: AzCli, client_type: Any, subscription_id: str | None = None, *, one_thread: bool = False
) -> Any:
    """Return a client of a subscription, by default of the current one, that honors Retry-After.

    Several threads can use the client at the same time, unless `one_thread` is set.
    """
    from azure.cli.core.commands.client_factory import get_mgmt_service_client

    from azext_podidentity.arm.response_policy import ResponsePolicy
    from azext_podidentity.arm.sdk_models import set_up_models
    from azext_podidentity.arm.throttling import ThrottledRetryPolicy

    client = get_mgmt_service_client(
        cli_ctx,
        client_type,
        subscription_id=subscription_id,
        retry_policy=ThrottledRetryPolicy(cli_ctx),
        per_retry_policies=[ResponsePolicy()],
    )
    # The SDK logs a traceback if the body of an error is not JSON, for example a proxy's page. `arm/errors` reports it.
    logging.getLogger(f"{type(client).__module__.rpartition('.')[0]}._utils.model_base").disabled = True
    if not one_thread:
        set_up_models(client)
    return client
