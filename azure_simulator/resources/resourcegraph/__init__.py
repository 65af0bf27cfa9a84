# SPDX-License-Identifier: MIT
"""Microsoft.ResourceGraph: one query over the resources of many subscriptions."""

from azure_simulator.resources.resourcegraph.graph import ResourceGraph

__all__ = ["ResourceGraph"]
