# SPDX-License-Identifier: MIT
"""Check the pods of a cluster: read the cluster from Azure, and its Kubernetes objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azext_podidentity.actions.check import complete_snapshot
from azext_podidentity.actions.workload_source import (
    WorkloadSource,
    long_lived_objects,
    read_binding_roles,
    read_objects_in_cluster,
    read_objects_in_files,
)
from azext_podidentity.checks.finding import Finding
from azext_podidentity.checks.registry import by_severity, run_checks
from azext_podidentity.pod_checks.kubernetes_state import read_state
from azext_podidentity.pod_checks.pod_snapshot import PodSnapshot
from azext_podidentity.pod_checks.registry import run_pod_checks

if TYPE_CHECKING:
    from azure.cli.core import AzCli

    from azext_podidentity.arm.managed_clusters import ClusterReader


def find_problems(cli_ctx: AzCli, client: Any, reader: ClusterReader, source: WorkloadSource) -> list[Finding]:
    """Return the findings about the cluster and its pods, worst first. Raise the errors of `read_pod_snapshot`."""
    snapshot = read_pod_snapshot(cli_ctx, client, reader, source)
    return by_severity([*run_checks(snapshot.azure), *run_pod_checks(snapshot)])


def read_pod_snapshot(cli_ctx: AzCli, client: Any, reader: ClusterReader, source: WorkloadSource) -> PodSnapshot:
    """Return the state of the cluster in Azure, and its Kubernetes objects from the source.

    Files are read before any request. Raise an azure-cli error if the cluster or the source cannot be read.
    """
    objects = read_objects_in_files(source) if source.workloads else None
    state = reader.read()
    if objects is None:
        objects = read_objects_in_cluster(cli_ctx, client, state, source)
    with long_lived_objects():
        inside = read_state(objects, complete=not source.workloads, default_namespace=source.namespace)
    if inside.complete and inside.uses_identity_bindings:
        inside = inside.with_roles(read_binding_roles(cli_ctx, client, state, source))
    return PodSnapshot(complete_snapshot(cli_ctx, state.cluster), inside)
