# SPDX-License-Identifier: MIT
"""Snapshots of clusters in every state that the checks detect."""

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
    cluster_json,
    cluster_of,
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
    """Return a snapshot in which the managed identities match the entries and each has its role."""
    bound = {each[0].identity.resource_id.lower(): each[0].identity for each in cluster.profile.bindings().values()}
    readable = bound if cluster.principal_id else {}
    granted = {key: (role(identity.resource_id),) for key, identity in readable.items()}
    identities, roles = {**bound, **(identities or {})}, {**granted, **(roles or {})}
    return Snapshot(cluster, feature, provider, identities, roles, bindings=bindings)


def role(scope: str, principal_id: str = PRINCIPAL) -> RoleAssignment:
    """Return a role assignment at the scope."""
    return RoleAssignment("Managed Identity Operator", scope, principal_id)


def healthy(reference: ClusterReference = REFERENCE) -> Snapshot:
    """Return a healthy cluster with two identities, an exception and the service's exception."""
    identities = [identity_entry(), identity_entry(OTHER, identity_id("other"))]
    exceptions = [
        exception_entry(KEY, {"app": "x"}),
        exception_entry(SERVICE_EXCEPTION, {"kubernetes.azure.com/managedby": "aks", "second": "label"}),
    ]
    return snapshot_of(cluster_of(identities, exceptions, reference=reference, **_NEW))


_NEW: Json = {"currentKubernetesVersion": "1.33.5", "powerState": {"code": "Running"}}


def _cluster(*lists: Any, **properties: Any) -> Made:
    """Return a function that creates a cluster with the lists of entries, by default one entry of each type."""
    lists = lists or ([identity_entry()], [exception_entry(KEY, {"app": "x"})])
    return lambda reference: snapshot_of(cluster_of(*lists, reference=reference, **{**_NEW, **properties}))


def _with(**changes: Any) -> Made:
    """Return a function that creates a snapshot with one entry and the given fields."""
    return lambda reference: snapshot_of(cluster_of([identity_entry()], reference=reference), **changes)


def _identity(found: Found) -> Made:
    return _with(identities={identity_id().lower(): found})


def _roles(*granted: RoleAssignment) -> Made:
    return _with(roles={identity_id().lower(): granted})


def _without_principal(reference: ClusterReference) -> Snapshot:
    return snapshot_of(replace(cluster_of([identity_entry()], reference=reference), principal_id=None))


def _service_principal(reference: ClusterReference) -> Snapshot:
    return snapshot_of(Cluster.from_json(reference, {**cluster_json([identity_entry()]), "identity": None}))


def _entry(key: EntryKey = KEY, **more: Any) -> Made:
    return _cluster([identity_entry(key, **more)])


def _exceptions(*labels: Mapping[str, str] | None) -> Made:
    return _cluster((), [exception_entry(EntryKey("my-app", f"e-{at}"), each) for at, each in enumerate(labels)])


def _full(count: int) -> Made:
    return _cluster((), [exception_entry(EntryKey("my-app", f"e-{at}"), {"app": "x"}) for at in range(count)])


def _nodes(**pool: str) -> Made:
    return _cluster(agentPoolProfiles=[{"name": "nodes", "osType": "Linux"}, {"name": "more", **pool}])


def _running(seconds: float) -> Made:
    """Return a function that creates a cluster with an operation of that age."""
    made = _cluster(provisioningState="Updating")
    return lambda reference: replace(made(reference), running_seconds=seconds)


_KUBENET = {"networkProfile": {"networkPlugin": "kubenet"}}


def _kubenet_with_consent(reference: ClusterReference) -> Snapshot:
    plugin = {"networkPlugin": "kubenet"}
    cluster = cluster_of([identity_entry()], reference=reference, networkProfile=plugin)
    profile = replace(cluster.profile, allow_network_plugin_kubenet=True)
    return replace(snapshot_of(replace(cluster, profile=profile, resource_id="/x")), policies=())


def _two_stale(reference: ClusterReference) -> Snapshot:
    entries = [identity_entry(), identity_entry(OTHER, identity_id("other"))]
    recreated = ManagedIdentity(identity_id("other"), "another client", "another object")
    identities: dict[str, Found] = {identity_id().lower(): NotFound(), identity_id("other").lower(): recreated}
    return snapshot_of(cluster_of(entries, reference=reference), identities=identities)


_INFO = {"error": {"error": {"code": "Some", "message": "words."}}}
_SAME_SELECTOR = [
    identity_entry(bindingSelector="one"),
    identity_entry(OTHER, identity_id("other"), bindingSelector="one"),
]
_CLIENT = ManagedIdentity(identity_id(), "another client", f"object of {identity_id()}")


def _binding(credentials: int = 0, *names: str, found: NotFound | Unreadable | None = None, **more: str) -> Made:
    """Return a function that creates a cluster with an identity binding.

    Its managed identity has `credentials` numbered credentials and those with the given names.
    """
    listed = [FederatedCredential(name, "issuer", "subject") for name in (*map(str, range(credentials)), *names)]
    identity = ManagedIdentity(identity_id(), "the client", "object")
    binding = replace(IdentityBinding("my-binding", identity_id(), "the client"), **more)
    return _with(bindings=(BoundIdentity(binding, found or IdentityCredentials(identity, tuple(listed))),))


# By state: the check with a finding, its severity, and the snapshot. Other checks have findings only as in `ALSO`.
STATES: dict[str, tuple[str, str, Made]] = {
    "feature not registered": ("feature-registration", "error", _with(feature="NotRegistered")),
    "feature registering": ("feature-registration", "warning", _with(feature="Registering")),
    "feature unreadable": ("feature-registration", "warning", _with(feature=FORBIDDEN)),
    "provider not registered": ("provider-registration", "error", _with(provider="NotRegistered")),
    "provider registering": ("provider-registration", "warning", _with(provider="Registering")),
    "provider unreadable": ("provider-registration", "warning", _with(provider=FORBIDDEN)),
    "cluster failed": ("cluster-state", "error", _cluster(provisioningState="Failed")),
    "cluster cancelled": ("cluster-state", "warning", _cluster(provisioningState="Canceled")),
    "cluster updating": ("cluster-state", "warning", _cluster(provisioningState="Updating")),
    "cluster stuck": ("cluster-state", "error", _running(3600)),
    "cluster busy for minutes": ("cluster-state", "warning", _running(3599)),
    "cluster deleting": ("cluster-state", "warning", _cluster(provisioningState="Deleting")),
    "cluster stopped": ("cluster-power", "warning", _cluster(powerState={"code": "Stopped"})),
    "service principal": ("cluster-identity", "error", _service_principal),
    "object ID missing": ("cluster-identity", "warning", _without_principal),
    "old Kubernetes": ("kubernetes-version", "error", _cluster(currentKubernetesVersion="1.25.11")),
    "Windows only": ("node-pools", "error", _cluster(agentPoolProfiles=[{"osType": "Windows"}])),
    "availability sets": ("node-pools", "error", _cluster(agentPoolProfiles=[{"type": "AvailabilitySet"}])),
    "additional Windows pool": ("node-pools", "info", _nodes(osType="Windows")),
    "additional virtual machine pool": ("node-pools", "info", _nodes(type="VirtualMachines")),
    "kubenet without policy": ("net-raw-policy", "warning", _kubenet_with_consent),
    "node pool failed": ("node-pool-state", "error", _nodes(provisioningState="Failed")),
    "node pool deleting": ("node-pool-state", "warning", _nodes(provisioningState="Deleting")),
    "kubenet without consent": ("network-plugin", "error", _cluster(**_KUBENET)),
    "add-on disabled": ("add-on", "error", _cluster(enabled=False)),
    "invalid resource ID": ("managed-identity-id", "error", _entry(resource_id="nonsense")),
    "identity missing": ("managed-identity-missing", "error", _identity(NotFound())),
    "identity and group missing": ("managed-identity-missing", "error", _identity(NotFound(resource_group_too=True))),
    "no role": ("managed-identity-role", "error", _roles()),
    "inherited role": ("managed-identity-role", "info", _roles(role(GROUP_SCOPE))),
    "group role": ("managed-identity-role", "info", _roles(role(identity_id(), "a-group"))),
    "identity recreated": (
        "managed-identity-recreated",
        "error",
        _identity(ManagedIdentity(identity_id(), "another client", "another object")),
    ),
    "other client ID": ("managed-identity-client-id", "error", _identity(_CLIENT)),
    "two stale entries": ("blocked-entries", "error", _two_stale),
    "binding failed": ("identity-binding-state", "error", _binding(state="Failed")),
    "binding failed at limit": ("identity-binding-state", "error", _binding(20, state="Failed")),
    "bound identity missing": ("identity-binding-identity", "error", _binding(found=NotFound())),
    "bound identity recreated": ("identity-binding-identity", "error", _binding(client_id="former")),
    "bound identity full": ("identity-binding-credentials", "warning", _binding(19, AKS_CREDENTIAL)),
    "bindings unreadable": ("identity-binding-unreadable", "warning", _with(bindings=FORBIDDEN)),
    "bound identity unreadable": ("identity-binding-unreadable", "warning", _binding(found=FORBIDDEN)),
    "identity unreadable": ("managed-identity-unreadable", "warning", _identity(FORBIDDEN)),
    "roles unreadable": ("role-unreadable", "warning", _with(roles={identity_id().lower(): FORBIDDEN})),
    "entry failed": ("entry-state", "error", _entry(state="Failed", provisioningInfo=_INFO)),
    "entry stays Updating": ("entry-state", "warning", _entry(state="Updating")),
    "duplicate name": ("entry-name", "error", _cluster([identity_entry(), identity_entry()])),
    "duplicate name in other case": (
        "entry-name",
        "warning",
        _cluster((), [exception_entry(KEY, {"app": "x"}), exception_entry(EntryKey("My-app", KEY.name), {"a": "b"})]),
    ),
    "too long name as selector": ("binding-selector", "error", _entry(EntryKey("my-app", LONG))),
    "selector with space": ("binding-selector", "error", _entry(bindingSelector="not this")),
    "shared selector": ("shared-selector", "info", _cluster(_SAME_SELECTOR)),
    "null labels": ("exception-null-labels", "error", _exceptions(None)),
    "null labels of service exception": (
        "exception-null-labels",
        "error",
        _cluster((), [exception_entry(SERVICE_EXCEPTION, None)]),
    ),
    "no labels": ("exception-without-labels", "warning", _exceptions({})),
    "invalid label value": ("exception-label", "warning", _exceptions({"app": "not this"})),
    "invalid label key": ("exception-label", "warning", _exceptions({"/": "x"})),
    "two labels": ("exception-matches-any", "info", _exceptions({"app": "x", "tier": "y"})),
    "almost full": ("entry-limit", "warning", _full(180)),
    "full": ("entry-limit", "error", _full(200)),
    "deprecated": ("deprecation", "info", healthy),
}
ALSO = {"two stale entries": {("managed-identity-missing", "error"), ("managed-identity-recreated", "error")}}
