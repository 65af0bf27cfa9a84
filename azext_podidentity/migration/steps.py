"""The steps of a migration, and the plan that consists of them."""

from __future__ import annotations

from dataclasses import dataclass

from azext_podidentity.migration.decision import Decision
from azext_podidentity.migration.workloads import ObjectKey, Workload
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import ManagedIdentity
from azext_podidentity.profile.labels import BINDING_LABEL, PROXY_ANNOTATION, USE_LABEL
from azext_podidentity.profile.workload_credentials import FederatedCredential


@dataclass(frozen=True)
class Options:
    """The options of the command line that shape a plan."""

    proxy_sidecar: bool = False
    new_service_accounts: bool = False


@dataclass(frozen=True)
class CredentialStep:
    """A credential that a managed identity needs for a service account.

    `credential` is None until the cluster's issuer is known; `exists` is set for an equal one of any name.
    """

    identity: ManagedIdentity
    namespace: str
    service_account: str
    credential: FederatedCredential | None
    exists: bool = False


@dataclass(frozen=True)
class ServiceAccountStep:
    """A service account and the client ID that it needs as annotation."""

    namespace: str
    name: str
    client_id: str
    exists: bool = False
    annotated: bool = False


@dataclass(frozen=True)
class WorkloadStep:
    """The changes of a workload's pod template; a label of None is removed."""

    workload: Workload
    service_account: str
    identities: tuple[ManagedIdentity, ...]
    proxy_sidecar: bool = False

    @property
    def labels(self) -> dict[str, str | None]:
        return {BINDING_LABEL: None, USE_LABEL: "true"}

    @property
    def annotations(self) -> dict[str, str]:
        wanted = self.proxy_sidecar and self.workload.annotations.get(PROXY_ANNOTATION) != "true"
        return {PROXY_ANNOTATION: "true"} if wanted else {}

    @property
    def moves(self) -> bool:
        """Whether its pods change their service account."""
        return self.service_account != self.workload.service_account

    @property
    def patchable(self) -> bool:
        """Whether a patch can be written for it."""
        return not (self.workload.owner_missing or self.workload.key.name.endswith("*"))


@dataclass(frozen=True)
class MigrationPlan:
    """The steps of a migration in the order in which they are carried out, and the decisions."""

    cluster: Cluster
    credentials: tuple[CredentialStep, ...] = ()
    accounts: tuple[ServiceAccountStep, ...] = ()
    workloads: tuple[WorkloadStep, ...] = ()
    decisions: tuple[Decision, ...] = ()

    @property
    def missing_credentials(self) -> list[CredentialStep]:
        """The credentials that do not exist yet."""
        return [step for step in self.credentials if not step.exists]

    @property
    def blocked(self) -> frozenset[ObjectKey]:
        """The workloads that are skipped until a decision is taken."""
        return frozenset(key for each in self.decisions for key in each.blocked_workloads)

    @property
    def approved(self) -> bool:
        """Whether the Azure side is complete for all workloads that no decision blocks."""
        return self.cluster.features.enabled and not self.missing_credentials
