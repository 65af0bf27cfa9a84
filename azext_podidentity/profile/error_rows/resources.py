# SPDX-License-Identifier: MIT
"""Errors about resources that are missing, locked, or limited by a policy or a quota."""

from __future__ import annotations

from azext_podidentity.profile import error_advice as advice
from azext_podidentity.profile.known_errors import KnownError
from azext_podidentity.profile.service_requests import CHANGES, ON_CLUSTER, Retry, Stage

_NOT_FOUND = ("ResourceNotFound", "ResourceGroupNotFound", "NotFound")
_ALL_CHANGES = CHANGES | {Stage.GRANT, Stage.CREDENTIAL, Stage.BINDING}

ROWS = (
    KnownError(
        codes=_NOT_FOUND,
        sample="The Resource 'Microsoft.ContainerService/managedClusters/myAKSCluster' under resource group "
        "'myResourceGroup' was not found.",
        cause="Cluster '{cluster}' was not found in resource group '{resource_group}'.",
        fix="To list the clusters of the subscription, run:",
        commands=advice.list_clusters,
        stages=frozenset({Stage.READ}),
    ),
    KnownError(
        codes=(*_NOT_FOUND, "InvalidResourceReference", "LinkedInvalidPropertyId"),
        pattern=r"(?:resource(?: group)? '?(?P<resource>[^\s']+)'? (?:[^']* )?(?:under|referenced|was not|could not)"
        r"|'(?P<quoted>[^']+)'.*not (?:be )?found)",
        sample="The Resource 'Microsoft.Network/virtualNetworks/myVnet' under resource group 'myNetworkGroup' was not "
        "found.",
        advice=advice.missing_resource,
        stages=_ALL_CHANGES,
    ),
    KnownError(
        codes=("PrincipalNotFound",),
        pattern="principal '?(?P<principal_id>[0-9a-f-]*)'?",
        sample="Principal 00000000000000000000000000000000 does not exist in the directory TENANT_ID. Check that you "
        "have the correct principal ID.",
        cause="The cluster identity is not in the directory of the managed identity's subscription. A new identity "
        "takes a few minutes to appear; an identity of another tenant never does.",
        fix="Wait a few minutes, and then run your command again.",
        stages=frozenset({Stage.GRANT}),
        retry=Retry.LATER,
    ),
    KnownError(
        codes=("RoleAssignmentLimitExceeded",),
        sample="No more role assignments can be created (the limit is 4000 per subscription).",
        cause="The subscription has reached its limit of role assignments.",
        fix="Grant the role once on the resource group of the managed identities instead of on each of them, or remove "
        "role assignments that are not needed. Then run your command again.",
        stages=frozenset({Stage.GRANT}),
    ),
    KnownError(
        codes=("ScopeLocked",),
        pattern="(?:.*locked: '(?P<scope>[^']*)')?",
        sample="The scope '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/myResourceGroup/"
        "providers/Microsoft.ContainerService/managedClusters/myAKSCluster' cannot perform write operation because "
        "following scope(s) are locked: '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/"
        "myResourceGroup'. Please remove the lock and try again.",
        advice=advice.locked,
    ),
    KnownError(
        codes=("RequestDisallowedByPolicy",),
        pattern=r"policyAssignment.*?[\"']id[\"']\s*:\s*[\"'](?P<assignment>[^\"']*/policyAssignments/[^\"']+)",
        sample='Resource \'myAKSCluster\' was disallowed by policy. Policy identifiers: \'[{"policyAssignment":{"name":'
        '"Allowed roles","id":"/subscriptions/00000000-0000-0000-0000-000000000000/providers/'
        "Microsoft.Authorization/policyAssignments/allowed-roles\"}}]'.",
        cause="The policy assignment '{assignment}' forbids the change.",
        fix="Ask the owner of the policy assignment for an exemption, and then retry. To show it, run:",
        commands=advice.show_policy,
    ),
    KnownError(
        codes=("RequestDisallowedByPolicy",),
        sample="Resource 'myAKSCluster' was disallowed by policy.",
        cause="A policy forbids the change.",
        fix="Ask the owner of the policy assignment for an exemption, and then run your command again.",
    ),
    KnownError(
        codes=("K8sVersionNotSupported", "NodePoolMcVersionIncompatible"),
        sample="Managed cluster myAKSCluster is on version 1.26.0, which is not supported in this region.",
        cause="The service refuses changes of cluster '{cluster}' because of the Kubernetes version of the cluster or "
        "of a node pool.",
        fix="Choose a supported version from the first command and upgrade to it with the second:",
        commands=advice.upgrade,
        stages=ON_CLUSTER,
    ),
    KnownError(
        codes=(
            *("QuotaExceeded", "ErrCode_InsufficientVCPUQuota", "InsufficientVCPUQuota", "SubnetIsFull"),
            *("InsufficientSubnetSize", "PublicIPCountLimitReached"),
        ),
        sample="Subnet mySubnet with address prefix 10.0.0.0/24 does not have enough capacity for 4 IP addresses.",
        cause="The service needs more capacity than a quota or a subnet allows. This is not related to pod identity.",
        fix="Raise the quota or enlarge the subnet, and then run your command again.",
        stages=CHANGES,
    ),
)
