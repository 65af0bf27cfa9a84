"""What a change needs to know of the cluster it is made on, and which clusters can have pod identities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from azure.cli.core.azclierror import ValidationError

from azext_podidentity.profile.cluster_features import Features
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.entries import Profile

DEPRECATION = (
    "The pod identity add-on is deprecated; its support ended in September 2025. To plan the migration to Microsoft "
    "Entra Workload ID, run 'az aks pod-identity migrate'."
)
KUBENET_RISK = (
    "With kubenet a pod can impersonate another pod by ARP spoofing and so get that pod's managed identity. "
    "Before you consent, have a policy drop the capability NET_RAW from all pods."
)
_NO_SCALE_SETS = {"AvailabilitySet": "availability sets", "VirtualMachines": "virtual machine node pools"}


@dataclass(frozen=True)
class Cluster:  # pylint: disable=too-many-instance-attributes
    """One reading of a managed cluster, as far as pod identities go."""

    reference: ClusterReference
    profile: Profile
    location: str | None = None
    network_plugin: str | None = None
    identity_type: str | None = None
    principal_id: str | None = None
    identity_resource_id: str | None = None
    provisioning_state: str | None = None
    node_pools: tuple[Mapping[str, Any], ...] = field(default=())
    kubernetes_version: str | None = None
    power_state: str | None = None
    api_servers: tuple[str, ...] = ()
    features: Features = field(default_factory=Features)
    resource_id: str | None = None
    kubelet_resource_id: str | None = None

    @classmethod
    def from_json(cls, reference: ClusterReference, raw: Mapping[str, Any]) -> Cluster:
        """Reads the JSON object of a `Microsoft.ContainerService/managedClusters` resource."""
        properties = raw.get("properties") or {}
        identity = raw.get("identity") or {}
        return cls(
            reference=reference,
            profile=Profile.from_json(properties.get("podIdentityProfile")),
            location=raw.get("location"),
            network_plugin=(properties.get("networkProfile") or {}).get("networkPlugin"),
            identity_type=identity.get("type"),
            principal_id=_principal_id(identity),
            identity_resource_id=next(iter(identity.get("userAssignedIdentities") or ()), None),
            provisioning_state=properties.get("provisioningState"),
            node_pools=tuple(filter(None, properties.get("agentPoolProfiles") or ())),
            kubernetes_version=properties.get("currentKubernetesVersion") or properties.get("kubernetesVersion"),
            power_state=(properties.get("powerState") or {}).get("code"),
            api_servers=tuple(filter(None, map(properties.get, ("fqdn", "privateFQDN")))),
            features=Features.from_json(properties),
            resource_id=raw.get("id"),
            kubelet_resource_id=_kubelet_resource_id(properties.get("identityProfile") or {}),
        )

    @property
    def has_managed_identity(self) -> bool:
        """Whether the cluster has an identity of its own, and not a service principal."""
        return (self.identity_type or "None") != "None"

    @property
    def uses_kubenet(self) -> bool:
        """Whether the network plugin is kubenet."""
        return (self.network_plugin or "").lower() == "kubenet"


def check_can_change(cluster: Cluster) -> None:
    """Refuses a change of entries that the service would refuse whatever it is.

    Raises ValidationError where the add-on is off, on a service-principal cluster, and on kubenet without consent.
    """
    check_managed_identity(cluster)
    check_enabled(cluster)
    check_kubenet_consent(cluster)


def check_can_enable(cluster: Cluster, *, consent_given: bool) -> None:
    """Refuses to enable the add-on where the service would refuse it; `consent_given` is for kubenet.

    Raises ValidationError that names the reason and the way out.
    """
    check_managed_identity(cluster)
    check_node_pools(cluster)
    if not consent_given:
        check_kubenet_consent(cluster)


def check_can_create(parameters: Mapping[str, Any], *, consent_given: bool) -> None:
    """Refuses parameters of `az aks create` that pod identities cannot go with; `consent_given` is for kubenet.

    Raises ValidationError that names the reason and the way out.
    """
    if parameters.get("service_principal") or parameters.get("client_secret"):
        raise ValidationError(
            "The pod identity add-on requires a managed identity, and --service-principal makes a cluster without.",
            "Leave --service-principal and --client-secret out: AKS then makes a managed identity for the cluster. "
            "Or name one of your own with --assign-identity.",
        )
    if (parameters.get("vm_set_type") or "").lower() == "availabilityset":
        raise ValidationError(
            "The pod identity add-on runs on Virtual Machine Scale Sets only, not on availability sets.",
            "Leave --vm-set-type out, or pass: --vm-set-type VirtualMachineScaleSets",
        )
    if (parameters.get("network_plugin") or "").lower() == "kubenet" and not consent_given:
        raise ValidationError(
            f"The pod identity add-on is not safe with the network plugin kubenet. {KUBENET_RISK}",
            "To consent, also pass --enable-pod-identity-with-kubenet. Or pass: --network-plugin azure",
        )


def service_principal_reason(reference: ClusterReference) -> str:
    """Why a cluster that runs as a service principal cannot have the add-on."""
    return (
        f"Cluster {reference.name!r} runs as a service principal. The pod identity add-on requires a managed identity."
    )


def kubenet_reason(reference: ClusterReference) -> str:
    """Why a kubenet cluster cannot have the add-on as it is."""
    return (
        f"Cluster {reference.name!r} uses the network plugin kubenet, and nobody has consented to pod identities there."
    )


def check_enabled(cluster: Cluster) -> None:
    """Raises ValidationError where the add-on is off."""
    if not cluster.profile.enabled:
        raise ValidationError(*_off(cluster))


def off_hint(cluster: Cluster) -> str | None:
    """What a person who reads a cluster without the add-on is told; None where it is on."""
    return None if cluster.profile.enabled else "\n".join(_off(cluster))


def _off(cluster: Cluster) -> tuple[str, str]:
    return (
        f"The pod identity add-on is not enabled on cluster {cluster.reference.name!r}.",
        f"Enable it with:\n{cluster.reference.update_command(*_enable_flags(cluster))}",
    )


def check_managed_identity(cluster: Cluster) -> None:
    """Raises ValidationError for a cluster that runs as a service principal."""
    if cluster.has_managed_identity:
        return
    raise ValidationError(
        service_principal_reason(cluster.reference),
        f"Give the cluster one with:\n{cluster.reference.update_command('--enable-managed-identity')}",
    )


def check_node_pools(cluster: Cluster) -> None:
    """Raises ValidationError where no node pool could run the add-on: Linux on Virtual Machine Scale Sets alone can."""
    pools = cluster.node_pools
    if pools and all(pool.get("type") in _NO_SCALE_SETS for pool in pools):
        kinds = " and ".join(sorted({_NO_SCALE_SETS[pool["type"]] for pool in pools}))
        raise ValidationError(
            f"The nodes of cluster {cluster.reference.name!r} are in {kinds}. "
            "The pod identity add-on runs on Virtual Machine Scale Sets only.",
            "Create a cluster with: az aks create --vm-set-type VirtualMachineScaleSets",
        )
    if pools and all(_is_windows(pool) for pool in pools):
        add_pool = cluster.reference.command(
            *("aks", "nodepool", "add", "--resource-group", cluster.reference.resource_group),
            *("--cluster-name", cluster.reference.name, "--name", "linux", "--os-type", "Linux"),
        )
        raise ValidationError(
            f"Cluster {cluster.reference.name!r} has Windows node pools only. The pod identity add-on runs on Linux.",
            f"Add a Linux node pool with:\n{add_pool}",
        )


def cannot_run(pool: Mapping[str, Any]) -> str | None:
    """What the nodes of a pool are that the add-on cannot run on, None where it can."""
    return "Windows nodes" if _is_windows(pool) else _NO_SCALE_SETS.get(pool.get("type") or "")


def check_kubenet_consent(cluster: Cluster) -> None:
    """Raises ValidationError for a kubenet cluster whose profile does not allow kubenet."""
    if not cluster.uses_kubenet or cluster.profile.allow_network_plugin_kubenet:
        return
    raise ValidationError(
        f"{kubenet_reason(cluster.reference)} {KUBENET_RISK}",
        f"To consent, pass --enable-pod-identity-with-kubenet:\n"
        f"{cluster.reference.update_command(*_enable_flags(cluster))}",
    )


def _is_windows(pool: Mapping[str, Any]) -> bool:
    return (pool.get("osType") or "Linux") == "Windows"


def _enable_flags(cluster: Cluster) -> tuple[str, ...]:
    consent = ("--enable-pod-identity-with-kubenet",) if cluster.uses_kubenet else ()
    return ("--enable-pod-identity", *consent)


def _kubelet_resource_id(profile: Mapping[str, Any]) -> str | None:
    """Return the resource ID of the identity with which the nodes pull images, a user's own or one of AKS."""
    kubelet: Mapping[str, Any] = profile.get("kubeletidentity") or {}
    return kubelet.get("resourceId")


def _principal_id(identity: Mapping[str, Any]) -> str | None:
    """The cluster identity's object id: its own, or that of the one user-assigned identity it runs as."""
    if own := identity.get("principalId"):
        return str(own)
    for assigned in (identity.get("userAssignedIdentities") or {}).values():
        if principal := (assigned or {}).get("principalId"):
            return str(principal)
    return None
