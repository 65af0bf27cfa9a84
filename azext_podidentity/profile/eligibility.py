# SPDX-License-Identifier: MIT
"""Check whether a cluster can have pod identities, and advise if it cannot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azure.cli.core.azclierror import ValidationError

from azext_podidentity.profile.advice import Advice
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.cluster_reference import ClusterReference

KUBENET_RISK = "With kubenet, a pod can impersonate another pod by ARP spoofing and use that pod's managed identity."
_BEFORE_CONSENT = f"{KUBENET_RISK} Before you consent, use a policy to drop the NET_RAW capability from all pods."
_UNSUPPORTED_POOL_TYPES = {"AvailabilitySet": "availability sets", "VirtualMachines": "virtual machine node pools"}


def check_can_change(cluster: Cluster) -> None:
    """Check that the service can accept a change of entries.

    Raise ValidationError if the add-on is disabled, on a service principal cluster, and on kubenet without consent.
    """
    check_managed_identity(cluster)
    check_enabled(cluster)
    check_kubenet_consent(cluster)


def check_can_enable(cluster: Cluster, *, consent_given: bool) -> None:
    """Raise ValidationError if the add-on cannot be enabled. `consent_given`: whether the user consents to kubenet."""
    check_managed_identity(cluster)
    check_node_pools(cluster)
    if not consent_given:
        check_kubenet_consent(cluster)


def check_can_create(parameters: Mapping[str, Any], *, consent_given: bool) -> None:
    """Check that parameters of `az aks create` allow pod identities. `consent_given`: as in `check_can_enable`.

    Raise ValidationError if they do not.
    """
    if parameters.get("service_principal") or parameters.get("client_secret"):
        raise ValidationError(
            "The pod identity add-on requires a managed identity, and --service-principal creates a cluster without "
            "one.",
            [
                "Omit --service-principal and --client-secret to let AKS create a managed identity for the cluster, "
                "or pass an existing one with --assign-identity.",
            ],
        )
    if (parameters.get("vm_set_type") or "").lower() == "availabilityset":
        raise ValidationError(
            "The pod identity add-on requires Virtual Machine Scale Sets. It does not run on availability sets.",
            ["Omit --vm-set-type, or pass --vm-set-type VirtualMachineScaleSets."],
        )
    if (parameters.get("network_plugin") or "").lower() == "kubenet" and not consent_given:
        raise ValidationError(
            f"The pod identity add-on is not secure with the kubenet network plugin. {_BEFORE_CONSENT}",
            ["To consent, also pass --enable-pod-identity-with-kubenet. Otherwise, pass --network-plugin azure."],
        )


def service_principal_advice(reference: ClusterReference) -> Advice:
    """Return the advice for a cluster that runs as a service principal."""
    return Advice(
        f"Cluster {reference.name!r} runs as a service principal. The pod identity add-on requires a managed identity.",
        ("To give the cluster a managed identity, run:",),
        (reference.update_command("--enable-managed-identity"),),
    )


def kubenet_advice(cluster: Cluster) -> Advice:
    """Return the advice for a cluster with kubenet without consent to pod identities."""
    reason = (
        f"Cluster {cluster.reference.name!r} uses the kubenet network plugin, which requires explicit consent to pod "
        f"identities. {_BEFORE_CONSENT}"
    )
    if cluster.provisioning_state is None:  # not created yet
        return Advice(
            reason,
            ("To consent, also pass --enable-pod-identity-with-kubenet. Otherwise, pass --network-plugin azure.",),
        )
    command = cluster.reference.update_command("--enable-pod-identity", "--enable-pod-identity-with-kubenet")
    return Advice(reason, ("To consent, run:",), (command,))


def disabled_advice(cluster: Cluster) -> Advice:
    """Return the advice for a cluster whose add-on is disabled."""
    consent = ("--enable-pod-identity-with-kubenet",) if cluster.uses_kubenet else ()
    return Advice(
        f"The pod identity add-on is not enabled on cluster {cluster.reference.name!r}.",
        ("To enable it, run:",),
        (cluster.reference.update_command("--enable-pod-identity", *consent),),
    )


def node_pools_advice(cluster: Cluster) -> Advice | None:
    """Return the advice for a cluster without a node pool that can run the add-on, None if it has one.

    The add-on requires a Linux node pool on Virtual Machine Scale Sets.
    """
    pools, reference = cluster.node_pools, cluster.reference
    if pools and all(pool.get("type") in _UNSUPPORTED_POOL_TYPES for pool in pools):
        types = " and ".join(sorted({_UNSUPPORTED_POOL_TYPES[pool["type"]] for pool in pools}))
        return Advice(
            f"The nodes of cluster {reference.name!r} are in {types}. "
            "The pod identity add-on requires Virtual Machine Scale Sets.",
            ("Create another cluster with --vm-set-type VirtualMachineScaleSets.",),
        )
    if pools and all(_is_windows(pool) for pool in pools):
        command = reference.command(
            *("aks", "nodepool", "add", "--resource-group", reference.resource_group),
            *("--cluster-name", reference.name, "--name", "linux", "--os-type", "Linux"),
        )
        return Advice(
            f"Cluster {reference.name!r} has only Windows node pools. The pod identity add-on requires Linux.",
            ("To add a Linux node pool, run:",),
            (command,),
        )
    return None


def check_enabled(cluster: Cluster) -> None:
    """Raise ValidationError if the add-on is disabled."""
    _refuse(None if cluster.profile.enabled else disabled_advice(cluster))


def check_managed_identity(cluster: Cluster) -> None:
    """Raise ValidationError if the cluster runs as a service principal."""
    _refuse(None if cluster.has_managed_identity else service_principal_advice(cluster.reference))


def check_node_pools(cluster: Cluster) -> None:
    """Raise ValidationError if no node pool can run the add-on."""
    _refuse(node_pools_advice(cluster))


def check_kubenet_consent(cluster: Cluster) -> None:
    """Raise ValidationError for a kubenet cluster whose profile does not allow kubenet."""
    _refuse(kubenet_advice(cluster) if cluster.needs_kubenet_consent else None)


def unsupported_nodes(pool: Mapping[str, Any]) -> str | None:
    """Return why the add-on cannot run on the nodes of a pool, None if it can."""
    return "Windows nodes" if _is_windows(pool) else _UNSUPPORTED_POOL_TYPES.get(pool.get("type") or "")


def _refuse(advice: Advice | None) -> None:
    if advice is not None:
        raise advice.error(ValidationError)


def _is_windows(pool: Mapping[str, Any]) -> bool:
    return (pool.get("osType") or "Linux") == "Windows"
