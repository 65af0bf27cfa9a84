"""Render the Kubernetes side of a plan as files: service accounts, and patches for kustomize or kubectl.

For manifests, a kustomization applies the patches. For objects that were read from a cluster, there is no manifest to
build on: a script patches them with kubectl.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.steps import MigrationPlan, ServiceAccountStep, WorkloadStep
from azext_podidentity.migration.workloads import POD_TEMPLATES
from azext_podidentity.profile.labels import CLIENT_ID_ANNOTATION

KUSTOMIZATION, ACCOUNTS, SCRIPT = "kustomization.yaml", "service-accounts.yaml", "apply.sh"
OVERLAY = (KUSTOMIZATION, ACCOUNTS, SCRIPT)
PATCHES, COPIES = "patches", "original-manifests"
_MARK = "# Written by az aks pod-identity migrate; run it again rather than edit this file."
# The pod template of the first kinds cannot be changed. The others change without replacing their pods.
IMMUTABLE_KINDS = frozenset({"Pod", "Job"})
NO_ROLLOUT_KINDS = frozenset({"ReplicaSet", "ReplicationController"})


def is_ours(text: str) -> bool:
    """Return whether this command wrote the file that has this text."""
    return _MARK in text[: len(_MARK) + 20]


def sources_of(plan: MigrationPlan, inventory: Inventory) -> list[str]:
    """Return the sources of the manifests that the kustomization builds on."""
    sources = {step.workload.origin.source for step in _patched(plan, live=False)}
    for step in plan.accounts:
        there = inventory.service_accounts.get((step.namespace, step.name))
        if there is not None and not there.live and not step.annotated:
            sources.add(there.origin.source)
    return sorted(sources)


def make_files(
    plan: MigrationPlan, inventory: Inventory, places: Mapping[str, str], context: str | None = None
) -> dict[str, str]:
    """Return the files by their path in the output folder; none if nothing changes.

    `places` has the path, from that folder, of each of `sources_of`; `context` is kubectl's, for the script.
    """
    files: dict[str, str] = {}
    in_manifests, in_cluster = list(_patched(plan, live=False)), list(_patched(plan, live=True))
    accounts = list(_new_accounts(plan, inventory))
    patched = list(_patched_accounts(plan, inventory))
    patches = {_file_name(step.workload.key): _workload_patch(step) for step in (*in_manifests, *in_cluster)}
    files |= {f"{PATCHES}/{name}": _yaml(patch) for name, patch in patches.items()}
    files |= {f"{PATCHES}/{_account_file(step)}": _yaml(patch) for step, patch in patched}
    if accounts:
        files[ACCOUNTS] = _yaml(*accounts)
    if in_manifests or patched:
        names = [_file_name(step.workload.key) for step in in_manifests] + [_account_file(step) for step, _ in patched]
        files[KUSTOMIZATION] = _yaml(_kustomization(sorted(set(places.values())), bool(accounts), names))
    if in_cluster or (accounts and not in_manifests):
        files[SCRIPT] = _script(in_cluster, bool(accounts), context)
    return files


def _patched(plan: MigrationPlan, *, live: bool) -> Iterator[WorkloadStep]:
    return (step for step in plan.workloads if step.patchable and step.workload.live == live)


def _new_accounts(plan: MigrationPlan, inventory: Inventory) -> Iterator[dict[str, Any]]:
    """Yield the service accounts that no manifest contains; applying them annotates those in the cluster."""
    for step in plan.accounts:
        there = inventory.service_accounts.get((step.namespace, step.name))
        if step.annotated or (there is not None and not there.live):
            continue
        yield _account(step, names_namespace=_users_name_namespace(plan, step))


def _patched_accounts(plan: MigrationPlan, inventory: Inventory) -> Iterator[tuple[ServiceAccountStep, dict[str, Any]]]:
    for step in plan.accounts:
        there = inventory.service_accounts.get((step.namespace, step.name))
        if there is not None and not there.live and not step.annotated:
            yield step, _account(step, names_namespace=there.names_namespace)


def _users_name_namespace(plan: MigrationPlan, step: ServiceAccountStep) -> bool:
    """Return whether the manifests of the workloads that run as the service account name their namespace."""
    users = [
        each.workload
        for each in plan.workloads
        if (each.workload.key.namespace, each.service_account) == (step.namespace, step.name)
    ]
    return any(each.names_namespace for each in users)


def _account(step: ServiceAccountStep, *, names_namespace: bool) -> dict[str, Any]:
    namespace = {"namespace": step.namespace} if names_namespace else {}
    metadata = {"name": step.name, **namespace, "annotations": {CLIENT_ID_ANNOTATION: step.client_id}}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def _workload_patch(step: WorkloadStep) -> dict[str, Any]:
    """Return a strategic merge patch: null removes a label, and everything not mentioned stays."""
    workload = step.workload
    namespace = {"namespace": workload.key.namespace} if workload.names_namespace else {}
    name: dict[str, Any] = {"name": workload.key.name, **namespace}
    pod: dict[str, Any] = {"metadata": {"labels": step.labels}}
    if step.annotations:
        pod["metadata"]["annotations"] = step.annotations
    if step.moves:
        pod["spec"] = {"serviceAccountName": step.service_account}
    for part in reversed(POD_TEMPLATES[workload.key.kind]):
        pod = {part: pod}
    head = {"apiVersion": workload.api_version, "kind": workload.key.kind}
    return {**head, "metadata": {**name, **pod.pop("metadata", {})}, **pod}


def _kustomization(manifests: list[str], accounts: bool, patches: Iterable[str]) -> dict[str, Any]:
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [*manifests, *([ACCOUNTS] if accounts else [])],
        "patches": [{"path": f"{PATCHES}/{name}"} for name in sorted(patches)],
    }


def _script(steps: Iterable[WorkloadStep], accounts: bool, context: str | None) -> str:
    kubectl = shlex.join(["kubectl", *(("--context", context) if context else ())])
    lines = [
        "#!/bin/sh",
        _MARK,
        "# Changes what is in the cluster; can be run again.",
        "set -eu",
        'cd "$(dirname "$0")"',
    ]
    if accounts:
        lines.append(f"{kubectl} apply --filename {ACCOUNTS}")
    for step in steps:
        key = step.workload.key
        file = f"{PATCHES}/{_file_name(key)}"
        if key.kind in IMMUTABLE_KINDS:
            lines.append(f"# {key} cannot be changed: delete it, and create it again with the changes in {file}")
            continue
        what = shlex.join([key.kind.lower(), key.name, "--namespace", key.namespace])
        lines.append(f"{kubectl} patch {what} --type strategic --patch-file {file}")
        if key.kind in NO_ROLLOUT_KINDS:
            lines.append(f"# {key} does not replace its pods: delete them one by one")
    return "\n".join(lines) + "\n"


def _file_name(key: Any) -> str:
    """Return a file name that is unique, because Kubernetes names contain no underscore."""
    return "_".join(re.sub(r"[^-.A-Za-z0-9]", "-", part).lower() for part in key) + ".yaml"


def _account_file(step: ServiceAccountStep) -> str:
    return _file_name((step.namespace, "ServiceAccount", step.name))


def _yaml(*documents: dict[str, Any]) -> str:
    import yaml

    return f"{_MARK}\n{yaml.safe_dump_all(documents, sort_keys=False)}"
