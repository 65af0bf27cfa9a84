# SPDX-License-Identifier: MIT
"""Values that the service adds to the cluster a client sends.

The values are those of public recordings of late 2025.
"""

from __future__ import annotations

import copy
import secrets
import string
from typing import Any

from azure_simulator.resources.containerservice.read_only import READ_ONLY_PROPERTIES

from ...context import new_id
from ...resource_ids import ResourceId, cluster_id, group_id, identity_id

KUBERNETES_VERSION = "1.33"
_PATCH = "5"

# What a client sends with a value that means the default, and the service does not echo (public recordings).
_SILENT_POOL = {
    "scaleSetPriority": "Regular",
    "scaleSetEvictionPolicy": "Delete",
    "spotMaxPrice": -1.0,
    "nodeTaints": [],
    "nodeInitializationTaints": [],
    "nodeLabels": {},
}
_PLUGIN_MAX_PODS = {"kubenet": 110, "azure": 30, "overlay": 250, "none": 250}

_PROPERTIES: dict[str, Any] = {
    "enableRBAC": True,
    "supportPlan": "KubernetesOfficial",
    "autoUpgradeProfile": {"nodeOSUpgradeChannel": "NodeImage"},
    "disableLocalAccounts": False,
    "securityProfile": {},
    "storageProfile": {
        "diskCSIDriver": {"enabled": True, "version": "v1"},
        "fileCSIDriver": {"enabled": True},
        "snapshotController": {"enabled": True},
    },
    "oidcIssuerProfile": {"enabled": False},
    "workloadAutoScalerProfile": {},
    "metricsProfile": {"costAnalysis": {"enabled": False}},
    "nodeProvisioningProfile": {"mode": "Manual", "defaultNodePools": "Auto"},
    "bootstrapProfile": {"artifactSource": "Direct"},
    "enableFIPS": False,
}
_NETWORK: dict[str, Any] = {
    "networkPolicy": "none",
    "loadBalancerSku": "standard",
    "loadBalancerProfile": {"managedOutboundIPs": {"count": 1}, "backendPoolType": "nodeIPConfiguration"},
    "serviceCidr": "10.0.0.0/16",
    "dnsServiceIP": "10.0.0.10",
    "outboundType": "loadBalancer",
    "serviceCidrs": ["10.0.0.0/16"],
    "ipFamilies": ["IPv4"],
    "podLinkLocalAccess": "IMDS",
}
_POOL: dict[str, Any] = {
    "count": 1,
    "vmSize": "Standard_D8ds_v5",
    "osDiskSizeGB": 300,
    "osDiskType": "Ephemeral",
    "kubeletDiskType": "OS",
    "type": "VirtualMachineScaleSets",
    "enableAutoScaling": False,
    "scaleDownMode": "Delete",
    "powerState": {"code": "Running"},
    "enableNodePublicIP": False,
    "mode": "User",
    "enableEncryptionAtHost": False,
    "enableUltraSSD": False,
    "osType": "Linux",
    "osSKU": "Ubuntu",
    "nodeImageVersion": "AKSUbuntu-2204gen2containerd-202510.03.1",
    "upgradeStrategy": "Rolling",
    "upgradeSettings": {"maxSurge": "10%", "maxUnavailable": "0"},
    "upgradeSettingsBlueGreen": {},
    "enableFIPS": False,
    "networkProfile": {},
    "securityProfile": {"sshAccess": "LocalUser", "enableVTPM": False, "enableSecureBoot": False},
}
_CONTROL_PLANE_PLUGINS = (
    "azure-monitor-metrics-ccp",
    "gpu-provisioner",
    "karpenter",
    "kubelet-serving-csr-approver",
    "live-patching-controller",
    "secure-tls-bootstrap",
    "static-egress-controller",
)


def complete(
    requested: dict[str, Any], resource_id: ResourceId, existing: dict[str, Any] | None, tenant_id: str
) -> dict[str, Any]:
    """Return the complete cluster that a writable request body describes.

    A PUT replaces: what the request leaves out takes its default or is removed, except what the service made
    (FQDN, issuer URL, ...) and what never changes (DNS prefix, node resource group, network plugin).
    """
    known = existing or {}
    location = known.get("location") or str(requested.get("location", "")).replace(" ", "").lower()
    properties = _properties(requested, resource_id, known.get("properties"), location)
    profile = properties["oidcIssuerProfile"]
    if profile.get("enabled"):
        issuer = f"https://{location}.oic.prod-aks.azure.com/{tenant_id}/{new_id()}/"
        profile["issuerURL"] = _known_issuer(known) or issuer
    body = {
        "id": known.get("id", cluster_id(resource_id.subscription, resource_id.group, resource_id.name)),
        "location": location,
        "name": known.get("name", resource_id.name),
        "type": "Microsoft.ContainerService/ManagedClusters",
        "kind": "Base",
        **{name: value for name, value in requested.items() if name not in ("location", "properties")},
        "properties": properties,
    }
    body["sku"] = _filled(requested.get("sku"), {"name": "Base", "tier": "Free"})
    return {name: value for name, value in body.items() if value not in (None, {})}


def _properties(
    requested: dict[str, Any], resource_id: ResourceId, known: dict[str, Any] | None, location: str
) -> dict[str, Any]:
    properties = _filled(requested["properties"], _PROPERTIES)
    made = known or _server_made(resource_id, properties, location)
    for name in (*READ_ONLY_PROPERTIES, "dnsPrefix", "nodeResourceGroup", "identityProfile"):
        if name in made and not (name == "identityProfile" and name in properties):
            properties[name] = made[name]
    _set_version(properties, made.get("kubernetesVersion"))
    properties["networkProfile"] = _network(properties, made.get("networkProfile", {}))
    properties["agentPoolProfiles"] = [_pool(pool, properties) for pool in properties["agentPoolProfiles"]]
    if requested.get("identity") and requested["identity"].get("type", "None") != "None":
        properties["servicePrincipalProfile"] = {"clientId": "msi"}
    elif "servicePrincipalProfile" in properties:
        properties["servicePrincipalProfile"].pop("secret", None)
    properties["oidcIssuerProfile"].pop("issuerURL", None)
    if not properties.get("addonProfiles"):
        properties.pop("addonProfiles", None)
    return properties


def _server_made(resource_id: ResourceId, requested: dict[str, Any], location: str) -> dict[str, Any]:
    prefix = requested.get("dnsPrefix") or f"{resource_id.name}-dns"
    host = f"{prefix}-{_random(8)}"
    return {
        "provisioningState": "Succeeded",
        "powerState": {"code": "Running"},
        "dnsPrefix": prefix,
        "fqdn": f"{host}.hcp.{location}.azmk8s.io",
        "azurePortalFQDN": f"{host}.portal.hcp.{location}.azmk8s.io",
        "nodeResourceGroup": requested.get("nodeResourceGroup")
        or f"MC_{resource_id.group}_{resource_id.name}_{location}",
        "maxAgentPools": 100,
        "resourceUID": secrets.token_hex(12),
        "controlPlanePluginProfiles": {name: {"enableV2": True} for name in _CONTROL_PLANE_PLUGINS},
    }


def _set_version(properties: dict[str, Any], known: str | None) -> None:
    version = properties.get("kubernetesVersion") or known or KUBERNETES_VERSION
    properties["kubernetesVersion"] = version
    properties["currentKubernetesVersion"] = _full(version)


def _full(version: str) -> str:
    return version if version.count(".") > 1 else f"{version}.{_PATCH}"


def _network(properties: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    network = dict(properties.get("networkProfile") or {})
    if not network.get("networkPlugin"):
        default = {"networkPlugin": "azure", "networkPluginMode": "overlay"}
        network.update({name: known[name] for name in default if name in known} if known else default)
    filled = _filled(network, _NETWORK)
    addresses = filled["loadBalancerProfile"].get("managedOutboundIPs")
    if addresses and addresses.get("countIPv6") == 0:
        del addresses["countIPv6"]
    if filled["networkPlugin"] == "azure":
        filled.setdefault("networkDataplane", "azure")
    if filled["networkPlugin"] == "kubenet" or filled.get("networkPluginMode") == "overlay":
        filled.setdefault("podCidr", "10.244.0.0/16")
        filled.setdefault("podCidrs", [filled["podCidr"]])
    if "effectiveOutboundIPs" in known.get("loadBalancerProfile", {}):
        effective = known["loadBalancerProfile"]["effectiveOutboundIPs"]
        filled["loadBalancerProfile"].setdefault("effectiveOutboundIPs", effective)
    return filled


def _pool(requested: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    pool = {name: value for name, value in requested.items() if _SILENT_POOL.get(name, ...) != value}
    network = properties["networkProfile"]
    version = pool.get("orchestratorVersion") or properties["kubernetesVersion"]
    pool = _filled({name: value for name, value in pool.items() if value not in ("", 0)}, _POOL)
    pool["orchestratorVersion"], pool["currentOrchestratorVersion"] = version, _full(version)
    pool["count"] = requested.get("count", 1)
    mode = network.get("networkPluginMode") or network["networkPlugin"]
    pool.setdefault("maxPods", _PLUGIN_MAX_PODS.get(mode, 30))
    access = pool["securityProfile"].get("sshAccess")
    if str(access).lower() == "localuser":
        pool["securityProfile"]["sshAccess"] = "LocalUser"
    return pool


def _known_issuer(known: dict[str, Any]) -> str | None:
    """Keep the issuer URL once the cluster has one."""
    url = known.get("properties", {}).get("oidcIssuerProfile", {}).get("issuerURL")
    return str(url) if url else None


def after_create(body: dict[str, Any], resource_id: ResourceId) -> None:
    """Add the fields of a ready cluster: outbound address and kubelet identity.

    A cluster with a service principal has no kubelet identity.
    """
    properties = body["properties"]
    node_group = properties["nodeResourceGroup"]
    balancer = properties["networkProfile"].get("loadBalancerProfile")
    if balancer is not None:
        address = f"{group_id(resource_id.subscription, node_group)}/providers/Microsoft.Network/publicIPAddresses"
        balancer.setdefault("effectiveOutboundIPs", [{"id": f"{address}/{new_id()}"}])
    if "identity" in body:
        kubelet = {
            "resourceId": identity_id(resource_id.subscription, node_group, f"{resource_id.name}-agentpool"),
            "clientId": new_id(),
            "objectId": new_id(),
        }
        properties.setdefault("identityProfile", {"kubeletidentity": kubelet})


def _filled(value: Any, defaults: dict[str, Any]) -> dict[str, Any]:
    """Return `value` with missing and null members taken from `defaults`, at every depth."""
    filled = {name: item for name, item in (value or {}).items() if item is not None}
    for name, default in defaults.items():
        if isinstance(default, dict) and default:
            filled[name] = _filled(filled.get(name), default)
        elif name not in filled:
            filled[name] = copy.deepcopy(default)
    return filled


def _random(length: int) -> str:
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(length))
