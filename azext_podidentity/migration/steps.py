"""The steps of a migration, and the plan that consists of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from azext_podidentity.migration.decision import Decision
from azext_podidentity.migration.node_agent_users import NodeAgentUser
from azext_podidentity.migration.workloads import GENERATED, ObjectKey, Workload
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import ManagedIdentity
from azext_podidentity.profile.labels import BINDING_LABEL, PROXY_ANNOTATION, USE_LABEL
from azext_podidentity.profile.workload_credentials import FederatedCredential

Stage = Literal["Prepare", "RemoveLabels", "OneStep"]
PREPARE: Stage = "Prepare"
REMOVE_LABELS: Stage = "RemoveLabels"
ONE_STEP: Stage = "OneStep"


@dataclass(frozen=True)
class Options:
    """The options of the command line that shape a plan.

    `proxy_sidecar`: the names of workloads that get the sidecar; none named means those whose manifest uses the
    instance metadata service, and None means no workload.
    """

    stage: Stage = PREPARE
    proxy_sidecar: tuple[str, ...] | None = None
    new_service_accounts: bool = False

    @property
    def removes_labels(self) -> bool:
        """Return whether the label of pod identities is removed in this stage."""
        return self.stage != PREPARE


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
    """A service account, the client ID that it needs as annotation, and the image pull secrets of a new one."""

    namespace: str
    name: str
    client_id: str
    exists: bool = False
    annotated: bool = False
    image_pull_secrets: tuple[str, ...] = ()


@dataclass(frozen=True)
class WorkloadStep:
    """The changes of a workload's pod template in one stage; a label of None is removed."""

    workload: Workload
    service_account: str
    identities: tuple[ManagedIdentity, ...]
    proxy_sidecar: bool = False
    stage: Stage = PREPARE

    @property
    def labels(self) -> dict[str, str | None]:
        """The labels that change."""
        removed: dict[str, str | None] = {} if self.stage == PREPARE else {BINDING_LABEL: None}
        added = self.stage == ONE_STEP or not self.workload.uses_workload_identity
        return {**removed, **({USE_LABEL: "true"} if added else {})}

    @property
    def annotations(self) -> dict[str, str]:
        """The annotations that change."""
        wanted = self.proxy_sidecar and self.workload.annotations.get(PROXY_ANNOTATION) != "true"
        return {PROXY_ANNOTATION: "true"} if wanted else {}

    @property
    def moves(self) -> bool:
        """Return whether its pods change their service account."""
        return self.service_account != self.workload.service_account

    @property
    def changes(self) -> bool:
        """Return whether anything changes in this stage."""
        return bool(self.labels or self.annotations or self.moves)

    @property
    def patchable(self) -> bool:
        """Return whether a patch can be written for it: an overlay with a bare pod or a job could not be applied."""
        template = self.workload.template
        named = not self.workload.key.name.endswith(GENERATED)
        return named and template is not None and not (template.immutable or template.has_lists)


@dataclass(frozen=True)
class ResourceStep:
    """A SecretProviderClass or TriggerAuthentication that stops using the node agent, with the client ID it gets."""

    user: NodeAgentUser
    client_id: str | None = None


@dataclass(frozen=True)
class MigrationPlan:
    """The steps of a migration in the order in which they are carried out, and the decisions."""

    cluster: Cluster
    stage: Stage = PREPARE
    credentials: tuple[CredentialStep, ...] = ()
    accounts: tuple[ServiceAccountStep, ...] = ()
    workloads: tuple[WorkloadStep, ...] = ()
    resources: tuple[ResourceStep, ...] = ()
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
        """Return whether the Azure side is complete for all workloads that no decision blocks."""
        return self.cluster.features.enabled and not self.missing_credentials
