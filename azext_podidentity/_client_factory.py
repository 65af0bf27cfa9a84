"""SDK clients, made by the host from its own copies of the SDKs."""

from __future__ import annotations

from typing import Any


def cf_managed_clusters(cli_ctx: Any, *_: Any) -> Any:
    """Return `ManagedClustersOperations` of the current subscription."""
    from azext_podidentity.arm.clients import managed_clusters_client

    return managed_clusters_client(cli_ctx)
