# SPDX-License-Identifier: MIT
"""The status of the migration of clusters to Microsoft Entra Workload ID, as seen from Azure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from azext_podidentity.fleet.inventory import FleetCluster
from azext_podidentity.fleet.markdown import table
from azext_podidentity.fleet.workload_progress import NOT_REQUESTED, WorkloadProgress
from azext_podidentity.profile.entries import NotFound, Unreadable
from azext_podidentity.profile.identity_bindings import SUCCEEDED, IdentityBinding
from azext_podidentity.profile.text import count_of
from azext_podidentity.profile.validation import with_identity_names
from azext_podidentity.profile.workload_credentials import (
    AUDIENCE,
    MAX_CREDENTIALS,
    IdentityCredentials,
    IdentityLookup,
)

# In the order of a migration. Unknown: the cluster could not be read completely.
NOT_STARTED, IN_PROGRESS, READY, UNKNOWN = "NotStarted", "InProgress", "ReadyToFinish", "Unknown"
STATES = (NOT_STARTED, IN_PROGRESS, READY, UNKNOWN)
_SUBJECT = "system:serviceaccount:{}:"


@dataclass(frozen=True)
class ClusterMigration:
    """A cluster with the add-on enabled, and its managed identities with their credentials.

    lookups: by resource ID in lower case. error: why the lookups or bindings could not be read, None if they were.
    shared_limit: the resource IDs of the managed identities that would exceed the limit of credentials. bindings: the
    identity bindings of the cluster, if its state depends on them.
    """

    cluster: FleetCluster
    lookups: Mapping[str, IdentityLookup] = field(default_factory=dict)
    error: str | None = None
    shared_limit: tuple[str, ...] = ()
    bindings: tuple[IdentityBinding, ...] = ()
    workloads: WorkloadProgress | None = None

    @property
    def with_credentials(self) -> int:
        """Return the number of bound managed identities that trust service accounts of the cluster."""
        return len(self._with_credentials)

    @property
    def with_bindings(self) -> int:
        """Return the number of bound managed identities with a usable identity binding on the cluster."""
        return len(self._with_bindings)

    @property
    def depends_on_bindings(self) -> bool:
        """Return whether the state depends on identity bindings: both features are enabled and credentials are missing.

        A cluster on which workload identity is disabled cannot have identity bindings.
        """
        return self.cluster.cluster.features.enabled and not self._existing <= self._with_credentials

    @property
    def state(self) -> str:
        """Return the state, which is ReadyToFinish if only `migrate --finish` remains to be done in Azure."""
        profile, features = self.cluster.cluster.profile, self.cluster.cluster.features
        if self.error or any(isinstance(each, Unreadable) for each in self.lookups.values()):
            return UNKNOWN
        served = self._with_credentials | self._with_bindings
        if not profile.identities or (features.enabled and self._existing <= served):
            return READY if self.workloads is None or self.workloads.ready_to_finish else IN_PROGRESS
        started = features.oidc_issuer or features.workload_identity or self.with_credentials
        return IN_PROGRESS if started else NOT_STARTED

    @property
    def reason(self) -> str | None:
        """Return why the state is Unknown, None otherwise."""
        unreadable = [each.reason for each in self.lookups.values() if isinstance(each, Unreadable)]
        return self.error or next(iter(unreadable), None)

    @property
    def _existing(self) -> set[str]:
        return {key for key, each in self.lookups.items() if not isinstance(each, NotFound)}

    @property
    def _with_credentials(self) -> set[str]:
        return {key for key, each in self.lookups.items() if _trusted(each, self._issuer)}

    @property
    def _with_bindings(self) -> set[str]:
        usable = {each.resource_id.lower() for each in self.bindings if each.state == SUCCEEDED}
        return usable & self._existing

    @property
    def _issuer(self) -> str | None:
        return self.cluster.cluster.features.issuer

    def missing_namespaces(self) -> Mapping[str, set[str]]:
        """Return the namespaces that bind each managed identity (in lower case) and have no credential yet.

        Managed identities with an identity binding are left out, because they need none.
        """
        missing: dict[str, set[str]] = {}
        for resource_id, entries in self.cluster.cluster.profile.bindings().items():
            if resource_id.lower() in self._with_bindings:
                continue
            trusted = _trusted(self.lookups.get(resource_id.lower()), self._issuer)
            namespaces = {entry.key.namespace for entry in entries}
            missing[resource_id.lower()] = {
                each for each in namespaces if not any(one.startswith(_SUBJECT.format(each)) for one in trusted)
            }
        return missing

    def to_json(self) -> dict[str, Any]:
        """Return the row of `migrate --all-clusters`."""
        profile, features = self.cluster.cluster.profile, self.cluster.cluster.features
        return {
            "cluster": self.cluster.name,
            "clusterId": self.cluster.id,
            "subscription": self.cluster.subscription_name,
            "state": self.state,
            "oidcIssuer": _feature(features.oidc_issuer),
            "workloadIdentity": _feature(features.workload_identity),
            "managedIdentities": len(self.lookups),
            "withCredentials": self.with_credentials,
            "withBindings": self.with_bindings,
            "podIdentities": len(profile.identities),
            "exceptions": len(profile.exceptions),
            "failed": self.cluster.failed,
            "overCredentialLimit": list(self.shared_limit),
            "reason": self.reason,
            **(self.workloads.to_json() if self.workloads else NOT_REQUESTED),
        }


@dataclass(frozen=True)
class OverLimit:
    """A managed identity that needs more credentials than Azure allows: at least `needed`, for `clusters`."""

    resource_id: str
    existing: int
    needed: int
    clusters: tuple[str, ...]

    def __str__(self) -> str:
        """Return the warning."""
        name = with_identity_names(self.resource_id)
        return (
            f"Managed identity '{name}' is bound on {count_of(len(self.clusters), 'cluster')} and would need at least "
            f"{self.needed} federated identity credentials ({self.existing} exist). The limit is {MAX_CREDENTIALS}. "
            "Use identity bindings, or another managed identity for some of the clusters."
        )


def over_limit(clusters: Sequence[ClusterMigration]) -> list[OverLimit]:
    """Return the managed identities that would exceed the limit if all clusters were migrated.

    A subject contains the namespace, so each namespace of each cluster that binds one needs at least one credential.
    """
    needed: dict[str, int] = {}
    names: dict[str, list[str]] = {}
    existing: dict[str, tuple[str, int]] = {}
    for each in clusters:
        for key, namespaces in each.missing_namespaces().items():
            needed[key] = needed.get(key, 0) + len(namespaces)
            names.setdefault(key, []).append(each.cluster.name)
            found = each.lookups.get(key)
            if isinstance(found, IdentityCredentials):
                existing[key] = (found.identity.resource_id, len(found.credentials))
    return [
        OverLimit(resource_id, count, count + needed[key], tuple(names[key]))
        for key, (resource_id, count) in existing.items()
        if needed[key] and count + needed[key] > MAX_CREDENTIALS
    ]


def summary(clusters: Sequence[ClusterMigration], total: int) -> str:
    """Return one sentence with the number of clusters in each state. `total`: all clusters, including finished ones."""
    states = [each.state for each in clusters]
    counts = ", ".join(f"{states.count(state)} {state}" for state in STATES if state in states)
    left = f"The add-on is enabled on {len(clusters)} of {count_of(total, 'cluster')}"
    return f"{left}: {counts}." if counts else f"{left}."


def migration_report(clusters: Sequence[ClusterMigration], total: int, limits: Iterable[OverLimit]) -> str:
    """Return the Markdown report: counts, a row per cluster, and the managed identities over the limit."""
    features = ("OIDC issuer", "Workload identity")
    workloads = ("Labelled", "Ready", "NotReady", "StalePod") if any(each.workloads for each in clusters) else ()
    header = ("Cluster", "Subscription", "State", *features, "Credentials", "Bindings", "Entries left", *workloads)
    rows = [
        (
            each.cluster.name,
            each.cluster.subscription_name,
            each.state,
            each.to_json()["oidcIssuer"],
            each.to_json()["workloadIdentity"],
            f"{each.with_credentials} of {len(each.lookups)}",
            f"{each.with_bindings} of {len(each.lookups)}",
            len(each.cluster.cluster.profile.identities) + len(each.cluster.cluster.profile.exceptions),
            *(
                "?" if count is None else count
                for count in (each.workloads.counts().values() if each.workloads else ())
            ),
        )
        for each in clusters
    ]
    parts = ["# Migration of all clusters\n", f"{summary(clusters, total)}\n", table(header, rows)]
    warnings = [f"* {each} Clusters: {', '.join(each.clusters)}.\n" for each in limits]
    return "\n".join([*parts, *(["## Credential limit\n", "".join(warnings)] if warnings else [])])


def _feature(enabled: bool) -> str:
    return "Enabled" if enabled else "ToEnable"


def _trusted(found: IdentityLookup | None, issuer: str | None) -> list[str]:
    """Return the subjects that the managed identity trusts for the issuer.

    Microsoft Entra compares the issuer exactly, also a final slash.
    https://learn.microsoft.com/entra/workload-id/workload-identity-federation
    """
    if not isinstance(found, IdentityCredentials) or issuer is None:
        return []
    return [each.subject for each in found.credentials if each.issuer == issuer and AUDIENCE in each.audiences]
