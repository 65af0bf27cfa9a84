# SPDX-License-Identifier: MIT
"""Command lines that fix problems of a cluster, a managed identity or an entry."""

from __future__ import annotations

from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.entries import PodIdentity
from azext_podidentity.profile.entry_types import IDENTITY, key_arguments
from azext_podidentity.profile.rbac import OPERATOR_ROLE
from azext_podidentity.profile.shell import command_line
from azext_podidentity.profile.validation import managed_identity_parts

PROVIDER = "Microsoft.ContainerService"
FEATURE = "EnablePodIdentityPreview"


def register_commands(reference: ClusterReference, feature: str = FEATURE) -> tuple[str, ...]:
    """Return the commands that register a preview feature, and then the provider so that it takes effect."""
    return feature_command(reference, "register", feature), provider_command(reference, "register")


def feature_command(reference: ClusterReference, verb: str, feature: str = FEATURE) -> str:
    """Return a command about a preview feature of managed clusters, by default the add-on's."""
    return reference.command("feature", verb, "--namespace", PROVIDER, "--name", feature)


def provider_command(reference: ClusterReference, verb: str, *arguments: str) -> str:
    """Return a command about the resource provider of managed clusters."""
    return reference.command("provider", verb, "--namespace", PROVIDER, *arguments)


def grant_command(principal_id: str, resource_id: str) -> str:
    """Return the command that grants the principal the Managed Identity Operator role on the managed identity."""
    return command_line(
        *("role", "assignment", "create", "--role", OPERATOR_ROLE, "--assignee-object-id", principal_id),
        *("--assignee-principal-type", "ServicePrincipal", "--scope", resource_id),
    )


def revoke_command(principal_id: str, resource_id: str) -> str:
    """Return the command that removes the principal's Managed Identity Operator role at the managed identity."""
    return command_line(
        *("role", "assignment", "delete", "--role", OPERATOR_ROLE, "--assignee-object-id", principal_id),
        *("--scope", resource_id),
    )


def add_command(cluster: Cluster, entry: PodIdentity, *, force: bool = False) -> str:
    """Return the command that adds the entry; with `force` it replaces a leftover entry of the same name."""
    selector = ("--binding-selector", entry.binding_selector) if entry.binding_selector else ()
    options = ("--identity-resource-id", entry.identity.resource_id, *selector, *(("--force",) if force else ()))
    return IDENTITY.command(cluster, "add", *key_arguments(entry.key), *options)


def update_command(cluster: Cluster, found: PodIdentity, wanted: PodIdentity) -> str:
    """Return the command that updates an existing entry to the managed identity and selector of `wanted`."""
    identity = (
        () if found.identity.same_as(wanted.identity) else ("--identity-resource-id", wanted.identity.resource_id)
    )
    same = found.effective_selector == wanted.effective_selector
    selector = () if same else ("--binding-selector", wanted.binding_selector or "")
    return IDENTITY.command(cluster, "update", *key_arguments(found.key), *identity, *selector)


def replace_commands(cluster: Cluster, old: PodIdentity, new: PodIdentity) -> tuple[str, ...]:
    """Return the commands that remove an entry and add another in its place."""
    return IDENTITY.delete_command(cluster, old.key), add_command(cluster, new)


def other_sign_in_commands() -> tuple[str, str]:
    """Return the commands that make a subscription visible: sign in to its tenant, or refresh the list."""
    refresh = command_line("account", "list", "--refresh", "--output", "table")
    return command_line("login", "--tenant", "TENANT"), refresh


def identity_id_command(resource_id: str) -> str:
    """Return the command that prints the managed identity's resource ID."""
    subscription, resource_group, name = managed_identity_parts(resource_id)
    identity = ("--resource-group", resource_group, "--name", name, "--subscription", subscription)
    return command_line("identity", "show", *identity, "--query", "id", "--output", "tsv")


def create_commands(resource_id: str, location: str | None, *, resource_group_too: bool) -> tuple[str, ...]:
    """Return the commands that create the managed identity and, if `resource_group_too`, its resource group before."""
    subscription, resource_group, name = managed_identity_parts(resource_id)
    identity = command_line(
        *("identity", "create", "--resource-group", resource_group, "--name", name, "--subscription", subscription)
    )
    if not resource_group_too:
        return (identity,)
    group = command_line(
        *("group", "create", "--name", resource_group, "--location", location or "LOCATION"),
        *("--subscription", subscription),
    )
    return group, identity
