"""Microsoft.ContainerService: managed clusters, their agent pools and their operations."""

from .cluster_identity import ClusterIdentities
from .clusters import Cluster, Clusters
from .operations import Operations
from .pod_identity_check import Neighbours
from .routes import ContainerService
from .run_command import RunCommands

__all__ = ["Cluster", "ClusterIdentities", "Clusters", "ContainerService", "Neighbours", "Operations", "RunCommands"]
