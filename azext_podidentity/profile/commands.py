"""The commands that mend what is wrong with a managed identity or its entry, to be pasted."""

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


def register_commands(reference: ClusterReference) -> str:
    """Registers the add-on's preview feature, and the provider anew, which makes it take effect."""
    return f"{feature_command(reference, 'register')}\n{provider_command(reference, 'register')}"


def feature_command(reference: ClusterReference, verb: str) -> str:
    """A command about the add-on's preview feature."""
    return reference.command("feature", verb, "--namespace", PROVIDER, "--name", FEATURE)


def provider_command(reference: ClusterReference, verb: str, *arguments: str) -> str:
    """A command about the resource provider of managed clusters."""
    return reference.command("provider", verb, "--namespace", PROVIDER, *arguments)


def grant_command(principal_id: str, resource_id: str) -> str:
    """Grants Managed Identity Operator over the managed identity to the cluster identity."""
    return command_line(
        *("role", "assignment", "create", "--role", OPERATOR_ROLE, "--assignee-object-id", principal_id),
        *("--assignee-principal-type", "ServicePrincipal", "--scope", resource_id),
    )


def revoke_command(principal_id: str, resource_id: str) -> str:
    """Takes Managed Identity Operator at the managed identity from the cluster identity."""
    return command_line(
        *("role", "assignment", "delete", "--role", OPERATOR_ROLE, "--assignee-object-id", principal_id),
        *("--scope", resource_id),
    )


def add_command(cluster: Cluster, entry: PodIdentity, *, force: bool = False) -> str:
    """Adds the entry to the cluster; with `force` in place of what is left over under its name."""
    selector = ("--binding-selector", entry.binding_selector) if entry.binding_selector else ()
    options = ("--identity-resource-id", entry.identity.resource_id, *selector, *(("--force",) if force else ()))
    return IDENTITY.command(cluster, "add", *key_arguments(entry.key), *options)


def replace_commands(cluster: Cluster, old: PodIdentity, new: PodIdentity) -> str:
    """Removes an entry and adds another in its place."""
    return f"{IDENTITY.delete_command(cluster, old.key)}\n{add_command(cluster, new)}"


def identity_id_command(resource_id: str) -> str:
    """Prints the managed identity's resource id."""
    subscription, resource_group, name = managed_identity_parts(resource_id)
    where = ("--resource-group", resource_group, "--name", name, "--subscription", subscription)
    return command_line("identity", "show", *where, "--query", "id", "--output", "tsv")


def create_commands(resource_id: str, location: str | None, *, resource_group_too: bool) -> str:
    """Creates the managed identity, and before it its resource group in that location where that is gone too."""
    subscription, resource_group, name = managed_identity_parts(resource_id)
    identity = command_line(
        *("identity", "create", "--resource-group", resource_group, "--name", name, "--subscription", subscription)
    )
    if not resource_group_too:
        return identity
    group = command_line(
        *("group", "create", "--name", resource_group, "--location", location or "LOCATION"),
        *("--subscription", subscription),
    )
    return f"{group}\n{identity}"
