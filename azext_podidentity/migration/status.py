"""How far a migration is: which workloads still carry the binding label, and which are ready without the add-on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from azure.cli.core.azclierror import ValidationError

from azext_podidentity.migration.decisions import names
from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.workloads import Workload
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.entries import ManagedIdentity, Profile
from azext_podidentity.profile.labels import BINDING_LABEL, CLIENT_ID_ANNOTATION
from azext_podidentity.profile.text import some_of
from azext_podidentity.profile.workload_credentials import MaybeReading, Readings, credential_for, find_equal

READY, NOT_READY, LABELLED, OLD_POD = "ready", "not ready", "labelled", "old pod"
_LISTED = 20


@dataclass(frozen=True)
class Status:
    """One workload: `labelled` still needs the add-on, `ready` does not; `why` where it is neither or not yet."""

    workload: Workload
    state: str
    why: str = ""


def used_identities(profile: Profile, inventory: Inventory) -> list[str]:
    """The resource ids of the managed identities that migrated workloads may be using.

    Those of their namespaces, of which one may have been created again under a new client id, and those whose client
    id their service accounts are annotated with.
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


def statuses(cluster: Cluster, inventory: Inventory, readings: Mapping[str, MaybeReading]) -> list[Status]:
    """The workloads that carry the label or use workload identity, and pods that their workload left behind.

    `readings` has the managed identities of `used_identities` as they are now.
    """
    judge = StatusEvaluator(cluster, inventory, Readings(readings))
    found = [
        judge.status(each) for each in inventory.workloads if each.binding is not None or each.uses_workload_identity
    ]
    why = "Its workload does not carry the label any more; the pod was made before."
    return found + [Status(each, OLD_POD, why) for each in inventory.old_pods]


def check_finished(reference: ClusterReference, inventory: Inventory, source: Iterable[str] = ()) -> None:
    """Raises ValidationError that names the workloads that still carry the binding label.

    `source` are the arguments of the command line that say where the workloads were read.
    """
    left = [each.key for each in inventory.workloads if each.binding is not None]
    left += [each.key for each in inventory.old_pods]
    if not left:
        return
    raise ValidationError(
        f"{len(left)} workloads still carry the label {BINDING_LABEL}, and would lose their managed identity:\n  "
        + some_of(left, _LISTED, "\n  "),
        "See what is left to do with:\n" + reference.pod_identity_command("migrate", *source, "--output", "table"),
    )


class StatusEvaluator:  # pylint: disable=too-few-public-methods
    """Says how far one workload is."""

    def __init__(self, cluster: Cluster, inventory: Inventory, readings: Readings) -> None:
        self._features = cluster.features
        self._inventory = inventory
        self._readings = readings
        self._by_client: dict[str | None, list[ManagedIdentity]] = defaultdict(list)
        self._former: dict[str | None, ManagedIdentity] = {}
        for identity in (entry.identity for entry in cluster.profile.identities):
            now = readings.now(identity)
            self._by_client[now.client_id].append(identity)
            if now.client_id != identity.client_id:
                self._former[identity.client_id] = identity

    def status(self, workload: Workload) -> Status:
        """The status of a workload that carries the label or uses workload identity."""
        if workload.binding is not None:
            both = "It uses workload identity, and still carries the label." if workload.uses_workload_identity else ""
            return Status(workload, LABELLED, both)
        why = self._obstacle(workload.key.namespace, workload.service_account)
        return Status(workload, NOT_READY if why else READY, why)

    def _obstacle(self, namespace: str, account: str) -> str:
        """Why pods that run as the service account get no token; nothing where they do, as far as can be told."""
        client_id = self._inventory.client_id(namespace, account)
        if client_id is None:
            return f"Service account {account!r} is not annotated with {CLIENT_ID_ANNOTATION}."
        if not (self._features.enabled and self._features.issuer):
            return "The cluster's OIDC issuer or workload identity is not enabled."
        identities = self._by_client.get(client_id, [])
        if not identities and client_id in self._former:
            name = _name(self._former[client_id])
            return f"Managed identity {name} was created again: its client id is another one now."
        for reason in filter(None, map(self._readings.unknown, identities)):
            return f"The managed identity could not be read: {reason}"
        wanted = credential_for(self._features.issuer, namespace, account)
        lacking = [each for each in identities if find_equal(wanted, self._readings.credentials(each)) is None]
        if not lacking:
            return ""
        return f"Managed identity {names(sorted(set(map(_name, lacking))))} has no credential for {wanted.subject}."


def _name(identity: ManagedIdentity) -> str:
    return identity.resource_id.rpartition("/")[2]
