# SPDX-License-Identifier: MIT
"""The SDK's managed cluster operations as the host's own commands call them, with our pace and explanations."""

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
    """Passes every call on to the SDK's operations; a write is followed at our pace, not every 30 s.

    With `etag` set, a write succeeds only if the cluster is still as it was read then; with `create_only` set, only if
    the cluster does not exist.
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
        """As the SDK's. Raises an explained azure-cli error where pod identities are what the service refuses."""
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
