# SPDX-License-Identifier: MIT
"""Commands and advice for the rows of the table of known errors.

Each function takes the failure that a row matched.
"""

from __future__ import annotations

import re

from azext_podidentity.profile import eligibility
from azext_podidentity.profile.advice import Advice
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.commands import (
    PROVIDER,
    grant_command,
    other_sign_in_commands,
    provider_command,
    register_commands,
)
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity
from azext_podidentity.profile.entry_types import EXCEPTION, IDENTITY, SERVICE_EXCEPTION
from azext_podidentity.profile.identity_problems import blocking_advice
from azext_podidentity.profile.known_errors import Failure
from azext_podidentity.profile.rbac import OPERATOR_ROLE
from azext_podidentity.profile.service_requests import Stage
from azext_podidentity.profile.shell import command_line

_AGAIN = "Then run your command again."
_ASSIGN = "/userassignedidentities/assign/action"


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
    """Return the command that removes the exceptions with null labels; if none is known, the one that lists them.

    The exception that the service manages cannot be removed.
    """
    cluster = failure.target
    keys = [each.key for each in cluster.profile.exceptions if each.has_null_labels and each.key != SERVICE_EXCEPTION]
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
    """Return the advice for a principal that lacks the action of the Managed Identity Operator role.

    A message can name several actions and their scopes, separated by commas in the same order.
    """
    fields = failure.fields
    reason = (
        f"{fields['principal']} does not have permission for '{fields['action']}' on '{fields['scope']}'. Retrying "
        "does not help."
    )
    if not failure.is_cluster_identity:
        return Advice(reason, (f"Ask an owner of the managed identity for the {OPERATOR_ROLE} role. {_AGAIN}",))
    actions, scopes = (re.split(r"\s*[,;]\s*", fields[name]) for name in ("action", "scope"))
    if len(actions) == 1:
        actions *= len(scopes)
    of_identities = (scope for action, scope in zip(actions, scopes, strict=False) if action.lower().endswith(_ASSIGN))
    commands = tuple(grant_command(fields["object_id"], scope) for scope in of_identities)
    return Advice(
        reason, (f"Grant the {OPERATOR_ROLE} role and then run your command again. To grant it, run:",), commands
    )


def deny_assignment(failure: Failure) -> Advice:
    """Return the advice for a request that a deny assignment forbids."""
    name = failure.fields["name"]
    which = f"Deny assignment '{name}'" if name else "A deny assignment"
    return Advice(
        f"{which} forbids the request. No role can override it.",
        ("Ask the owner of the deny assignment to exclude the principal that made the request.",),
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


def locked(failure: Failure) -> Advice:
    """Return the advice for a scope that a lock protects, with the command that lists its locks."""
    scope = failure.fields["scope"]
    remove = "Ask the owner of the lock to remove it, and then run your command again."
    if not scope:
        return Advice("A lock forbids the change.", (remove,))
    commands = (_list_locks(scope),)
    return Advice(f"A lock on '{scope}' forbids the change.", (f"{remove} To find the lock, run:",), commands)


def _list_locks(scope: str) -> str:
    """Return the command that lists the locks at the scope.

    `az lock list` ignores the subscription in a resource ID, so the command names it.
    """
    parts = scope.strip("/").split("/")
    subscription = ("--subscription", parts[1]) if len(parts) > 1 else ()
    where: tuple[str, ...] = ()
    if len(parts) == 4:
        where = ("--resource-group", parts[3])
    elif len(parts) > 4:
        where = ("--resource", scope)
    return command_line("lock", "list", *where, *subscription, "--output", "table")


def show_policy(failure: Failure) -> tuple[str, ...]:
    """Return the command that shows the policy assignment that the message names; ARM ignores case in IDs."""
    assignment = failure.fields["assignment"]
    scope = assignment[: assignment.lower().rfind("/providers/microsoft.authorization/policyassignments/")]
    name = assignment.rpartition("/")[2]
    return (command_line("policy", "assignment", "show", "--name", name, "--scope", scope or "/"),)


def login(failure: Failure) -> tuple[str, ...]:
    """Return the command that signs in to the tenant that the message names, if it names one."""
    tenant = failure.fields.get("tenant")
    return (command_line("login", *(("--tenant", tenant) if tenant else ())),)


def other_subscription(_: Failure) -> tuple[str, ...]:
    """Return the commands that make a subscription visible."""
    return other_sign_in_commands()
