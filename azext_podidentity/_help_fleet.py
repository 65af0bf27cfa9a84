# SPDX-License-Identifier: MIT
"""The help of the commands over many clusters, in knack's YAML."""

from __future__ import annotations

FLEET_HELP: dict[str, str] = {}

FLEET_HELP["aks pod-identity list-clusters"] = """
type: command
short-summary: List the clusters on which the pod identity add-on is enabled.
long-summary: >-
    Finds the clusters in all subscriptions of your account with one Azure Resource Graph query, whose results can be a
    few minutes old. If the query is refused, the command lists the clusters of each subscription instead. Each row has
    the number of pod identities and exceptions, whether the OIDC issuer and workload identity are enabled, and the
    other clusters with the same cluster identity. A summary is printed to standard error.


    You can pass the IDs to the --ids option of other commands, for example check, apply and migrate. If some
    subscriptions cannot be read, the clusters of the others are listed, and the exit code is 4.


    Required permissions: Microsoft.ContainerService/managedClusters/read in the subscriptions.
examples:
  - name: List the clusters in all subscriptions as a table.
    text: az aks pod-identity list-clusters --output table
  - name: List the IDs of the clusters in two subscriptions, one per line.
    text: >-
        az aks pod-identity list-clusters --subscriptions MySubscription MyOtherSubscription --query "[].id"
        --output tsv
  - name: List all clusters in a management group, with and without the add-on.
    text: az aks pod-identity list-clusters --management-group MyGroup --include-disabled --output table
"""
