# SPDX-License-Identifier: MIT
"""The plan of a migration and its steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from azext_podidentity.migration.decision import Decision
from azext_podidentity.migration.node_agent_users import NodeAgentUser
from azext_podidentity.migration.workloads import GENERATED, ObjectKey, Workload
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import ManagedIdentity
from azext_podidentity.profile.identity_bindings import SUCCEEDED, IdentityBinding, binding_name
from azext_podidentity.profile.labels import BINDING_LABEL, IDENTITY_BINDING_ANNOTATION, PROXY_ANNOTATION, USE_LABEL
from azext_podidentity.profile.workload_credentials import FederatedCredential

Stage = Literal["Prepare", "RemoveLabels", "OneStep"]
PREPARE: Stage = "Prepare"
REMOVE_LABELS: Stage = "RemoveLabels"
ONE_STEP: Stage = "OneStep"
Target = Literal["workload-identity", "identity-binding"]
WORKLOAD_IDENTITY: Target = "workload-identity"
IDENTITY_BINDING: Target = "identity-binding"


def stage_of(*, remove_labels: bool, one_step: bool) -> Stage:
    """Return the stage that the flags of the command line select."""
    if remove_labels:
        return REMOVE_LABELS
    return ONE_STEP if one_step else PREPARE


@dataclass(frozen=True)
class Options:
    """The options of the command line that affect a plan.

    `proxy_sidecar`: the names of workloads that get the sidecar; empty means those whose manifest uses the instance
    metadata service, and None means no workload. `identities`: the names or resource IDs of the managed identities that
    get identity bindings, if these are the target; empty means all. `arguments`: the words of the command line that
    name the source of the workloads, for commands of the plan.
    """

    stage: Stage = PREPARE
    proxy_sidecar: tuple[str, ...] | None = None
    new_service_accounts: bool = False
    target: Target = WORKLOAD_IDENTITY
    identities: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()

    def binds(self, identity: ManagedIdentity) -> bool:
        """Return whether the managed identity gets an identity binding, ignoring the case of names."""
        if self.target != IDENTITY_BINDING or not self.identities:
            return self.target == IDENTITY_BINDING
        names = (identity.name.lower(), identity.resource_id.lower())
        return any(each.lower() in names for each in self.identities)

    @property
    def repeated(self) -> tuple[str, ...]:
        """Return the options that affect the plan, except the target, as words of a command line."""
        stage = {REMOVE_LABELS: ("--remove-labels",), ONE_STEP: ("--one-step",)}.get(self.stage, ())
        sidecar = () if self.proxy_sidecar is None else ("--proxy-sidecar", *self.proxy_sidecar)
        accounts = ("--new-service-accounts",) if self.new_service_accounts else ()
        return (*stage, *sidecar, *accounts, *self.arguments)

    @property
    def removes_labels(self) -> bool:
        """Return whether the label of pod identities is removed in this stage."""
        return self.stage != PREPARE


@dataclass(frozen=True)
class CredentialStep:
    """A credential that a managed identity needs for a service account.

    `credential`: None until the cluster's issuer is known. `exists`: whether an equal one with any name exists.
    """

    identity: ManagedIdentity
    namespace: str
    service_account: str
    credential: FederatedCredential | None
    exists: bool = False


@dataclass(frozen=True)
class BindingStep:
    """An identity binding that a managed identity needs for service accounts (namespace and name).

    `binding`: the cluster's binding of the managed identity, with any name and in any state; None if it has none.
    """

    identity: ManagedIdentity
    accounts: tuple[tuple[str, str], ...]
    binding: IdentityBinding | None = None

    @property
    def name(self) -> str:
        """The name of the binding."""
        return self.binding.name if self.binding else binding_name(self.identity.resource_id)

    @property
    def exists(self) -> bool:
        """Whether the binding exists and is usable."""
        return self.binding is not None and self.binding.state == SUCCEEDED


@dataclass(frozen=True)
class ServiceAccountStep:
    """A service account with the IDs for its annotations, and the image pull secrets of a new one.

    `tenant_id`: None if it needs no such annotation; only identity bindings require it.
    """

    namespace: str
    name: str
    client_id: str
    exists: bool = False
    annotated: bool = False
    image_pull_secrets: tuple[str, ...] = ()
    tenant_id: str | None = None


@dataclass(frozen=True)
class WorkloadStep:
    """The changes of a workload's pod template in one stage; a label with the value None is removed."""

    workload: Workload
    service_account: str
    identities: tuple[ManagedIdentity, ...]
    proxy_sidecar: bool = False
    identity_binding: bool = False
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
        wanted = ((PROXY_ANNOTATION, self.proxy_sidecar), (IDENTITY_BINDING_ANNOTATION, self.identity_binding))
        return {
            name: "true" for name, is_wanted in wanted if is_wanted and self.workload.annotations.get(name) != "true"
        }

    @property
    def moves(self) -> bool:
        """Return whether its pods get another service account."""
        return self.service_account != self.workload.service_account

    @property
    def changes(self) -> bool:
        """Return whether anything changes in this stage."""
        return bool(self.labels or self.annotations or self.moves)

    @property
    def patchable(self) -> bool:
        """Return whether a patch can be written for it, which is not so for pods and jobs: they cannot be changed."""
        template = self.workload.template
        named = not self.workload.key.name.endswith(GENERATED)
        return named and template is not None and not (template.immutable or template.has_lists)


@dataclass(frozen=True)
class ResourceStep:
    """A SecretProviderClass or TriggerAuthentication that stops using the node agent, with its new client ID.

    `identity_binding`: whether it then uses an identity binding.
    """

    user: NodeAgentUser
    client_id: str | None = None
    identity_binding: bool = False

    @property
    def spec_change(self) -> dict[str, Any]:
        """The change of the spec."""
        return self.user.spec_change(self.client_id, identity_binding=self.identity_binding)


@dataclass(frozen=True)
class MigrationPlan:  # pylint: disable=too-many-instance-attributes
    """The steps of a migration in the order of execution, and the decisions."""

    cluster: Cluster
    stage: Stage = PREPARE
    credentials: tuple[CredentialStep, ...] = ()
    bindings: tuple[BindingStep, ...] = ()
    accounts: tuple[ServiceAccountStep, ...] = ()
    workloads: tuple[WorkloadStep, ...] = ()
    resources: tuple[ResourceStep, ...] = ()
    decisions: tuple[Decision, ...] = ()

    @property
    def missing_credentials(self) -> list[CredentialStep]:
        """The credentials that do not exist yet."""
        return [step for step in self.credentials if not step.exists]

    @property
    def missing_bindings(self) -> list[BindingStep]:
        """The identity bindings that do not exist yet or are not usable."""
        return [step for step in self.bindings if not step.exists]

    @property
    def blocked(self) -> frozenset[ObjectKey]:
        """The workloads that are skipped until you have taken a decision."""
        return frozenset(key for each in self.decisions for key in each.blocked_workloads)

    @property
    def approved(self) -> bool:
        """Return whether the Azure side is complete for all workloads that no decision blocks."""
        return self.cluster.features.enabled and not (self.missing_credentials or self.missing_bindings)
