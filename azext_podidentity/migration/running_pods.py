# SPDX-License-Identifier: MIT
"""Read from running pods what the webhook of workload identity injected when they were created."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from azext_podidentity.migration.json_values import mapping, strings
from azext_podidentity.migration.pod_spec import CLIENT_ID_VARIABLE, has_token, has_token_proxy, injected_client_id
from azext_podidentity.migration.workloads import DEFAULT_ACCOUNT, ObjectKey, Workload
from azext_podidentity.profile.labels import BINDING_LABEL, USE_LABEL


class RunningPod(NamedTuple):
    """A running pod: whether it has the label, requests workload identity, and has a token of workload identity.

    `client_id`: the one beside the token. `has_proxy`: whether it gets its tokens by an identity binding.
    """

    key: ObjectKey
    labelled: bool
    uses_workload_identity: bool
    has_token: bool
    service_account: str
    client_id: str | None = None
    has_proxy: bool = False

    def is_stale(self, client_id: str | None) -> bool:
        """Return whether its token came with another client ID than its service account has."""
        return self.has_token and self.client_id not in (None, client_id)


def read_running_pod(key: ObjectKey, raw: Mapping[str, Any]) -> RunningPod:
    """Return the running pod in a Pod object."""
    labels = strings(mapping(raw.get("metadata")).get("labels"))
    spec = mapping(raw.get("spec"))
    return RunningPod(
        key,
        labelled=BINDING_LABEL in labels,
        uses_workload_identity=labels.get(USE_LABEL) == "true",
        has_token=has_token(spec),
        service_account=str(spec.get("serviceAccountName") or spec.get("serviceAccount") or DEFAULT_ACCOUNT),
        client_id=injected_client_id(spec),
        has_proxy=has_token_proxy(spec),
    )


def stale_pods(workload: Workload, pods: Iterable[RunningPod], client_id: str | None) -> list[RunningPod]:
    """Return the pods whose token came with another client ID, unless the workload sets the client ID itself."""
    return [] if CLIENT_ID_VARIABLE in workload.pod.variables else [pod for pod in pods if pod.is_stale(client_id)]
