"""Reads all that the checks look at: the cluster, and then everything else at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from knack.util import CLIError

from azext_podidentity.actions.change import ClusterService
from azext_podidentity.arm import managed_identities, role_assignments
from azext_podidentity.arm.concurrency import or_error
from azext_podidentity.arm.registrations import feature_state, provider_state
from azext_podidentity.checks.snapshot import RoleAssignment, Snapshot
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.identity_problems import Unreadable
from azext_podidentity.profile.rbac import role_name


def read(cli_ctx: Any, service: ClusterService) -> Snapshot:
    """One reading of the cluster and of what its pod identities depend on.

    Raises an azure-cli error where the cluster cannot be read. What else cannot be read is in the snapshot, as unknown.
    """
    cluster = service.read().cluster
    resource_ids = list(cluster.profile.bindings())
    with ThreadPoolExecutor(4) as pool:
        feature = pool.submit(or_error, feature_state, cli_ctx)
        provider = pool.submit(or_error, provider_state, cli_ctx)
        found = pool.submit(managed_identities.find_many, cli_ctx, resource_ids)
        granted = pool.submit(_find_roles, cli_ctx, resource_ids, cluster)
    return Snapshot(
        cluster=cluster,
        feature=_known(feature.result()),
        provider=_known(provider.result()),
        identities={key: _known(each) for key, each in found.result().items()},
        roles={key: _known(each) for key, each in granted.result().items()},
    )


def _find_roles(cli_ctx: Any, resource_ids: list[str], cluster: Cluster) -> dict[str, Any]:
    if cluster.principal_id is None:
        return {}
    found = role_assignments.find_many(cli_ctx, resource_ids, cluster.principal_id)
    return {key: each if isinstance(each, CLIError) else tuple(map(_assignment, each)) for key, each in found.items()}


def _assignment(assignment: Any) -> RoleAssignment:
    return RoleAssignment(
        role=role_name(assignment.role_definition_id) or "",
        scope=assignment.scope,
        principal_id=assignment.principal_id or "",
    )


def _known(found: Any) -> Any:
    """The value, or that it is unknown and why, in one line."""
    return Unreadable(" ".join(str(found).split())) if isinstance(found, CLIError) else found
