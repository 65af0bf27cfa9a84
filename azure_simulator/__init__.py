"""A local Azure: as much of Resource Manager, AKS, managed identity and Entra ID as a real `az` needs here.

with Simulator(scale=0.01) as simulator:
    simulator.seed.cluster("group", "cluster")
"""

from .clock import Durations
from .faults import Fault
from .simulator import Connection, Simulator

__all__ = ["Connection", "Durations", "Fault", "Simulator"]
