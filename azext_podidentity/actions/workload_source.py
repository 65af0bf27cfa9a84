"""Read the workloads of a migration from where the command line names them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azure.cli.core.azclierror import ValidationError

from azext_podidentity.arm import run_command
from azext_podidentity.kubernetes import kubectl, sources
from azext_podidentity.kubernetes.sources import Loaded
from azext_podidentity.migration.inventory import DEFAULT_NAMESPACE
from azext_podidentity.migration.kubernetes_objects import read_objects
from azext_podidentity.migration.resources_to_read import in_cluster_command

if TYPE_CHECKING:
    from azure.cli.core import AzCli

    from azext_podidentity.arm.managed_clusters import ClusterReader
    from azext_podidentity.profile.cluster_reference import ClusterReference

# A command inside the cluster prints the objects only.
_UNKNOWN_KINDS = ("custom resources that are not known to this command",)


@dataclass(frozen=True)
class WorkloadSource:
    """The options of the command line that name where the workloads are read."""

    workloads: tuple[str, ...] = ()
    context: str | None = None
    run_command: bool = False
    namespace: str = DEFAULT_NAMESPACE

    @property
    def arguments(self) -> tuple[str, ...]:
        """The same as words of a command line."""
        workloads = ("--workloads", *self.workloads) if self.workloads else ()
        context = ("--context", self.context) if self.context else ()
        namespace = () if self.namespace == DEFAULT_NAMESPACE else ("--namespace", self.namespace)
        return (*workloads, *context, *(("--run-command",) if self.run_command else ()), *namespace)


@contextmanager
def long_lived_objects() -> Iterator[None]:
    """Keep the garbage collector from looking at the objects that the block makes, now and later.

    Those of a large cluster are millions, and stay until the command ends: looking at them doubles its time.
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
    reference: ClusterReference,
    source: WorkloadSource,
    *,
    must_be_cluster: bool = False,
) -> Loaded:
    """Return the workloads in the named files or, without any, in the cluster.

    `must_be_cluster`: kubectl's context has to be the cluster for certain. Raise an azure-cli error if the workloads
    cannot be read, and ValidationError if the cluster returned none: that nothing was read does not mean that nothing
    is left.
    """
    with long_lived_objects():
        return _load(cli_ctx, client, reader, reference, source, must_be_cluster=must_be_cluster)


def _load(
    cli_ctx: AzCli,
    client: Any,
    reader: ClusterReader,
    reference: ClusterReference,
    source: WorkloadSource,
    *,
    must_be_cluster: bool,
) -> Loaded:
    if source.workloads:
        return sources.load(source.workloads, source.namespace)
    if source.run_command:
        command = in_cluster_command()
        text = run_command.run_kubectl(cli_ctx, client, reference, reader.read().model, command)
        found = kubectl.ClusterObjects(read_objects(text, "run-command"), _UNKNOWN_KINDS)
    else:
        cluster = reader.read().cluster
        found = kubectl.read_cluster_objects(cli_ctx, cluster, source.context, must_be_cluster=must_be_cluster)
    if not found.objects:
        raise ValidationError(
            f"No workload was read from cluster '{reference.name}'.",
            "Name the cluster's context with --context, or pass its workloads with --workloads.",
        )
    return sources.of_objects(found.objects, source.namespace, kinds_not_read=found.kinds_not_read)
