# SPDX-License-Identifier: MIT
"""Read the snapshot that the checks evaluate: the cluster first, and then the rest in parallel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from knack.util import CLIError

from azext_podidentity.arm import managed_identities, role_assignments
from azext_podidentity.arm.concurrency import begin, or_error
from azext_podidentity.arm.managed_clusters import ClusterReader
from azext_podidentity.arm.registrations import feature_state, provider_state
from azext_podidentity.checks.finding import Finding
from azext_podidentity.checks.registry import run_checks
from azext_podidentity.checks.snapshot import BoundIdentity, RoleAssignment, Snapshot
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.cluster_states import is_final
from azext_podidentity.profile.entries import ManagedIdentity, NotFound, Unreadable
from azext_podidentity.profile.net_raw_policy import CapabilityPolicy
from azext_podidentity.profile.rbac import role_name

if TYPE_CHECKING:
    from azure.cli.core import AzCli

Result = TypeVar("Result")


def find_problems(cli_ctx: AzCli, reader: ClusterReader) -> list[Finding]:
    """Return the findings about the cluster, worst first. Raise an azure-cli error if it cannot be read."""
    return run_checks(read_snapshot(cli_ctx, reader))


def read_snapshot(cli_ctx: AzCli, reader: ClusterReader) -> Snapshot:
    """Return the state of the cluster and of everything that its pod identities depend on.

    Raise an azure-cli error if the cluster cannot be read. Everything else that cannot be read is `Unreadable` in the
    snapshot.
    """
    return complete_snapshot(cli_ctx, reader.read().cluster)


def complete_snapshot(cli_ctx: AzCli, cluster: Cluster) -> Snapshot:
    """Return the snapshot of a cluster that was already read, with everything that its pod identities depend on."""
    resource_ids = list(cluster.profile.bindings())
    feature = begin(or_error, feature_state, cli_ctx)
    provider = begin(or_error, provider_state, cli_ctx)
    found = begin(managed_identities.find_many, cli_ctx, resource_ids)
    roles = begin(_find_roles, cli_ctx, resource_ids, cluster)
    policies = begin(_find_policies, cli_ctx, cluster)
    bindings = begin(or_error, _find_bindings, cli_ctx, cluster)
    running = begin(running_seconds, cli_ctx, cluster)
    snapshot = assemble(cluster, feature.result(), provider.result(), found.result(), roles.result())
    return replace(
        snapshot,
        policies=or_unreadable(policies.result()),
        bindings=or_unreadable(bindings.result()),
        running_seconds=running.result(),
    )


def running_seconds(cli_ctx: AzCli, cluster: Cluster) -> float | None:
    """Return the age of the operation that runs on the cluster, None if none does or its start is not known."""
    if is_final(cluster.provisioning_state):
        return None
    from azext_podidentity.arm.latest_operation import running_seconds as read

    return read(cli_ctx, cluster)


def assemble(
    cluster: Cluster,
    feature: str | CLIError,
    provider: str | CLIError,
    identities: Mapping[str, ManagedIdentity | NotFound | CLIError],
    roles: Mapping[str, list[Any] | CLIError],
) -> Snapshot:
    """Return the snapshot, with `Unreadable` in place of each error. `roles` are the SDK's models."""
    return Snapshot(
        cluster=cluster,
        feature=or_unreadable(feature),
        provider=or_unreadable(provider),
        identities={key: or_unreadable(each) for key, each in identities.items()},
        roles={
            key: or_unreadable(each if isinstance(each, CLIError) else tuple(map(_role, each)))
            for key, each in roles.items()
        },
    )


def needs_policies(cluster: Cluster) -> bool:
    """Return whether only a policy protects the pods of the cluster: it uses kubenet, with consent to the add-on."""
    return cluster.uses_kubenet and cluster.profile.enabled and bool(cluster.profile.allow_network_plugin_kubenet)


def _find_roles(cli_ctx: AzCli, resource_ids: list[str], cluster: Cluster) -> role_assignments.RolesByIdentity:
    if cluster.principal_id is None:
        return {}
    return role_assignments.find_many(cli_ctx, resource_ids, cluster.principal_id)


def _find_policies(cli_ctx: AzCli, cluster: Cluster) -> tuple[CapabilityPolicy, ...] | CLIError | None:
    """Return the policies that restrict capabilities, None for a cluster that does not need them."""
    if not (needs_policies(cluster) and cluster.resource_id):
        return None
    from azext_podidentity.arm.policy_assignments import find_capability_policies

    return or_error(find_capability_policies, cli_ctx, cluster.resource_id)


def _find_bindings(cli_ctx: AzCli, cluster: Cluster) -> tuple[BoundIdentity, ...]:
    """Return the identity bindings; none if workload identity, which they require, is disabled."""
    if not cluster.features.enabled:
        return ()
    from azext_podidentity.arm.backoff import WAIT_LIMIT, Deadline
    from azext_podidentity.arm.federated_credentials import CredentialService
    from azext_podidentity.arm.identity_bindings import IdentityBindings

    found = IdentityBindings(cli_ctx, cluster.reference, Deadline(WAIT_LIMIT)).read_if_supported()
    identities = CredentialService(cli_ctx).read(each.resource_id for each in found)
    return tuple(BoundIdentity(each, identities[each.resource_id.lower()]) for each in found)


def _role(assignment: Any) -> RoleAssignment:
    return RoleAssignment(
        role=role_name(assignment.role_definition_id) or "",
        scope=assignment.scope,
        principal_id=assignment.principal_id or "",
    )


def or_unreadable(result: Result | CLIError) -> Result | Unreadable:
    """Return the result, or `Unreadable` with the reason on one line in place of an error."""
    return Unreadable.because(result) if isinstance(result, CLIError) else result
