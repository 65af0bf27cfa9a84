"""A local Azure: as much of Resource Manager, AKS, managed identity and Entra ID as a real `az` needs here.

with Simulator(scale=0.01) as simulator:
    simulator.seed.cluster("group", "cluster")
"""

from azure_simulator.clock import Durations
from azure_simulator.faults import Fault
from azure_simulator.simulator import Connection, Simulator

__all__ = ["Connection", "Durations", "Fault", "Simulator"]
