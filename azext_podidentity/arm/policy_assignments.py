# SPDX-License-Identifier: MIT
"""Read the policy assignments that apply to a cluster, and the initiatives that they assign."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import AzureError

from azext_podidentity.arm.clients import policy_client
from azext_podidentity.arm.concurrency import do_all
from azext_podidentity.arm.errors import explain_plainly
from azext_podidentity.profile.cluster_reference import cluster_of_id
from azext_podidentity.profile.net_raw_policy import CapabilityPolicy, capability_policies, initiative_of

if TYPE_CHECKING:
    from azure.cli.core import AzCli

Json = dict[str, Any]

# https://learn.microsoft.com/rest/api/policyauthorization/policy-assignments/list-for-resource
_HOLDS_HERE = "atScope()"


def find_capability_policies(cli_ctx: AzCli, cluster_id: str) -> tuple[CapabilityPolicy, ...]:
    """Return the policies, assigned to the cluster or inherited, that restrict the capabilities of containers.

    Raise an azure-cli error if assignments or initiatives cannot be read.
    """
    cluster = cluster_of_id(cluster_id)
    client = policy_client(cli_ctx, cluster.subscription)
    try:
        listed = client.policy_assignments.list_for_resource(
            resource_group_name=cluster.resource_group,
            resource_provider_namespace="Microsoft.ContainerService",
            parent_resource_path="",
            resource_type="managedClusters",
            resource_name=cluster.name,
            filter=_HOLDS_HERE,
        )
        assignments: list[Json] = [_to_json(each) for each in listed]
    except AzureError as error:
        raise explain_plainly(error) from error
    return policies_of(assignments, cluster_id, partial(read_initiative, cli_ctx, cluster.subscription))


def list_subscription(cli_ctx: AzCli, subscription_id: str) -> list[Json]:
    """Return the policy assignments of a subscription: at it, above it, and at everything in it.

    Raise an azure-cli error if they cannot be read. Source:
    https://learn.microsoft.com/rest/api/policyauthorization/policy-assignments/list
    """
    try:
        return [_to_json(each) for each in policy_client(cli_ctx, subscription_id).policy_assignments.list()]
    except AzureError as error:
        raise explain_plainly(error) from error


def policies_of(assignments: list[Json], cluster_id: str, read: Callable[[str], Json]) -> tuple[CapabilityPolicy, ...]:
    """Return the uses of the capability policy in assignments that apply to the cluster.

    read: returns the JSON of an initiative by its resource ID, and raises an azure-cli error if it cannot be read.
    """
    ids = sorted({each for each in map(initiative_of, assignments) if each})
    initiatives = dict(zip(ids, do_all(read, ids), strict=True))
    return tuple(
        policy
        for each in assignments
        for policy in capability_policies(each, initiatives.get(initiative_of(each) or ""), cluster_id)
    )


def read_initiative(cli_ctx: AzCli, subscription_id: str | None, resource_id: str) -> Json:
    """Return the JSON of an initiative: built-in, of a subscription, or of a management group.

    Raise an azure-cli error if it cannot be read.
    """
    try:
        return _read_initiative(policy_client(cli_ctx, subscription_id), resource_id)
    except AzureError as error:
        raise explain_plainly(error) from error


def _read_initiative(client: Any, resource_id: str) -> Json:
    parts = resource_id.strip("/").split("/")
    name = parts[-1]
    definitions = client.policy_set_definitions
    if parts[0].lower() == "subscriptions":
        return _to_json(definitions.get(name))
    if "managementgroups" in (part.lower() for part in parts):
        return _to_json(definitions.get_at_management_group(name, management_group_id=parts[3]))
    return _to_json(definitions.get_built_in(name))


def _to_json(model: Any) -> Json:
    """Return the SDK model as JSON, including read-only fields, which `serialize` of older SDKs leaves out."""
    raw: Json = model.serialize(keep_readonly=True) if hasattr(model, "serialize") else model.as_dict()
    return raw
