# SPDX-License-Identifier: MIT
"""Convert a plan, the statuses and a removal to JSON for scripts. Every object always has all keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from azext_podidentity.migration.decision import Decision
from azext_podidentity.migration.status import Status
from azext_podidentity.migration.steps import (
    BindingStep,
    CredentialStep,
    MigrationPlan,
    ResourceStep,
    ServiceAccountStep,
    WorkloadStep,
)
from azext_podidentity.profile.cluster_features import OIDC_ISSUER, WORKLOAD_IDENTITY
from azext_podidentity.profile.identity_bindings import IdentityBinding
from azext_podidentity.profile.workload_credentials import FederatedCredential, subject_of

Json = dict[str, Any]


def plan_report(
    plan: MigrationPlan,
    *,
    created: Iterable[FederatedCredential] = (),
    bound: Iterable[IdentityBinding] = (),
    files: Sequence[str] = (),
) -> Json:
    """Return the plan as JSON.

    `created`, `bound`: the credentials and identity bindings that this run created. `files`: the paths of the written
    files.
    """
    features = plan.cluster.features
    names = {each.name for each in bound}
    created = set(created)
    return {
        "cluster": plan.cluster.reference.name,
        "stage": plan.stage,
        "issuerUrl": features.issuer,
        "features": [
            {"name": name, "state": "Enabled" if enabled else "ToEnable"}
            for name, enabled in ((OIDC_ISSUER, features.oidc_issuer), (WORKLOAD_IDENTITY, features.workload_identity))
        ],
        "credentials": [_credential(step, created) for step in plan.credentials],
        "identityBindings": [_binding(step, names) for step in plan.bindings],
        "serviceAccounts": [_service_account(step) for step in plan.accounts],
        "workloads": [_workload(step) for step in plan.workloads],
        "otherResources": [_resource(step) for step in plan.resources],
        "decisions": [decision_json(each) for each in plan.decisions],
        "files": list(files),
    }


def status_report(statuses: Iterable[Status]) -> list[Json]:
    """Return one object per user of pod identity or workload identity."""
    return [
        {
            "namespace": each.key.namespace,
            "kind": each.key.kind,
            "name": each.key.name,
            "serviceAccount": each.service_account,
            "state": each.state,
            "pods": each.pods,
            "podsWithToken": each.pods_with_token,
            "reason": each.reason or None,
        }
        for each in statuses
    ]


def removal_report(
    cluster: str,
    *,
    credentials: Mapping[str, Sequence[FederatedCredential]] | None = None,
    bindings: Iterable[IdentityBinding] = (),
    identities: Iterable[str] = (),
    exceptions: Iterable[str] = (),
    roles: Iterable[Mapping[str, object]] = (),
    disabled: bool = False,
) -> Json:
    """Return what `--undo` or `--finish` removed. `roles`: the outcome for each. `disabled`: whether the add-on was."""
    return {
        "cluster": cluster,
        "removedCredentials": [
            {"identity": resource_id, "name": each.name, "subject": each.subject}
            for resource_id, removed in sorted((credentials or {}).items())
            for each in removed
        ],
        "removedIdentityBindings": [{"identity": each.resource_id, "name": each.name} for each in bindings],
        "removedPodIdentities": list(identities),
        "removedExceptions": list(exceptions),
        "roleAssignments": list(roles),
        "addOnDisabled": disabled,
    }


def decision_json(decision: Decision) -> Json:
    """Return the JSON object of a decision."""
    return {
        "code": decision.code,
        "severity": decision.severity,
        "subject": decision.subject,
        "reason": decision.reason,
        "resolution": decision.resolution,
        "command": decision.command,
        "blockedWorkloads": [str(key) for key in decision.blocked_workloads],
    }


def _credential(step: CredentialStep, created: set[FederatedCredential]) -> Json:
    credential = step.credential
    state = "Pending" if not step.exists else "Created" if credential in created else "Exists"
    return {
        "identity": step.identity.resource_id,
        "name": credential.name if credential else None,
        "issuer": credential.issuer if credential else None,
        "subject": subject_of(step.namespace, step.service_account),
        "state": state,
    }


def _binding(step: BindingStep, created: set[str]) -> Json:
    return {
        "identity": step.identity.resource_id,
        "name": step.name,
        "state": "Pending" if not step.exists else "Created" if step.name in created else "Exists",
    }


def _service_account(step: ServiceAccountStep) -> Json:
    state = "Annotated" if step.annotated else "NeedsAnnotation" if step.exists else "Pending"
    return {"namespace": step.namespace, "name": step.name, "clientId": step.client_id, "state": state}


def _workload(step: WorkloadStep) -> Json:
    workload = step.workload
    return {
        "namespace": workload.key.namespace,
        "kind": workload.key.kind,
        "name": workload.key.name,
        "source": str(workload.origin),
        "identities": [each.resource_id for each in step.identities],
        "serviceAccount": step.service_account,
        "previousServiceAccount": workload.service_account,
        "labels": step.labels,
        "annotations": step.annotations,
        "rollout": workload.rollout,
    }


def _resource(step: ResourceStep) -> Json:
    return {
        "namespace": step.user.key.namespace,
        "kind": step.user.key.kind,
        "name": step.user.key.name,
        "source": str(step.user.origin),
        "clientId": step.client_id,
        "spec": step.spec_change,
    }
