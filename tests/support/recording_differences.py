# SPDX-License-Identifier: MIT
"""Allowed differences in shape from recorded responses, each with its reason."""

from __future__ import annotations

NEWER_POOL = {
    f"properties.agentPoolProfiles[].{name}": "the recording is older than this field"
    for name in (
        "scaleDownMode",
        "upgradeStrategy",
        "upgradeSettings",
        "upgradeSettingsBlueGreen",
        "securityProfile",
        "eTag",
        "nodeLabels",
        "networkProfile",
        "currentOrchestratorVersion",
        "enableCustomCATrust",
        "workloadRuntime",
        "tags",
    )
}
NEWER = {
    **NEWER_POOL,
    **{
        f"properties.{name}": "the recording is older than this field, or this field is no longer answered"
        for name in (
            "autoUpgradeProfile",
            "metricsProfile",
            "resourceUID",
            "controlPlanePluginProfiles",
            "nodeProvisioningProfile",
            "bootstrapProfile",
            "enableFIPS",
            "windowsProfile",
            "enablePodSecurityPolicy",
            "supportPlan",
            "networkProfile.networkDataplane",
            "networkProfile.networkPolicy",
            "networkProfile.podLinkLocalAccess",
            "networkProfile.dockerBridgeCidr",
            "networkProfile.loadBalancerProfile.backendPoolType",
            "storageProfile.diskCSIDriver.version",
            "servicePrincipalProfile.clientId",
        )
    },
    "kind": "the recording is older than this field",
    "eTag": "the recording is older than this field",
}
SEEDED = {
    "properties.linuxProfile": "a seeded cluster has no SSH key",
    "properties.addonProfiles": "a seeded cluster has no add-ons",
    "tags": "a seeded cluster has no tags",
    "properties.agentPoolProfiles[].workloadRuntime": "sent by older clients only, and echoed",
    "properties.servicePrincipalProfile.clientId": "masked in the recordings of AKS",
}
PREVIEW = {
    "properties.controlPlanePluginProfiles": "the plug-ins vary by version and region",
    "properties.enableFIPS": "not answered by the preview version of the recording",
    "properties.servicePrincipalProfile.clientId": "masked in the recordings of AKS",
}
PROVIDER = dict.fromkeys(("authorization", "resourceTypes[].capabilities"), "of no use to a client")
CONDITION = {f"*properties.{name}": "the recording has a condition" for name in ("condition", "conditionVersion")} | {
    "*properties.description": "the recording has a description"
}

LISTED = {f"value[].{path}": reason for path, reason in (NEWER | SEEDED).items()} | {
    "nextLink": "the simulator answers all on one page",
    "value[].properties.agentPoolProfiles[].vnetSubnetID": "the recorded cluster has its own network",
}
