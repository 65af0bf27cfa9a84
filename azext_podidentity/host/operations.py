# SPDX-License-Identifier: MIT
"""A proxy of the SDK's managed cluster operations for the host's commands, with faster polling and explained errors."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import HttpResponseError

from azext_podidentity.arm import managed_identities
from azext_podidentity.arm.backoff import BackoffPolling
from azext_podidentity.arm.errors import explain_if_pod_identity
from azext_podidentity.arm.models import fill_null_labels, if_absent, if_unchanged
from azext_podidentity.cli.interruption import note_not_sent, note_sent
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.cluster_reference import ClusterReference

if TYPE_CHECKING:
    from azure.cli.core import AzCli


class ManagedClusterOperations:
    """Forward every call to the SDK's operations, and poll writes with a backoff instead of every 30 seconds.

    With `etag`, a write succeeds only if the cluster is unchanged since it was read; with `create_only`, only if the
    cluster does not exist.
    """

    def __init__(self, cli_ctx: AzCli, operations: Any, reference: ClusterReference) -> None:
        self._cli_ctx = cli_ctx
        self._operations = operations
        self._reference = reference
        self.etag: str | None = None
        self.create_only = False
        self.accepted = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._operations, name)

    def begin_create_or_update(
        self, resource_group_name: str, resource_name: str, parameters: Any, **options: Any
    ) -> Any:
        """Call the SDK's method. Raise an explained azure-cli error if the service refuses pod identities."""
        fill_null_labels(parameters)
        options.setdefault("polling", BackoffPolling())
        if "match_condition" not in options:
            options.update(if_absent() if self.create_only else if_unchanged(self.etag))
        self.accepted = False
        note_sent(self._cli_ctx, self._reference)
        try:
            poller = self._operations.begin_create_or_update(resource_group_name, resource_name, parameters, **options)
        except HttpResponseError as error:
            note_not_sent(self._cli_ctx, self._reference)
            cluster = Cluster.from_json(self._reference, parameters.as_dict())
            advised = explain_if_pod_identity(error, cluster, partial(managed_identities.find, self._cli_ctx))
            if advised is None:
                raise
            raise advised from error
        self.accepted = True
        return poller
