"""A plan and its outcome in the JSON that people's scripts read; keys are never left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from azext_podidentity.migration.kustomize import FIXED, NOT_ROLLED
from azext_podidentity.migration.status import Status
from azext_podidentity.migration.steps import AccountStep, CredentialStep, Plan, WorkloadStep
from azext_podidentity.profile.cluster_features import OIDC_ISSUER, WORKLOAD_IDENTITY
from azext_podidentity.profile.workload_credentials import Credential, subject_of

Json = dict[str, Any]


def plan_report(plan: Plan, *, made: Iterable[Credential] = (), files: Sequence[str] = ()) -> Json:
    """The plan; `made` are the credentials that this run made, `files` the paths that it wrote."""
    features = plan.cluster.features
    made = set(made)
    return {
        "cluster": plan.cluster.reference.name,
        "issuer": features.issuer,
        "features": [
            {"name": OIDC_ISSUER, "enabled": features.oidc_issuer},
            {"name": WORKLOAD_IDENTITY, "enabled": features.workload_identity},
        ],
        "credentials": [_credential(step, made) for step in plan.credentials],
        "serviceAccounts": [_account(step) for step in plan.accounts],
        "workloads": [_workload(step) for step in plan.workloads],
        "decisions": [
            {
                "decision": each.code,
                "subject": each.subject,
                "why": each.why,
                "choices": each.choices,
                "command": each.command,
                "leavesOut": [str(key) for key in each.blocks],
            }
            for each in plan.decisions
        ],
        "files": list(files),
    }


def status_report(statuses: Iterable[Status]) -> list[Json]:
    """One object a workload."""
    return [
        {
            "namespace": each.workload.key.namespace,
            "kind": each.workload.key.kind,
            "name": each.workload.key.name,
            "serviceAccount": each.workload.service_account,
            "state": each.state,
            "why": each.why or None,
        }
        for each in statuses
    ]


def removal_report(
    cluster: str,
    *,
    credentials: Mapping[str, Sequence[Credential]] | None = None,
    identities: Iterable[str] = (),
    exceptions: Iterable[str] = (),
    disabled: bool = False,
) -> Json:
    """What `--undo` or `--finish` took away; `disabled` where the add-on is."""
    return {
        "cluster": cluster,
        "removedCredentials": [
            {"identity": resource_id, "name": each.name, "subject": each.subject}
            for resource_id, those in sorted((credentials or {}).items())
            for each in those
        ],
        "removedPodIdentities": list(identities),
        "removedExceptions": list(exceptions),
        "addOnDisabled": disabled,
    }


def _credential(step: CredentialStep, made: set[Credential]) -> Json:
    credential = step.credential
    state = "to make" if not step.exists else "made" if credential in made else "there"
    return {
        "identity": step.identity.resource_id,
        "name": credential.name if credential else None,
        "issuer": credential.issuer if credential else None,
        "subject": subject_of(step.namespace, step.service_account),
        "state": state,
    }


def _account(step: AccountStep) -> Json:
    state = "annotated" if step.annotated else "to annotate" if step.exists else "to make"
    return {"namespace": step.namespace, "name": step.name, "clientId": step.client_id, "state": state}


def _workload(step: WorkloadStep) -> Json:
    workload = step.workload
    changes = "pods are replaced one by one"
    if workload.key.kind in FIXED:
        changes = "has to be deleted and made again"
    elif workload.key.kind in NOT_ROLLED:
        changes = "its pods have to be deleted, to be made again"
    elif workload.key.kind == "CronJob":
        changes = "with its next job"
    return {
        "namespace": workload.key.namespace,
        "kind": workload.key.kind,
        "name": workload.key.name,
        "file": str(workload.origin),
        "identities": [each.resource_id for each in step.identities],
        "serviceAccount": {"from": workload.service_account, "to": step.service_account},
        "labels": step.labels,
        "annotations": step.annotations,
        "takesEffect": changes,
    }
