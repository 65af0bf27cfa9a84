"""Determine the progress of a migration: which workloads still need the add-on, and which are ready without it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from azure.cli.core.azclierror import ValidationError

from azext_podidentity.migration.decision import listed
from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.workloads import Workload
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.entries import ManagedIdentity, Profile
from azext_podidentity.profile.labels import BINDING_LABEL, CLIENT_ID_ANNOTATION
from azext_podidentity.profile.text import some_of
from azext_podidentity.profile.workload_credentials import IdentityLookup, IdentityLookups, credential_for, find_equal

READY, NOT_READY, LABELLED, STALE_POD = "Ready", "NotReady", "Labelled", "StalePod"
_LISTED = 20


@dataclass(frozen=True)
class Status:
    """The state of one workload, with the reason if it is not ready."""

    workload: Workload
    state: str
    reason: str = ""


def used_identities(profile: Profile, inventory: Inventory) -> list[str]:
    """Return the resource IDs of the managed identities that migrated workloads may use.

    These are the ones of their namespaces, which may have been recreated with a new client ID, and the ones whose
    client ID their service accounts are annotated with.
    """
    moved = [each for each in inventory.workloads if each.uses_workload_identity]
    namespaces = {each.key.namespace for each in moved}
    client_ids = {inventory.client_id(each.key.namespace, each.service_account) for each in moved}
    found = {
        each.identity.resource_id.lower(): each.identity.resource_id
        for each in profile.identities
        if each.key.namespace in namespaces or each.identity.client_id in client_ids
    }
    return [found[key] for key in sorted(found)]


def statuses(cluster: Cluster, inventory: Inventory, lookups: Mapping[str, IdentityLookup]) -> list[Status]:
    """Return the status of workloads that have the label or use workload identity, and of stale pods.

    `lookups` has the current state of the managed identities of `used_identities`.
    """
    judge = StatusEvaluator(cluster, inventory, IdentityLookups(lookups))
    found = [
        judge.status(each) for each in inventory.workloads if each.binding is not None or each.uses_workload_identity
    ]
    reason = "Its workload no longer has the label; the pod was created before."
    return found + [Status(each, STALE_POD, reason) for each in inventory.stale_pods]


def check_finished(reference: ClusterReference, inventory: Inventory, source: Iterable[str] = ()) -> None:
    """Raise ValidationError that names the workloads that still have the binding label.

    `source`: the arguments of the command line that name where the workloads were read.
    """
    left = [each.key for each in inventory.workloads if each.binding is not None]
    left += [each.key for each in inventory.stale_pods]
    if not left:
        return
    raise ValidationError(
        f"{len(left)} workloads still have the label {BINDING_LABEL} and would lose their managed identity:\n  "
        + some_of(left, _LISTED, "\n  "),
        "To see what is left to do, run:\n" + reference.pod_identity_command("migrate", *source, "--output", "table"),
    )


class StatusEvaluator:  # pylint: disable=too-few-public-methods
    """Determine the status of workloads."""

    def __init__(self, cluster: Cluster, inventory: Inventory, lookups: IdentityLookups) -> None:
        self._features = cluster.features
        self._inventory = inventory
        self._lookups = lookups
        self._by_client: dict[str | None, list[ManagedIdentity]] = defaultdict(list)
        self._former: dict[str | None, ManagedIdentity] = {}
        for identity in (entry.identity for entry in cluster.profile.identities):
            now = lookups.now(identity)
            self._by_client[now.client_id].append(identity)
            if now.client_id != identity.client_id:
                self._former[identity.client_id] = identity

    def status(self, workload: Workload) -> Status:
        """Return the status of a workload that has the label or uses workload identity."""
        if workload.binding is not None:
            both = "It uses workload identity and still has the label." if workload.uses_workload_identity else ""
            return Status(workload, LABELLED, both)
        reason = self._obstacle(workload.key.namespace, workload.service_account)
        return Status(workload, NOT_READY if reason else READY, reason)

    def _obstacle(self, namespace: str, account: str) -> str:
        """Return why pods of the service account get no token, an empty text if nothing is known against it."""
        client_id = self._inventory.client_id(namespace, account)
        if client_id is None:
            return f"Service account '{account}' is not annotated with {CLIENT_ID_ANNOTATION}."
        if not (self._features.enabled and self._features.issuer):
            return "The cluster's OIDC issuer or workload identity is not enabled."
        identities = self._by_client.get(client_id, [])
        if not identities and client_id in self._former:
            name = self._former[client_id].name
            return f"Managed identity '{name}' was recreated and has a new client ID."
        for reason in filter(None, map(self._lookups.unreadable, identities)):
            return f"The managed identity could not be read: {reason}"
        wanted = credential_for(self._features.issuer, namespace, account)
        lacking = [each for each in identities if find_equal(wanted, self._lookups.credentials(each)) is None]
        if not lacking:
            return ""
        names = listed(sorted({each.name for each in lacking}))
        return f"Managed identity '{names}' has no credential for {wanted.subject}."
