# SPDX-License-Identifier: MIT
"""Clusters that cannot have pod identities, and the errors for them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import pytest
from azure.cli.core.azclierror import AzCLIError, ResourceNotFoundError, ValidationError

from azext_podidentity.profile.add_on_changes import Enable
from azext_podidentity.profile.changes import AddException, AddIdentity, Delete, ProfileChange, UpdateException
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.eligibility import KUBENET_RISK, check_can_create, check_can_enable, check_node_pools
from azext_podidentity.profile.entries import PodIdentityException
from azext_podidentity.profile.entry_types import EXCEPTION, IDENTITY
from azext_podidentity.profile.update_identity import UpdateIdentity
from tests.support.az_parser import AzParser
from tests.support.builders import (
    KEY,
    PRINCIPAL,
    REFERENCE,
    Json,
    cluster_json,
    cluster_of,
    exception_entry,
    identity_entry,
    identity_id,
    only_command_in,
    text_of,
)

LABELS = {"app": "my-app"}
CHANGES: dict[str, ProfileChange] = {
    "add": AddIdentity.of(KEY, identity_id()),
    "update": UpdateIdentity(KEY, binding_selector="another"),
    "delete": Delete(IDENTITY, (KEY,)),
    "exception add": AddException(PodIdentityException(KEY, LABELS)),
    "exception update": UpdateException(PodIdentityException(KEY, LABELS)),
    "exception delete": Delete(EXCEPTION, (KEY,)),
}
KUBENET: Json = {"networkProfile": {"networkPlugin": "kubenet"}}
entry_changes = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)


def refuse(change: ProfileChange, cluster: Cluster, error: type[AzCLIError] = ValidationError) -> AzCLIError:
    """Return the error that the change raises."""
    with pytest.raises(error) as caught:
        change.apply(cluster)
    assert repr(cluster.reference.name) in caught.value.error_msg
    return caught.value


def cluster_with(enabled: bool = True, reference: ClusterReference = REFERENCE, **properties: Any) -> Cluster:
    """Return a cluster that every change would change unless its properties forbid it."""
    return cluster_of(
        [identity_entry(state="Failed")],
        [exception_entry(KEY, LABELS)],
        enabled=enabled,
        reference=reference,
        **properties,
    )


def as_service_principal(enabled: bool = True, identity: Json | None = None) -> Cluster:
    """Return a cluster that runs as a service principal."""
    wire = cluster_json([identity_entry()], [exception_entry(KEY, LABELS)], enabled=enabled)
    wire.pop("identity")
    return Cluster.from_json(REFERENCE, wire if identity is None else {**wire, "identity": identity})


@entry_changes
def test_change_without_add_on_suggests_enabling(change: ProfileChange, az: AzParser) -> None:
    parsed = az.parse(only_command_in(refuse(change, cluster_with(enabled=False))))
    assert (parsed.resource_group_name, parsed.name) == (REFERENCE.resource_group, REFERENCE.name)
    assert parsed.enable_pod_identity
    assert not parsed.enable_pod_identity_with_kubenet


@entry_changes
def test_kubenet_without_add_on_suggests_consent(change: ProfileChange, az: AzParser) -> None:
    parsed = az.parse(only_command_in(refuse(change, cluster_with(enabled=False, **KUBENET))))
    assert parsed.enable_pod_identity
    assert parsed.enable_pod_identity_with_kubenet


@pytest.mark.parametrize("change", [*CHANGES.values(), Enable()], ids=[*CHANGES, "enable"])
@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("identity", [None, {}, {"type": "None"}, {"type": None}], ids=repr)
def test_service_principal_cluster_is_refused(
    change: ProfileChange, enabled: bool, identity: Json | None, az: AzParser
) -> None:
    error = refuse(change, as_service_principal(enabled, identity))
    assert "requires a managed identity" in error.error_msg
    assert az.parse(only_command_in(error)).enable_managed_identity


@pytest.mark.parametrize("change", [*CHANGES.values(), Enable()], ids=[*CHANGES, "enable"])
@pytest.mark.parametrize("plugin", ["kubenet", "Kubenet"])
@pytest.mark.parametrize("allowed", [None, False])
def test_kubenet_needs_consent(change: ProfileChange, plugin: str, allowed: bool | None, az: AzParser) -> None:
    profile = {**cluster_json()["properties"]["podIdentityProfile"], "allowNetworkPluginKubenet": allowed}
    if isinstance(change, Delete | UpdateException | UpdateIdentity):
        profile["userAssignedIdentities"] = [identity_entry()]
        profile["userAssignedIdentityExceptions"] = [exception_entry(KEY)]
    cluster = cluster_of(networkProfile={"networkPlugin": plugin}, podIdentityProfile=profile)
    error = refuse(change, cluster)
    assert KUBENET_RISK in error.error_msg
    assert "--enable-pod-identity-with-kubenet" in text_of(error)
    assert az.parse(only_command_in(error)).enable_pod_identity_with_kubenet


@entry_changes
def test_kubenet_with_consent_allows_changes(change: ProfileChange) -> None:
    wire = cluster_json([identity_entry()], [exception_entry(KEY, LABELS)], **KUBENET)
    wire["properties"]["podIdentityProfile"]["allowNetworkPluginKubenet"] = True
    assert change.is_done(change.apply(Cluster.from_json(REFERENCE, wire)))


@pytest.mark.parametrize("properties", [{"networkProfile": None}, {"networkProfile": {}}, {"agentPoolProfiles": None}])
def test_missing_properties_do_not_prevent_enabling(properties: Json) -> None:
    assert Enable().apply(cluster_of(enabled=False, **properties)).enabled


@pytest.mark.parametrize("enabled", [True, False])
def test_update_unknown_exception_is_refused(enabled: bool) -> None:
    refuse(CHANGES["exception update"], cluster_of(enabled=enabled), ResourceNotFoundError)


@pytest.mark.parametrize("name", ["delete", "exception delete"])
@pytest.mark.parametrize("enabled", [True, False])
def test_delete_unknown_entry_changes_nothing(name: str, enabled: bool) -> None:
    cluster = cluster_of(enabled=enabled)
    assert CHANGES[name].apply(cluster) == cluster.profile


POOLS = [
    {"name": "pool", **kind, **system}
    for kind in ({}, {"type": "VirtualMachineScaleSets"}, {"type": "AvailabilitySet"})
    for system in ({}, {"osType": "Linux"}, {"osType": "Windows"})
]


# AKS does not mix availability sets with scale sets.
PAIRS = [pair for pair in combinations(POOLS, 2) if len({pool.get("type") == "AvailabilitySet" for pool in pair}) == 1]


@pytest.mark.parametrize("node_pools", [*([pool] for pool in POOLS), *PAIRS])
def test_linux_pool_on_scale_sets_is_required(node_pools: Sequence[Json]) -> None:
    cluster = cluster_of(agentPoolProfiles=node_pools)
    if any(pool.get("type") != "AvailabilitySet" and pool.get("osType") != "Windows" for pool in node_pools):
        check_node_pools(cluster)
        return
    with pytest.raises(ValidationError):
        check_node_pools(cluster)


@pytest.mark.parametrize("subscription", [None, "my subscription"])
def test_windows_only_cluster_suggests_linux_pool(subscription: str | None, az: AzParser) -> None:
    reference = ClusterReference("rg", "cluster", subscription)
    windows = cluster_of(reference=reference, agentPoolProfiles=[{"osType": "Windows"}])
    parsed = az.parse(only_command_in(refuse(Enable(), windows)))
    assert (parsed.resource_group_name, parsed.cluster_name) == ("rg", "cluster")
    assert parsed.os_type == "Linux"
    assert parsed._subscription == subscription


@pytest.mark.parametrize(
    ("kind", "name"), [("AvailabilitySet", "availability sets"), ("VirtualMachines", "virtual machine node pools")]
)
def test_cluster_without_scale_sets_suggests_new_cluster(kind: str, name: str) -> None:
    error = refuse(Enable(), cluster_of(agentPoolProfiles=[{"type": kind, "osType": "Linux"}]))
    assert name in error.error_msg
    assert "--vm-set-type VirtualMachineScaleSets" in error.recommendations[0]


CREATE = {"service_principal": None, "client_secret": None, "vm_set_type": None, "network_plugin": None}


@pytest.mark.parametrize(
    ("parameters", "flag"),
    [
        ({"service_principal": "an-app"}, "--service-principal"),
        ({"client_secret": "a-secret"}, "--service-principal"),
        ({"vm_set_type": "AvailabilitySet"}, "--vm-set-type"),
        ({"vm_set_type": "availabilityset"}, "--vm-set-type"),
        ({"network_plugin": "kubenet"}, "--enable-pod-identity-with-kubenet"),
    ],
)
def test_create_with_incompatible_options(parameters: Json, flag: str) -> None:
    with pytest.raises(ValidationError) as caught:
        check_can_create({**CREATE, **parameters}, consent_given=False)
    assert flag in text_of(caught.value)
    assert "a-secret" not in text_of(caught.value)


def test_create_with_compatible_options() -> None:
    for parameters in ({}, CREATE, {"network_plugin": "azure"}, {"vm_set_type": "VirtualMachineScaleSets"}):
        check_can_create(parameters, consent_given=False)
    check_can_create({"network_plugin": "kubenet"}, consent_given=True)


@pytest.mark.parametrize(
    ("identity", "principal"),
    [
        ({"type": "SystemAssigned", "principalId": PRINCIPAL}, PRINCIPAL),
        ({"type": "UserAssigned", "userAssignedIdentities": {identity_id(): {"principalId": PRINCIPAL}}}, PRINCIPAL),
        ({"type": "UserAssigned", "userAssignedIdentities": {identity_id(): {}}}, None),
        ({"type": "UserAssigned", "userAssignedIdentities": {identity_id(): None}}, None),
        ({"type": "SystemAssigned"}, None),
    ],
)
def test_principal_of_cluster_identity(identity: Json, principal: str | None) -> None:
    cluster = Cluster.from_json(REFERENCE, {**cluster_json(), "identity": identity})
    assert cluster.principal_id == principal
    check_can_enable(cluster, consent_given=False)
