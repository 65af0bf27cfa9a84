# SPDX-License-Identifier: MIT
"""Commands and advice for the rows of the table of known errors.

Each function takes the failure that a row matched.
"""

from __future__ import annotations

from azext_podidentity.profile import eligibility
from azext_podidentity.profile.advice import Advice
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.commands import (
    PROVIDER,
    other_sign_in_commands,
    provider_command,
    register_commands,
)
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity
from azext_podidentity.profile.entry_types import EXCEPTION, IDENTITY
from azext_podidentity.profile.identity_problems import blocking_advice
from azext_podidentity.profile.known_errors import Failure
from azext_podidentity.profile.rbac import OPERATOR_ROLE
from azext_podidentity.profile.service_requests import Stage
from azext_podidentity.profile.shell import command_line

_AGAIN = "Then run your command again."


def register(failure: Failure) -> tuple[str, ...]:
    """Return the commands that register the preview feature that the message names."""
    return register_commands(failure.target.reference, failure.fields["feature"])


def register_oidc_issuer(failure: Failure) -> tuple[str, ...]:
    """Return the commands that register the preview feature of the OIDC issuer."""
    return register_commands(failure.target.reference, "EnableOIDCIssuerPreview")


def register_workload_identity(failure: Failure) -> tuple[str, ...]:
    """Return the commands that register the preview feature of workload identity."""
    return register_commands(failure.target.reference, "EnableWorkloadIdentityPreview")


def register_namespace(failure: Failure) -> tuple[str, ...]:
    """Return the command that registers the resource provider that the message names."""
    namespace = failure.fields["namespace"]
    cluster = failure.request.cluster
    if cluster is not None and namespace.lower() == PROVIDER.lower():
        return (provider_command(cluster.reference, "register", "--wait"),)
    return (command_line("provider", "register", "--namespace", namespace, "--wait"),)


def service_principal(failure: Failure) -> Advice:
    """Return the advice for a service principal cluster."""
    return eligibility.service_principal_advice(failure.target.reference)


def kubenet(failure: Failure) -> Advice:
    """Return the advice for kubenet without consent."""
    return eligibility.kubenet_advice(failure.target)


def remove_named(failure: Failure) -> tuple[str, ...]:
    """Return the command that removes the pod identity that the message names."""
    key = EntryKey(namespace=failure.fields["namespace"], name=failure.fields["name"])
    return (IDENTITY.delete_command(failure.target, key),)


def remove_unlabelled(failure: Failure) -> tuple[str, ...]:
    """Return the command that removes the exceptions without labels; if none is known, the one that lists them."""
    cluster = failure.target
    keys = [each.key for each in cluster.profile.exceptions if not each.pod_labels]
    if keys:
        return (EXCEPTION.delete_command(cluster, *keys),)
    return (EXCEPTION.command(cluster, "list", "--output", "table"),)


def unassigned_identity(failure: Failure) -> Advice:
    """Return the advice for a managed identity that the cluster identity cannot assign."""
    identity = ManagedIdentity(*(failure.match[name] for name in ("resource_id", "client_id", "object_id")))
    now = failure.request.find(identity.resource_id)
    return blocking_advice(identity, now, failure.target, failure.request.context)


def list_node_pools(failure: Failure) -> tuple[str, ...]:
    """Return the command that lists the node pools."""
    reference = failure.target.reference
    cluster = ("--resource-group", reference.resource_group, "--cluster-name", reference.name)
    return (reference.command("aks", "nodepool", "list", *cluster, "--output", "table"),)


def finish_upgrade(failure: Failure) -> tuple[str, ...]:
    """Return the command that completes an upgrade to the version that the cluster has."""
    version = failure.target.kubernetes_version or "VERSION"
    return (failure.target.reference.cluster_command("upgrade", "--kubernetes-version", version),)


def upgrade(failure: Failure) -> tuple[str, ...]:
    """Return the commands that list the versions a cluster can be upgraded to, and that upgrade it."""
    reference = failure.target.reference
    return (
        reference.cluster_command("get-upgrades", "--output", "table"),
        reference.cluster_command("upgrade", "--kubernetes-version", "VERSION"),
    )


def wait_until_updated(failure: Failure) -> tuple[str, ...]:
    """Return the command that waits until the cluster's provisioning state is Succeeded."""
    return (failure.target.reference.cluster_command("wait", "--updated"),)


def list_clusters(failure: Failure) -> tuple[str, ...]:
    """Return the command that lists the clusters of the subscription."""
    return (failure.target.reference.command("aks", "list", "--output", "table"),)


def assign_permission(failure: Failure) -> Advice:
    """Return the advice for a principal that lacks the action of the Managed Identity Operator role."""
    fields = failure.fields
    reason = (
        f"{fields['principal']} does not have permission for '{fields['action']}' on managed identity "
        f"'{fields['scope']}'. Retrying does not help."
    )
    if not failure.is_cluster_identity:
        return Advice(reason, (f"Ask an owner of the managed identity for the {OPERATOR_ROLE} role. {_AGAIN}",))
    command = command_line(
        *("role", "assignment", "create", "--role", OPERATOR_ROLE, "--assignee-object-id", fields["object_id"]),
        *("--assignee-principal-type", "ServicePrincipal", "--scope", fields["scope"]),
    )
    return Advice(
        reason, (f"Grant the {OPERATOR_ROLE} role and then run your command again. To grant it, run:",), (command,)
    )


def permission(failure: Failure) -> Advice:
    """Return the advice for a request that is refused because the caller or the cluster identity lacks a permission."""
    fields = failure.fields
    what = f"'{fields['action']}' on '{fields['scope']}'" if fields.get("action") else "this request"
    steps = [f"Ask an owner of that scope to grant a role that includes the action. {_AGAIN}"]
    if fields["principal"] == "The signed-in account":
        steps.append("If a role was granted recently, sign in again to refresh your credentials.")
    return Advice(f"{fields['principal']} does not have permission for {what}. Retrying does not help.", tuple(steps))


def missing_resource(failure: Failure) -> Advice:
    """Return the advice for a required resource that does not exist."""
    resource = failure.fields["resource"] or failure.fields["quoted"]
    cluster = failure.request.cluster
    if cluster is not None and _is_of_cluster(resource, cluster.reference):
        reason = f"Cluster {cluster.reference.name!r} or its resource group was deleted."
        return Advice(reason, ("To list the clusters of the subscription, run:",), list_clusters(failure))
    needed = (
        ""
        if failure.request.stage in (Stage.GRANT, Stage.CREDENTIAL, Stage.BINDING)
        else ", which the cluster refers to,"
    )
    return Advice(
        f"Resource '{resource}'{needed} was not found.",
        ("Recreate it or correct the reference to it, and then run your command again.",),
    )


def _is_of_cluster(resource: str, reference: ClusterReference) -> bool:
    """Return whether the resource in the message is the cluster itself or its resource group."""
    named = resource.lower()
    return named == reference.resource_group.lower() or named.endswith(f"/managedclusters/{reference.name}".lower())


def list_locks(failure: Failure) -> tuple[str, ...]:
    """Return the command that lists the locks at the scope that the message names."""
    scope = failure.fields["scope"]
    parts = scope.strip("/").split("/")
    if len(parts) == 2:
        return (command_line("lock", "list", "--subscription", parts[1], "--output", "table"),)
    if len(parts) == 4:
        group = ("--resource-group", parts[3], "--subscription", parts[1])
        return (command_line("lock", "list", *group, "--output", "table"),)
    return (command_line("lock", "list", "--resource", scope, "--output", "table"),)


def show_policy(failure: Failure) -> tuple[str, ...]:
    """Return the command that shows the policy assignment that the message names."""
    scope, _, name = failure.fields["assignment"].rpartition("/providers/Microsoft.Authorization/policyAssignments/")
    return (command_line("policy", "assignment", "show", "--name", name, "--scope", scope or "/"),)


def login(failure: Failure) -> tuple[str, ...]:
    """Return the command that signs in to the tenant that the message names, if it names one."""
    tenant = failure.fields.get("tenant")
    return (command_line("login", *(("--tenant", tenant) if tenant else ())),)


def other_subscription(_: Failure) -> tuple[str, ...]:
    """Return the commands that make a subscription visible."""
    return other_sign_in_commands()
