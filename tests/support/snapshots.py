# SPDX-License-Identifier: MIT
"""Snapshots of clusters in every state that a check is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from azext_podidentity.checks.snapshot import BoundIdentity, RoleAssignment, Roles, Snapshot
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.entries import EntryKey, Found, ManagedIdentity, NotFound, Unreadable
from azext_podidentity.profile.entry_types import SERVICE_EXCEPTION
from azext_podidentity.profile.identity_bindings import AKS_CREDENTIAL, IdentityBinding
from azext_podidentity.profile.workload_credentials import FederatedCredential, IdentityCredentials
from tests.support.builders import (
    KEY,
    PRINCIPAL,
    REFERENCE,
    SUBSCRIPTION,
    Json,
    cluster_of,
    cluster_wire,
    exception_entry,
    identity_entry,
    identity_id,
)

GROUP_SCOPE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
OTHER = EntryKey("my-app", "other")
LONG = "a" * 64
FORBIDDEN = Unreadable("(AuthorizationFailed) You may not.")
Made = Callable[[ClusterReference], Snapshot]


def snapshot_of(
    cluster: Cluster,
    *,
    feature: str | Unreadable = "Registered",
    provider: str | Unreadable = "Registered",
    identities: Mapping[str, Found] | None = None,
    roles: Mapping[str, Roles] | None = None,
    bindings: tuple[BoundIdentity, ...] | Unreadable = (),
) -> Snapshot:
    """The snapshot of a cluster whose managed identities are as its entries say, each with a role granted at it."""
    bound = {each[0].identity.resource_id.lower(): each[0].identity for each in cluster.profile.bindings().values()}
    readable = bound if cluster.principal_id else {}
    granted = {key: (role(identity.resource_id),) for key, identity in readable.items()}
    identities, roles = {**bound, **(identities or {})}, {**granted, **(roles or {})}
    return Snapshot(cluster, feature, provider, identities, roles, bindings=bindings)


def role(scope: str, principal_id: str = PRINCIPAL) -> RoleAssignment:
    """A role assignment at that scope."""
    return RoleAssignment("Managed Identity Operator", scope, principal_id)


def healthy(reference: ClusterReference = REFERENCE) -> Snapshot:
    """A cluster with which nothing is wrong: two identities, an exception and that of the service."""
    identities = [identity_entry(), identity_entry(OTHER, identity_id("other"))]
    exceptions = [
        exception_entry(KEY, {"app": "x"}),
        exception_entry(SERVICE_EXCEPTION, {"kubernetes.azure.com/managedby": "aks", "second": "label"}),
    ]
    return snapshot_of(cluster_of(identities, exceptions, reference=reference, **_NEW))


_NEW: Json = {"currentKubernetesVersion": "1.33.5", "powerState": {"code": "Running"}}


def _cluster(*lists: Any, **properties: Any) -> Made:
    """A cluster with those lists of entries, or with one of each type."""
    lists = lists or ([identity_entry()], [exception_entry(KEY, {"app": "x"})])
    return lambda reference: snapshot_of(cluster_of(*lists, reference=reference, **{**_NEW, **properties}))


def _with(**changes: Any) -> Made:
    """One entry, and a snapshot that differs in those fields."""
    return lambda reference: snapshot_of(cluster_of([identity_entry()], reference=reference), **changes)


def _identity(found: Found) -> Made:
    return _with(identities={identity_id().lower(): found})


def _roles(*granted: RoleAssignment) -> Made:
    return _with(roles={identity_id().lower(): granted})


def _without_principal(reference: ClusterReference) -> Snapshot:
    return snapshot_of(replace(cluster_of([identity_entry()], reference=reference), principal_id=None))


def _service_principal(reference: ClusterReference) -> Snapshot:
    return snapshot_of(Cluster.from_json(reference, {**cluster_wire([identity_entry()]), "identity": None}))


def _entry(key: EntryKey = KEY, **more: Any) -> Made:
    return _cluster([identity_entry(key, **more)])


def _exceptions(*labels: Mapping[str, str] | None) -> Made:
    return _cluster((), [exception_entry(EntryKey("my-app", f"e-{at}"), each) for at, each in enumerate(labels)])


def _full(count: int) -> Made:
    return _cluster((), [exception_entry(EntryKey("my-app", f"e-{at}"), {"app": "x"}) for at in range(count)])


def _nodes(**pool: str) -> Made:
    return _cluster(agentPoolProfiles=[{"name": "nodes", "osType": "Linux"}, {"name": "more", **pool}])


_KUBENET = {"networkProfile": {"networkPlugin": "kubenet"}}


def _kubenet_with_consent(reference: ClusterReference) -> Snapshot:
    plugin = {"networkPlugin": "kubenet"}
    cluster = cluster_of([identity_entry()], reference=reference, networkProfile=plugin)
    profile = replace(cluster.profile, allow_network_plugin_kubenet=True)
    return replace(snapshot_of(replace(cluster, profile=profile, resource_id="/x")), policies=())


def _two_stale(reference: ClusterReference) -> Snapshot:
    entries = [identity_entry(), identity_entry(OTHER, identity_id("other"))]
    anew = ManagedIdentity(identity_id("other"), "another client", "another object")
    identities: dict[str, Found] = {identity_id().lower(): NotFound(), identity_id("other").lower(): anew}
    return snapshot_of(cluster_of(entries, reference=reference), identities=identities)


_INFO = {"error": {"error": {"code": "Some", "message": "words."}}}
_SAME_SELECTOR = [
    identity_entry(bindingSelector="one"),
    identity_entry(OTHER, identity_id("other"), bindingSelector="one"),
]
_CLIENT = ManagedIdentity(identity_id(), "another client", f"object of {identity_id()}")


# What is found (check and severity), and where it is found: nothing else is wrong there, but for `ALSO`.
def _binding(credentials: int = 0, *names: str, found: NotFound | Unreadable | None = None, **more: str) -> Made:
    """A cluster with an identity binding, whose managed identity has so many credentials and those of the names."""
    listed = [FederatedCredential(name, "issuer", "subject") for name in (*map(str, range(credentials)), *names)]
    identity = ManagedIdentity(identity_id(), "the client", "object")
    binding = replace(IdentityBinding("my-binding", identity_id(), "the client"), **more)
    return _with(bindings=(BoundIdentity(binding, found or IdentityCredentials(identity, tuple(listed))),))


STATES: dict[str, tuple[str, str, Made]] = {
    "feature not registered": ("feature-registration", "error", _with(feature="NotRegistered")),
    "feature on its way": ("feature-registration", "warning", _with(feature="Registering")),
    "feature not told": ("feature-registration", "warning", _with(feature=FORBIDDEN)),
    "provider not registered": ("provider-registration", "error", _with(provider="NotRegistered")),
    "provider on its way": ("provider-registration", "warning", _with(provider="Registering")),
    "provider not told": ("provider-registration", "warning", _with(provider=FORBIDDEN)),
    "cluster failed": ("cluster-state", "error", _cluster(provisioningState="Failed")),
    "cluster cancelled": ("cluster-state", "warning", _cluster(provisioningState="Canceled")),
    "cluster updating": ("cluster-state", "warning", _cluster(provisioningState="Updating")),
    "cluster deleting": ("cluster-state", "warning", _cluster(provisioningState="Deleting")),
    "cluster stopped": ("cluster-power", "warning", _cluster(powerState={"code": "Stopped"})),
    "runs as a service principal": ("cluster-identity", "error", _service_principal),
    "object id not told": ("cluster-identity", "warning", _without_principal),
    "old Kubernetes": ("kubernetes-version", "error", _cluster(currentKubernetesVersion="1.25.11")),
    "Windows only": ("node-pools", "error", _cluster(agentPoolProfiles=[{"osType": "Windows"}])),
    "availability sets": ("node-pools", "error", _cluster(agentPoolProfiles=[{"type": "AvailabilitySet"}])),
    "Windows too": ("node-pools", "info", _nodes(osType="Windows")),
    "virtual machines too": ("node-pools", "info", _nodes(type="VirtualMachines")),
    "kubenet without a policy": ("net-raw-policy", "warning", _kubenet_with_consent),
    "node pool failed": ("node-pool-state", "error", _nodes(provisioningState="Failed")),
    "node pool deleting": ("node-pool-state", "warning", _nodes(provisioningState="Deleting")),
    "kubenet without consent": ("network-plugin", "error", _cluster(**_KUBENET)),
    "add-on is off": ("add-on", "error", _cluster(enabled=False)),
    "no resource id": ("managed-identity-id", "error", _entry(resource_id="nonsense")),
    "identity gone": ("managed-identity-missing", "error", _identity(NotFound())),
    "identity gone with its group": ("managed-identity-missing", "error", _identity(NotFound(resource_group_too=True))),
    "no role": ("managed-identity-role", "error", _roles()),
    "role of the resource group": ("managed-identity-role", "info", _roles(role(GROUP_SCOPE))),
    "role of a group": ("managed-identity-role", "info", _roles(role(identity_id(), "a-group"))),
    "identity created again": (
        "managed-identity-recreated",
        "error",
        _identity(ManagedIdentity(identity_id(), "another client", "another object")),
    ),
    "another client id": ("managed-identity-client-id", "error", _identity(_CLIENT)),
    "two of them": ("blocked-entries", "error", _two_stale),
    "binding failed": ("identity-binding-state", "error", _binding(state="Failed")),
    "binding failed without room": ("identity-binding-state", "error", _binding(20, state="Failed")),
    "identity of a binding gone": ("identity-binding-identity", "error", _binding(found=NotFound())),
    "identity of a binding created again": ("identity-binding-identity", "error", _binding(client_id="former")),
    "identity of a binding full": ("identity-binding-credentials", "warning", _binding(19, AKS_CREDENTIAL)),
    "bindings not told": ("identity-binding-unreadable", "warning", _with(bindings=FORBIDDEN)),
    "identity of a binding not told": ("identity-binding-unreadable", "warning", _binding(found=FORBIDDEN)),
    "identity not told": ("managed-identity-unreadable", "warning", _identity(FORBIDDEN)),
    "roles not told": ("role-unreadable", "warning", _with(roles={identity_id().lower(): FORBIDDEN})),
    "entry failed": ("entry-state", "error", _entry(state="Failed", provisioningInfo=_INFO)),
    "entry updating for ever": ("entry-state", "warning", _entry(state="Updating")),
    "same name twice": ("entry-name", "error", _cluster([identity_entry(), identity_entry()])),
    "same name but for case": (
        "entry-name",
        "warning",
        _cluster((), [exception_entry(KEY, {"app": "x"}), exception_entry(EntryKey("My-app", KEY.name), {"a": "b"})]),
    ),
    "selector of a long name": ("binding-selector", "error", _entry(EntryKey("my-app", LONG))),
    "selector with a space": ("binding-selector", "error", _entry(bindingSelector="not this")),
    "one selector": ("shared-selector", "info", _cluster(_SAME_SELECTOR)),
    "exception with null": ("exception-null-labels", "error", _exceptions(None)),
    "exception of the service with null": (
        "exception-null-labels",
        "error",
        _cluster((), [exception_entry(SERVICE_EXCEPTION, None)]),
    ),
    "exception with none": ("exception-without-labels", "warning", _exceptions({})),
    "exception with a bad value": ("exception-label", "warning", _exceptions({"app": "not this"})),
    "exception with a bad key": ("exception-label", "warning", _exceptions({"/": "x"})),
    "exception with two labels": ("exception-matches-any", "info", _exceptions({"app": "x", "tier": "y"})),
    "nearly full": ("entry-limit", "warning", _full(180)),
    "full": ("entry-limit", "error", _full(200)),
    "deprecated": ("deprecation", "info", healthy),
}
ALSO = {"two of them": {("managed-identity-missing", "error"), ("managed-identity-recreated", "error")}}
