"""The service's known refusals: what they mean and what mends them, one line of a table each.

Its messages are those of public recordings and reports.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from azext_podidentity.profile.cluster import KUBENET_RISK, Cluster, kubenet_reason, service_principal_reason
from azext_podidentity.profile.commands import register_commands
from azext_podidentity.profile.entries import EntryKey
from azext_podidentity.profile.entry_types import IDENTITY
from azext_podidentity.profile.rbac import OPERATOR_ROLE

Words = Callable[[Cluster, re.Match[str]], str]


@dataclass(frozen=True)
class Known:
    """An answer that is known by a pattern in its `code: message`: why it was given, and the way out."""

    pattern: re.Pattern[str]
    why: Words
    mend: Words


def find(said: str, cluster: Cluster) -> tuple[str, str] | None:
    """Why the service said that and what mends it; None for what is not known. `said` is a `code: message` a line."""
    for known in TABLE:
        if match := known.pattern.search(said):  # pylint: disable=no-member
            return known.why(cluster, match), known.mend(cluster, match)
    return None


def _why_feature(cluster: Cluster, _: re.Match[str]) -> str:
    return (
        "The pod identity add-on is a preview, and its feature is not registered in the subscription of cluster "
        f"{cluster.reference.name!r}."
    )


def _mend_feature(cluster: Cluster, _: re.Match[str]) -> str:
    commands = register_commands(cluster.reference)
    return f"Register the preview feature, wait until it is Registered, and refresh the provider:\n{commands}"


def _why_service_principal(cluster: Cluster, _: re.Match[str]) -> str:
    return service_principal_reason(cluster.reference)


def _mend_service_principal(cluster: Cluster, _: re.Match[str]) -> str:
    return f"Give the cluster a managed identity with:\n{cluster.reference.update_command('--enable-managed-identity')}"


def _why_kubenet(cluster: Cluster, _: re.Match[str]) -> str:
    return kubenet_reason(cluster.reference)


def _mend_kubenet(cluster: Cluster, _: re.Match[str]) -> str:
    flags = ("--enable-pod-identity", "--enable-pod-identity-with-kubenet")
    if cluster.provisioning_state is None:  # not created yet
        return f"{KUBENET_RISK}\nTo consent, also pass {flags[1]}. Or pass: --network-plugin azure"
    return f"{KUBENET_RISK}\nTo consent:\n{cluster.reference.update_command(*flags)}"


def _why_same_name(_: Cluster, match: re.Match[str]) -> str:
    return (
        f"The service still holds pod identity {_key(match)}, maybe from a removal that failed, for another managed "
        "identity or one that was created again since."
    )


def _mend_same_name(cluster: Cluster, match: re.Match[str]) -> str:
    return f"Remove it first, or choose another --name:\n{IDENTITY.delete_command(cluster, _key(match))}"


def _key(match: re.Match[str]) -> EntryKey:
    return EntryKey(namespace=match["namespace"], name=match["name"])


def _why_creation(_: Cluster, __: re.Match[str]) -> str:
    return "A cluster cannot be created with pod identities; they are added once it is there."


def _mend_creation(_: Cluster, __: re.Match[str]) -> str:
    return "Create it without, and add each of them afterwards with az aks pod-identity add."


def _why_busy(cluster: Cluster, _: re.Match[str]) -> str:
    return f"Another operation runs on cluster {cluster.reference.name!r}."


def _mend_busy(cluster: Cluster, _: re.Match[str]) -> str:
    wait = cluster.reference.cluster_command("wait", "--updated")
    return f"Wait until it is over, and run the same command again:\n{wait}"


def _why_changed(cluster: Cluster, _: re.Match[str]) -> str:
    return f"Cluster {cluster.reference.name!r} was changed by somebody else after it was read."


def _why_replaced(cluster: Cluster, _: re.Match[str]) -> str:
    return f"Another write to cluster {cluster.reference.name!r} took the place of this operation while it ran."


def _mend_again(_: Cluster, __: re.Match[str]) -> str:
    return "Run the same command again: it changes what is there by then."


def _why_assign_permission(_: Cluster, __: re.Match[str]) -> str:
    return (
        "The account you are logged in with needs Microsoft.ManagedIdentity/userAssignedIdentities/assign/action over "
        "that identity."
    )


def _mend_assign_permission(_: Cluster, __: re.Match[str]) -> str:
    return f"Ask its owner for the role {OPERATOR_ROLE}, then run the same command again."


def _why_permission(_: Cluster, __: re.Match[str]) -> str:
    return "The account you are logged in with may not do that. Trying again does not help."


def _mend_permission(_: Cluster, __: re.Match[str]) -> str:
    return "Ask an owner of that scope for a role with this action. Right after a role was granted, log in again."


def _why_absent(cluster: Cluster, _: re.Match[str]) -> str:
    return f"Cluster {cluster.reference.name!r} was not found in resource group {cluster.reference.resource_group!r}."


def _mend_absent(cluster: Cluster, _: re.Match[str]) -> str:
    clusters = cluster.reference.command("aks", "list", "--output", "table")
    return f"List the clusters of the subscription with:\n{clusters}"


def _known(pattern: str, why: Words, mend: Words) -> Known:
    return Known(re.compile(pattern, re.MULTILINE), why, mend)


TABLE = (
    _known(r"EnablePodIdentityPreview' is not enabled", _why_feature, _mend_feature),
    _known(r"addon requires managed identity", _why_service_principal, _mend_service_principal),
    _known(r"Network plugin kubenet is not supported", _why_kubenet, _mend_kubenet),
    _known(
        r"different identities with the same name '(?P<name>[^']*)' in namespace '(?P<namespace>[^']*)'",
        _why_same_name,
        _mend_same_name,
    ),
    _known(r"^PodIdentityAddonUserAssignedIdentitiesNotAllowedInCreation", _why_creation, _mend_creation),
    _known(r"^OperationNotAllowed: .*in progress", _why_busy, _mend_busy),
    _known(r"^(PreconditionFailed|EtagMismatch):", _why_changed, _mend_again),
    _known(r"^NotLatestOperation:", _why_replaced, _mend_again),
    _known(r"^LinkedAuthorizationFailed:", _why_assign_permission, _mend_assign_permission),
    _known(r"^AuthorizationFailed:", _why_permission, _mend_permission),
    _known(r"^(ResourceNotFound|NotFound|ResourceGroupNotFound):", _why_absent, _mend_absent),
)
