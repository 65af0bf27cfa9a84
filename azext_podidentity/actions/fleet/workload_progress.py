# SPDX-License-Identifier: MIT
"""Read the progress of the workloads of many clusters by their kubectl contexts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from azure.cli.core.azclierror import InvalidArgumentValueError
from knack.util import CLIError

from azext_podidentity.actions.fleet.parallel import context_in
from azext_podidentity.arm.backoff import WAIT_LIMIT, Deadline
from azext_podidentity.arm.concurrency import ReadOnce
from azext_podidentity.arm.federated_credentials import CredentialService
from azext_podidentity.arm.identity_bindings import IdentityBindings
from azext_podidentity.fleet.inventory import FleetCluster
from azext_podidentity.fleet.workload_progress import WorkloadProgress, match_contexts
from azext_podidentity.kubernetes import kubectl, sources
from azext_podidentity.migration.binding_options import uses_bindings
from azext_podidentity.migration.inventory import DEFAULT_NAMESPACE, Inventory
from azext_podidentity.migration.status import statuses, used_identities
from azext_podidentity.profile.text import one_line
from azext_podidentity.profile.workload_credentials import IdentityLookup

if TYPE_CHECKING:
    from azure.cli.core import AzCli

# Seconds for one run of kubectl; a cluster needs three.
_KUBECTL_TIMEOUT = 90


class WorkloadReader:  # pylint: disable=too-few-public-methods
    """Read the workloads of clusters, from any thread. `contexts`: by resource ID of the cluster in lower case."""

    def __init__(self, cli_ctx: AzCli, contexts: Mapping[str, str]) -> None:
        self._cli_ctx = cli_ctx
        self._contexts = contexts
        self._credentials = ReadOnce(self._read_identity)

    def read(self, cluster: FleetCluster) -> WorkloadProgress:
        """Return the progress of the workloads, or the reason why they could not be read."""
        context = self._contexts.get(cluster.id.lower())
        if context is None:
            return WorkloadProgress(reason="No kubectl context matches the cluster.")
        try:
            return self._read(cluster, context)
        except CLIError as error:
            return WorkloadProgress(context, reason=one_line(error))

    def _read(self, cluster: FleetCluster, context: str) -> WorkloadProgress:
        az_context = context_in(self._cli_ctx, cluster.subscription_id)
        found = kubectl.read_cluster_objects(az_context, cluster.cluster, context, timeout=_KUBECTL_TIMEOUT)
        if not found.objects:
            return WorkloadProgress(context, reason="No workload was read from the cluster.")
        loaded = sources.of_objects(found.objects, DEFAULT_NAMESPACE, kinds_not_read=found.kinds_not_read)
        return self._progress(az_context, cluster, context, loaded.inventory)

    def _progress(
        self, az_context: AzCli, cluster: FleetCluster, context: str, inventory: Inventory
    ) -> WorkloadProgress:
        known = cluster.cluster
        lookups = {each.lower(): self._credentials(each) for each in used_identities(known.profile, inventory)}
        reader = IdentityBindings(az_context, known.reference, Deadline(WAIT_LIMIT))
        bindings = reader.read() if uses_bindings(inventory) else ()
        states = Counter(each.state for each in statuses(known, inventory, lookups, bindings))
        return WorkloadProgress(context, states["Labelled"], states["Ready"], states["NotReady"], states["StalePod"])

    def _read_identity(self, resource_id: str) -> IdentityLookup:
        return CredentialService(self._cli_ctx).read([resource_id])[resource_id.lower()]


def workload_reader(cli_ctx: AzCli, pattern: str, clusters: Sequence[FleetCluster]) -> WorkloadReader:
    """Return the reader of the contexts whose name matches the pattern.

    Raise ValidationError if kubectl cannot be run, and InvalidArgumentValueError if no context matches the pattern.
    """
    servers = kubectl.context_servers(timeout=_KUBECTL_TIMEOUT)
    chosen = {name: server for name, server in servers.items() if fnmatchcase(name, pattern)}
    if not chosen:
        raise InvalidArgumentValueError(
            f"No kubectl context matches --context '{pattern}'. {_known(servers)}",
            ["To list the contexts, run:", "kubectl config get-contexts"],
        )
    return WorkloadReader(cli_ctx, match_contexts(chosen, clusters))


def _known(names: Iterable[str]) -> str:
    return f"There are {len(list(names))} contexts. A pattern can have the wildcards * and ?."
