# SPDX-License-Identifier: MIT
"""Read the workloads for a migration or a check from the source that the command line names."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azure.cli.core.azclierror import ValidationError
from knack.util import CLIError

from azext_podidentity.arm import run_command
from azext_podidentity.arm.concurrency import or_error
from azext_podidentity.kubernetes import kubectl, sources
from azext_podidentity.kubernetes.sources import Loaded
from azext_podidentity.migration.inventory import DEFAULT_NAMESPACE
from azext_podidentity.migration.kubernetes_objects import KubernetesObject, read_objects
from azext_podidentity.migration.resources_to_read import (
    FOR_BINDING_ROLES,
    FOR_MIGRATION,
    FOR_POD_CHECKS,
    in_cluster_command,
)
from azext_podidentity.profile.entries import Unreadable

if TYPE_CHECKING:
    from azure.cli.core import AzCli

    from azext_podidentity.arm.managed_clusters import ClusterReader, ClusterState

# A command inside the cluster prints the objects only.
_UNKNOWN_KINDS = ("custom resources that are not known to this command",)


@dataclass(frozen=True)
class WorkloadSource:
    """The options of the command line that select the source of the workloads."""

    workloads: tuple[str, ...] = ()
    context: str | None = None
    run_command: bool = False
    namespace: str = DEFAULT_NAMESPACE

    @property
    def arguments(self) -> tuple[str, ...]:
        """The options as words of a command line."""
        workloads = ("--workloads", *self.workloads) if self.workloads else ()
        context = ("--context", self.context) if self.context else ()
        namespace = () if self.namespace == DEFAULT_NAMESPACE else ("--namespace", self.namespace)
        return (*workloads, *context, *(("--run-command",) if self.run_command else ()), *namespace)


@contextmanager
def long_lived_objects() -> Iterator[None]:
    """Exclude the objects that the block creates from garbage collection.

    A large cluster has millions of them, and they live until the command ends: scanning them would double its run time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def load(
    cli_ctx: AzCli,
    client: Any,
    reader: ClusterReader,
    source: WorkloadSource,
    *,
    must_be_cluster: bool = False,
) -> Loaded:
    """Return the workloads in the named files or, without any, in the cluster.

    `must_be_cluster`: whether to verify that kubectl's context is the cluster. Raise an azure-cli error if the
    workloads cannot be read, and ValidationError if the cluster returned none, which does not prove that none exist.
    """
    with long_lived_objects():
        if source.workloads:
            return sources.load(source.workloads, source.namespace)
        found = _read_cluster(cli_ctx, client, reader.read(), source, FOR_MIGRATION, must_be_cluster=must_be_cluster)
        return sources.of_objects(found.objects, source.namespace, kinds_not_read=found.kinds_not_read)


def read_objects_in_files(source: WorkloadSource) -> list[KubernetesObject]:
    """Return the objects in the files and folders of the source. Raise the errors of `load`."""
    with long_lived_objects():
        return sources.read_sources(source.workloads)[0]


def read_objects_in_cluster(
    cli_ctx: AzCli, client: Any, state: ClusterState, source: WorkloadSource
) -> list[KubernetesObject]:
    """Return the objects that decide which managed identities pods of the cluster get. Raise the errors of `load`."""
    with long_lived_objects():
        return _read_cluster(cli_ctx, client, state, source, FOR_POD_CHECKS).objects


def read_binding_roles(
    cli_ctx: AzCli, client: Any, state: ClusterState, source: WorkloadSource
) -> list[KubernetesObject] | Unreadable:
    """Return the ClusterRoles and ClusterRoleBindings of the cluster, or why they cannot be read."""
    found = or_error(_read_resources, cli_ctx, client, state, source, FOR_BINDING_ROLES)
    return Unreadable.because(found) if isinstance(found, CLIError) else found.objects


def _read_cluster(
    cli_ctx: AzCli,
    client: Any,
    state: ClusterState,
    source: WorkloadSource,
    to_read: Iterable[str],
    *,
    must_be_cluster: bool = False,
) -> kubectl.ClusterObjects:
    """Return the objects of the resources. Raise ValidationError if nothing was read."""
    found = _read_resources(cli_ctx, client, state, source, to_read, must_be_cluster=must_be_cluster)
    if not found.objects:
        raise ValidationError(
            f"No workload was read from cluster '{state.cluster.reference.name}'.",
            "Name the cluster's context with --context, or pass its workloads with --workloads.",
        )
    return found


def _read_resources(
    cli_ctx: AzCli,
    client: Any,
    state: ClusterState,
    source: WorkloadSource,
    to_read: Iterable[str],
    *,
    must_be_cluster: bool = False,
) -> kubectl.ClusterObjects:
    """Return the objects of the resources, read by kubectl locally or inside the cluster."""
    cluster = state.cluster
    if source.run_command:
        command = in_cluster_command(to_read)
        text = run_command.run_kubectl(cli_ctx, client, cluster.reference, state.model, command)
        return kubectl.ClusterObjects(read_objects(text, "run-command"), _UNKNOWN_KINDS)
    return kubectl.read_cluster_objects(
        cli_ctx, cluster, source.context, must_be_cluster=must_be_cluster, to_read=to_read
    )
