# SPDX-License-Identifier: MIT
"""Microsoft.ContainerService: managed clusters, their agent pools and their operations."""

from azure_simulator.resources.containerservice.cluster_identity import ClusterIdentities
from azure_simulator.resources.containerservice.clusters import Cluster, Clusters
from azure_simulator.resources.containerservice.identity_bindings import IdentityBindings
from azure_simulator.resources.containerservice.operations import Operations
from azure_simulator.resources.containerservice.pod_identity_check import Dependencies
from azure_simulator.resources.containerservice.routes import ContainerService
from azure_simulator.resources.containerservice.run_command import RunCommands

__all__ = [
    "Cluster",
    "ClusterIdentities",
    "Clusters",
    "ContainerService",
    "Dependencies",
    "IdentityBindings",
    "Operations",
    "RunCommands",
]
