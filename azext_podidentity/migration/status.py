# SPDX-License-Identifier: MIT
"""Determine the status of a migration: what still needs the add-on, and what is ready without it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from azure.cli.core.azclierror import ValidationError

from azext_podidentity.migration.decision import listed
from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.running_pods import RunningPod, stale_pods
from azext_podidentity.migration.workloads import ObjectKey, Workload
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.entries import ManagedIdentity, PodIdentity, Profile
from azext_podidentity.profile.identity_bindings import SUCCEEDED, IdentityBinding
from azext_podidentity.profile.labels import BINDING_LABEL, CLIENT_ID_ANNOTATION, TENANT_ID_ANNOTATION
from azext_podidentity.profile.text import count_of, some_of
from azext_podidentity.profile.workload_credentials import (
    FederatedCredential,
    IdentityLookup,
    IdentityLookups,
    credential_for,
    find_equal,
)

State = Literal["Labelled", "Ready", "NotReady", "StalePod"]
READY: State = "Ready"
NOT_READY: State = "NotReady"
LABELLED: State = "Labelled"
STALE_POD: State = "StalePod"
_LISTED = 20


@dataclass(frozen=True)
class Status:
    """The state of a workload or of another user of pod identity, with the reason if it is not ready.

    `pods`: the number of its running pods. `pods_with_token`: the number of those with a token of workload identity.
    Both are None for a user without pods, or if only manifests were read.
    """

    key: ObjectKey
    state: State
    reason: str = ""
    service_account: str | None = None
    pods: int | None = None
    pods_with_token: int | None = None


def used_identities(profile: Profile, inventory: Inventory) -> list[str]:
    """Return the resource IDs of the managed identities that workloads with workload identity can use.

    These are all of their namespaces, because one can have been recreated with a new client ID, and those with the
    client IDs of their service accounts.
    """
    moved = [each for each in inventory.workloads if each.uses_workload_identity]
    namespaces = {each.key.namespace for each in moved}
    client_ids = {
        inventory.client_id(each.key.namespace, name) for each in moved for name in inventory.possible_accounts(each)
    }
    found = {
        each.identity.resource_id.lower(): each.identity.resource_id
        for each in (*profile.identities, *inventory.pod_identities)
        if each.key.namespace in namespaces or each.identity.client_id in client_ids
    }
    return [found[key] for key in sorted(found)]


def statuses(
    cluster: Cluster,
    inventory: Inventory,
    lookups: Mapping[str, IdentityLookup],
    bindings: Iterable[IdentityBinding] = (),
) -> list[Status]:
    """Return the status of every user of pod identity or workload identity, workloads first.

    `lookups`: the current state of the managed identities of `used_identities`. `bindings`: the identity bindings of
    the cluster.
    """
    evaluator = StatusEvaluator(cluster, inventory, IdentityLookups(lookups, bindings))
    found = [
        evaluator.status(each)
        for each in inventory.workloads
        if each.binding is not None or each.uses_workload_identity
    ]
    return [*found, *_stale_pods(inventory), *_others(inventory)]


def check_finished(reference: ClusterReference, found: Iterable[Status], arguments: Iterable[str] = ()) -> None:
    """Raise ValidationError with everything that is not ready.

    `arguments`: the options of the command line that name the source of the workloads.
    """
    left = [f"{each.key} ({each.state}): {each.reason}".rstrip(": ") for each in found if each.state != READY]
    if left:
        raise ValidationError(
            f"{count_of(len(left), 'user')} of pod identity {'is' if len(left) == 1 else 'are'} not ready and could "
            "lose the managed identity:\n  " + some_of(left, _LISTED, "\n  "),
            [
                "To disable the add-on anyway, pass --force. To see what is left to do, run:",
                reference.pod_identity_command("migrate", "--status", *arguments, "--output", "table"),
            ],
        )


def check_live(inventory: Inventory) -> None:
    """Raise ValidationError if only manifests were read, which do not show what is running."""
    if not inventory.live:
        raise ValidationError(
            "Only manifests were read; the command cannot verify that they are applied to the cluster.",
            "Leave out --workloads, or pass the output of kubectl get with it. To disable the add-on anyway, pass "
            "--force.",
        )


def check_used(unused: Iterable[PodIdentity]) -> None:
    """Raise ValidationError with the pod identities that no workload uses."""
    names = [str(entry.key) for entry in unused]
    if names:
        raise ValidationError(
            f"No workload that was read was seen to use {count_of(len(names), 'pod identity', 'pod identities')}:\n  "
            + some_of(names, _LISTED, "\n  "),
            "Run the command without --yes to confirm that they are removed, or pass --force.",
        )


class StatusEvaluator:  # pylint: disable=too-few-public-methods
    """Determine the status of workloads."""

    def __init__(self, cluster: Cluster, inventory: Inventory, lookups: IdentityLookups) -> None:
        self._features = cluster.features
        self._inventory = inventory
        self._lookups = lookups
        self._by_client: dict[str | None, list[ManagedIdentity]] = defaultdict(list)
        self._former: dict[str | None, ManagedIdentity] = {}
        for identity in (entry.identity for entry in (*cluster.profile.identities, *inventory.pod_identities)):
            now = lookups.now(identity)
            self._by_client[now.client_id].append(identity)
            if now.client_id != identity.client_id:
                self._former[identity.client_id] = identity

    def status(self, workload: Workload) -> Status:
        """Return the status of a workload that has the label or uses workload identity."""
        pods = self._inventory.pods.get(workload.key, ())
        state, reason = self._state(workload, pods)
        counts = (len(pods), sum(pod.has_token for pod in pods)) if self._inventory.live else (None, None)
        return Status(workload.key, state, reason, workload.service_account, *counts)

    def _state(self, workload: Workload, pods: tuple[RunningPod, ...]) -> tuple[State, str]:
        if workload.binding is not None and not workload.uses_workload_identity:
            return LABELLED, ""
        if workload.binding is None:
            pods = tuple(pod for pod in pods if not pod.labelled)  # stale pods have their own status
        obstacle = self._obstacle(workload) or _lacking_token(pods) or self._stale_client_id(workload, pods)
        obstacle = obstacle or _lacking_proxy(workload, pods)
        if workload.binding is None:
            return (NOT_READY, obstacle) if obstacle else (READY, "")
        return LABELLED, obstacle or "It uses workload identity too. Remove the label with --remove-labels."

    def _stale_client_id(self, workload: Workload, pods: Iterable[RunningPod]) -> str:
        """Return a sentence about the pods that were created before their service account got its client ID."""
        several = len(self._inventory.possible_accounts(workload)) > 1
        names = []
        for pod in pods:
            account = pod.service_account if several else workload.service_account
            if stale_pods(workload, [pod], self._inventory.client_id(workload.key.namespace, account)):
                names.append(pod.key.name)
        reason = "Running pods were created before their service account had its client ID"
        return f"{reason}: {listed(names)}. Recreate them." if names else ""

    def _obstacle(self, workload: Workload) -> str:
        """Return why pods of the workload get no token, empty if no reason is known for any of its accounts."""
        accounts = self._inventory.possible_accounts(workload)
        reason = next(filter(None, (self._account_obstacle(workload, each) for each in accounts)), "")
        several = f" Its pods may run as one of these service accounts: {listed(accounts)}."
        return f"{reason}{several}" if reason and len(accounts) > 1 else reason

    def _account_obstacle(self, workload: Workload, account: str) -> str:
        namespace = workload.key.namespace
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
        if workload.uses_identity_binding:
            return next(self._binding_obstacles((namespace, account), client_id, identities), "")
        return self._credential_obstacle(credential_for(self._features.issuer, namespace, account), identities)

    def _credential_obstacle(self, wanted: FederatedCredential, identities: Sequence[ManagedIdentity]) -> str:
        lacking = [each for each in identities if find_equal(wanted, self._lookups.credentials(each)) is None]
        if not lacking:
            return ""
        names = listed(sorted({each.name for each in lacking}))
        return f"Managed identity '{names}' has no credential for {wanted.subject}."

    def _binding_obstacles(
        self, key: tuple[str, str], client_id: str, identities: Sequence[ManagedIdentity]
    ) -> Iterator[str]:
        """Yield the reasons why pods of a service account get no token from an identity binding."""
        for identity in identities:
            binding = self._lookups.binding(identity)
            if binding is None:
                yield f"The cluster has no identity binding of managed identity '{identity.name}'."
            elif binding.state != SUCCEEDED:
                yield f"Identity binding '{binding.name}' is in state {binding.state}."
            elif binding.client_id not in (None, client_id):
                yield f"Identity binding '{binding.name}' belongs to a former managed identity '{identity.name}'."
        account = self._inventory.service_accounts.get(key)
        if account is None or account.tenant_id is None:
            yield f"Service account '{key[1]}' is not annotated with {TENANT_ID_ANNOTATION}."
        if not self._inventory.binding_roles.allows(*key, client_id):
            yield f"No ClusterRole that was read lets service account '{key[1]}' use the identity binding."


def _lacking_token(pods: Iterable[RunningPod]) -> str:
    """Return a sentence about the pods that request workload identity but have no token, empty if there are none."""
    names = [pod.key.name for pod in pods if not pod.has_token]
    return f"Running pods have no token of workload identity: {listed(names)}. Recreate them." if names else ""


def _lacking_proxy(workload: Workload, pods: Iterable[RunningPod]) -> str:
    """Return a sentence about the pods that were created before their workload used its identity binding."""
    names = [pod.key.name for pod in pods if workload.uses_identity_binding and not pod.has_proxy]
    return f"Running pods do not use the identity binding yet: {listed(names)}. Recreate them." if names else ""


def _stale_pods(inventory: Inventory) -> Iterator[Status]:
    reason = "Its workload no longer has the label; the pod was created before."
    for each in inventory.stale_pods:
        yield Status(each.key, STALE_POD, reason, each.service_account)


def _others(inventory: Inventory) -> Iterator[Status]:
    """Yield the users of pod identity other than running workloads."""
    for user in inventory.node_agent_users:
        if user.uses_pod_identity:
            yield Status(user.key, NOT_READY, "It requests tokens from the node agent.")
    for workload in inventory.finished:
        reason = f"It has finished and has the label {BINDING_LABEL}. Its creator may create it again."
        yield Status(workload.key, LABELLED, reason, workload.service_account)
    for mention in inventory.mentions:
        key = ObjectKey(mention.namespace, mention.kind or "Document", mention.name or mention.subject)
        yield Status(key, NOT_READY, f"It contains the label {BINDING_LABEL} in {listed(mention.places)}.")
    read = {(each.key.namespace, each.key.name) for each in inventory.node_agent_users if each.is_secret_provider_class}
    for workload in inventory.workloads:
        if workload.binding is None and not workload.uses_workload_identity:
            continue
        if workload.pod.flex_volumes:
            yield Status(workload.key, NOT_READY, "It mounts a Key Vault FlexVolume.", workload.service_account)
        for name in workload.pod.secret_provider_classes:
            if (workload.key.namespace, name) not in read:
                reason = f"It mounts SecretProviderClass '{name}', which was not read."
                yield Status(workload.key, NOT_READY, reason, workload.service_account)
