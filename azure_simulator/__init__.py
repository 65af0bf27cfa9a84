# SPDX-License-Identifier: MIT
"""A local Azure: the parts of Resource Manager, AKS, managed identity and Microsoft Entra ID that `az` needs here.

with Simulator(scale=0.01) as simulator:
    simulator.seed.cluster("group", "cluster")
"""

from azure_simulator.clock import Between, Durations
from azure_simulator.faults import Fault
from azure_simulator.limits import AZURE_LIMITS, NO_LIMITS
from azure_simulator.simulator import Connection, Simulator

__all__ = ["AZURE_LIMITS", "NO_LIMITS", "Between", "Connection", "Durations", "Fault", "Simulator"]
