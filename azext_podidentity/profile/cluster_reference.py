# SPDX-License-Identifier: MIT
"""Resolve the cluster of a command line: `--resource-group` and `--cluster-name`, or `--cluster`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from azure.cli.core.azclierror import (
    InvalidArgumentValueError,
    MutuallyExclusiveArgumentError,
    RequiredArgumentMissingError,
)

from azext_podidentity.profile.shell import command_line

_EXAMPLE = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/myResourceGroup"
    "/providers/Microsoft.ContainerService/managedClusters/myAKSCluster"
)
# Compiled when it is needed, which is rare: every command imports this module.
_CLUSTER_ID = (
    r"/subscriptions/([^/\s]+)/resourceGroups/([^/\s]+)"
    r"/providers/Microsoft\.ContainerService/managedClusters/([-\w]+)/?"
)


@dataclass(frozen=True)
class ClusterReference:
    """The resource group and name of a managed cluster.

    subscription: its name or ID, None if neither the command line nor a resource ID names one.
    """

    resource_group: str
    name: str
    subscription: str | None = None

    def pod_identity_command(self, verb: str, *arguments: str) -> str:
        """Return a command line of `az aks pod-identity` about this cluster."""
        cluster = ("--resource-group", self.resource_group, "--cluster-name", self.name)
        return self.command("aks", "pod-identity", *verb.split(), *cluster, *arguments)

    def cluster_command(self, verb: str, *arguments: str) -> str:
        """Return a command line of `az aks` about this cluster."""
        return self.command("aks", verb, "--resource-group", self.resource_group, "--name", self.name, *arguments)

    def update_command(self, *arguments: str) -> str:
        """Return a command line of `az aks update` about this cluster."""
        return self.cluster_command("update", *arguments)

    def command(self, *words: str) -> str:
        """Return a command line of az in the subscription of this cluster."""
        return command_line(*words, *(("--subscription", self.subscription) if self.subscription else ()))


def cluster_of_id(resource_id: str) -> ClusterReference:
    """Return the cluster with that resource ID; keywords may have any case. Raise InvalidArgumentValueError."""
    match = re.fullmatch(_CLUSTER_ID, resource_id, re.IGNORECASE | re.ASCII)
    if match is None:
        raise InvalidArgumentValueError(
            f"--cluster {resource_id!r} is not the resource ID of a managed cluster.",
            [
                f"Example: {_EXAMPLE}",
                "To get the resource ID of a cluster, run:",
                "az aks show --resource-group GROUP --name NAME --query id --output tsv",
            ],
        )
    subscription, resource_group, name = match.groups()
    return ClusterReference(resource_group, name, subscription)


def resolve_cluster(
    cluster: str | None, resource_group: str | None, cluster_name: str | None, subscription: str | None = None
) -> ClusterReference:
    """Return the cluster that `--cluster` (a name or a resource ID) and the other options identify.

    Options that are not on the command line are None. Defaults of `az config` apply unless `cluster` is a resource ID.
    Raise RequiredArgumentMissingError if an option is missing, MutuallyExclusiveArgumentError if the options name
    different clusters, and InvalidArgumentValueError for the resource ID of something else.
    """
    if cluster is not None and "/" in cluster:
        named = cluster_of_id(cluster)
        _check_same("--resource-group", _given(resource_group), named.resource_group)
        _check_same("--subscription", _given(subscription), named.subscription)
    else:
        name = cluster or cluster_name
        if not (resource_group and name):
            absent = {"--resource-group/-g": resource_group, "--cluster-name": name}
            missing = [key for key, value in absent.items() if not value]
            raise RequiredArgumentMissingError(
                f"The following arguments are required: {', '.join(missing)}.",
                [
                    "Name the cluster with --resource-group and --cluster-name, or with --cluster and its resource ID.",
                    f"Example: {_EXAMPLE}",
                ],
            )
        named = ClusterReference(resource_group, name)
    _check_same("--cluster-name", cluster_name, named.name)
    return named


def _given(value: str | None) -> str | None:
    """Return the value if it is from the command line; az marks values from its configuration."""
    return None if getattr(value, "is_default", False) else value


def _check_same(option: str, value: str | None, named: str | None) -> None:
    if value is not None and named is not None and value.lower() != named.lower():
        raise MutuallyExclusiveArgumentError(
            f"{option} {value!r} and --cluster name different clusters: --cluster has {named!r}.",
            f"Omit {option} or --cluster.",
        )
