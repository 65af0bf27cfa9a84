"""The commands outside this extension that mend what is wrong with a managed identity, to be pasted."""

from __future__ import annotations

from azext_podidentity.profile.cluster import command_line
from azext_podidentity.profile.rules import managed_identity_parts

OPERATOR_ROLE = "Managed Identity Operator"


def grant_command(principal_id: str, resource_id: str) -> str:
    """Grants Managed Identity Operator over the managed identity to the cluster identity."""
    return command_line(
        *("role", "assignment", "create", "--role", OPERATOR_ROLE, "--assignee-object-id", principal_id),
        *("--assignee-principal-type", "ServicePrincipal", "--scope", resource_id),
    )


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
