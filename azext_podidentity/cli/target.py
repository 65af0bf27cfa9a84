"""The cluster that a command line names."""

from __future__ import annotations

from typing import Any

from azext_podidentity.profile.cluster_reference import ClusterReference


def cluster_reference(cmd: Any, resource_group_name: str, cluster_name: str) -> ClusterReference:
    """The cluster as the command line named it."""
    return ClusterReference(resource_group_name, cluster_name, cmd.cli_ctx.data.get("subscription_id"))
