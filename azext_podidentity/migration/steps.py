"""The steps of a migration, and the plan that they make up."""

from __future__ import annotations

from dataclasses import dataclass

from azext_podidentity.migration.decisions import Decision
from azext_podidentity.migration.workloads import ObjectKey, Workload
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import ManagedIdentity
from azext_podidentity.profile.labels import BINDING_LABEL, PROXY_ANNOTATION, USE_LABEL
from azext_podidentity.profile.workload_credentials import Credential


@dataclass(frozen=True)
class Options:
    """What the person chose."""

    proxy_sidecar: bool = False
    new_service_accounts: bool = False


@dataclass(frozen=True)
class CredentialStep:
    """A credential that a managed identity needs for a service account; none yet where the issuer is not known.

    `exists` for one that is there already, whoever made it.
    """

    identity: ManagedIdentity
    namespace: str
    service_account: str
    credential: Credential | None
    exists: bool = False


@dataclass(frozen=True)
class AccountStep:
    """A service account and the client id that it is to be annotated with."""

    namespace: str
    name: str
    client_id: str
    exists: bool = False
    annotated: bool = False


@dataclass(frozen=True)
class WorkloadStep:
    """What changes in the pod template of a workload; a label of None is removed."""

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
        """Whether its pods get another service account."""
        return self.service_account != self.workload.service_account

    @property
    def patchable(self) -> bool:
        """Whether a patch can name it."""
        return not (self.workload.unseen or self.workload.key.name.endswith("*"))


@dataclass(frozen=True)
class Plan:
    """All there is to do, in the order in which it is done, and what has to be decided."""

    cluster: Cluster
    credentials: tuple[CredentialStep, ...] = ()
    accounts: tuple[AccountStep, ...] = ()
    workloads: tuple[WorkloadStep, ...] = ()
    decisions: tuple[Decision, ...] = ()

    @property
    def missing_credentials(self) -> list[CredentialStep]:
        """Those that are still to be made."""
        return [step for step in self.credentials if not step.exists]

    @property
    def left_out(self) -> frozenset[ObjectKey]:
        """The workloads that wait for a decision."""
        return frozenset(key for each in self.decisions for key in each.blocks)

    @property
    def approved(self) -> bool:
        """Whether the Azure side is done, as far as nothing is left to decide."""
        return self.cluster.features.enabled and not self.missing_credentials
