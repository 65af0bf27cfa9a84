# SPDX-License-Identifier: MIT
"""Text that the help of several commands shares."""

from __future__ import annotations

IDENTITY_IDS = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/MyResourceGroup"
    "/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
)
CLUSTER = "--resource-group MyResourceGroup --cluster-name MyCluster"
READ = "Required permissions: Microsoft.ContainerService/managedClusters/read on the cluster."
WRITE = "Required permissions: Microsoft.ContainerService/managedClusters/read and write on the cluster."
GRANT = """Required permissions: Microsoft.ContainerService/managedClusters/read and write on the cluster,
    Microsoft.ManagedIdentity/userAssignedIdentities/read on the managed identity, and
    Microsoft.Authorization/roleAssignments/read. If the role must be granted, also
    Microsoft.Authorization/roleAssignments/write on the managed identity. Without the permissions for role
    assignments, have an owner grant the role and pass --skip-role-assignment."""
