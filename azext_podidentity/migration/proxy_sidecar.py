# SPDX-License-Identifier: MIT
"""Decide which workloads get the proxy sidecar, which serves requests to the instance metadata service.

https://learn.microsoft.com/azure/aks/workload-identity-migrate-from-pod-identity
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from azext_podidentity.migration import user_decisions, workload_decisions
from azext_podidentity.migration.decision import Decision
from azext_podidentity.migration.workloads import Workload
from azext_podidentity.profile.labels import PROXY_ANNOTATION

_JOB_KINDS = frozenset({"Job", "CronJob", "ScaledJob", "Workflow", "CronWorkflow", "WorkflowTemplate"})
# Native sidecars end together with the containers of a job:
# https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
_NATIVE_SIDECARS = (1, 32)


@dataclass(frozen=True)
class ProxySidecar:
    """The value of --proxy-sidecar: names of workloads, an empty list for all that need it, None without the option."""

    names: tuple[str, ...] | None
    kubernetes_version: str | None

    def wanted(self, workload: Workload) -> bool:
        """Return whether a workload gets the sidecar."""
        if self.names is None:
            return False
        key = workload.key
        named = {key.name, f"{key.namespace}/{key.name}"} & set(self.names)
        return bool(named) or (not self.names and bool(workload.pod.imds))

    def obstacles(self, workload: Workload, *, bound: bool) -> Iterator[Decision]:
        """Yield the decisions about a workload that uses the instance metadata service or would get the sidecar.

        `bound`: whether it gets an identity binding. Nothing public says that the sidecar can use one.
        """
        choice = workload.annotations.get(PROXY_ANNOTATION)
        if bound:
            if self.wanted(workload) or choice == "true" or (workload.pod.imds and choice != "false"):
                reason = "it gets an identity binding, which the sidecar is not documented to support."
                yield workload_decisions.proxy_not_possible(workload, reason)
        elif self.wanted(workload):
            if workload.pod.host_network:
                yield workload_decisions.proxy_not_possible(workload, "it uses the host's network.")
            elif workload.pod.windows:
                yield workload_decisions.proxy_not_possible(workload, "it runs on Windows.")
        elif workload.pod.imds and choice not in ("true", "false"):
            yield user_decisions.calls_imds(workload)

    def limits(self, workload: Workload) -> list[str]:
        """Return the limits of the sidecar that affect the workload, one sentence each."""
        found = ["It needs a privileged init container, which Pod Security level 'baseline' rejects."]
        if workload.pod.init_containers:
            found.append("The sidecar starts after the pod's own init containers, which get no tokens from it.")
        if workload.key.kind in _JOB_KINDS and _version(self.kubernetes_version) < _NATIVE_SIDECARS:
            found.append("Before Kubernetes 1.32, the sidecar keeps a job from ending.")
        return found


def _version(text: str | None) -> tuple[int, ...]:
    parts = (text or "").split(".")[:2]
    return tuple(map(int, parts)) if all(each.isdigit() for each in parts) else (0, 0)
