# SPDX-License-Identifier: MIT
"""The help of the commands over many clusters, in knack's YAML."""

from __future__ import annotations

FLEET_HELP: dict[str, str] = {}

FLEET_HELP["aks pod-identity list-clusters"] = """
type: command
short-summary: List the clusters on which the pod identity add-on is enabled.
long-summary: >-
    Finds the clusters in all subscriptions that az knows with one Azure Resource Graph query, which can be a few
    minutes behind. If the query is refused, the clusters of each subscription are listed. Each row has the number of
    pod identities and exceptions, whether the OIDC issuer and workload identity are enabled, and the other clusters
    that have the same cluster identity. A summary is printed to standard error.


    Pass the IDs to the --ids option of other commands, for example of list, check, apply and migrate. If some
    subscriptions cannot be read, the other clusters are listed, and the exit code is 4.


    Required permissions: Microsoft.ContainerService/managedClusters/read in the subscriptions.
examples:
  - name: List the clusters in all subscriptions as a table.
    text: az aks pod-identity list-clusters --output table
  - name: List the IDs of the clusters in two subscriptions, one per line.
    text: >-
        az aks pod-identity list-clusters --subscriptions MySubscription MyOtherSubscription --query "[].id"
        --output tsv
  - name: List all clusters below a management group.
    text: az aks pod-identity list-clusters --management-group MyGroup --include-disabled --output table
"""
