# SPDX-License-Identifier: MIT
"""Render the Kubernetes side of a plan as files: patches for kustomize or kubectl.

For objects from manifests, a kustomization applies the patches to copies of the manifests. Objects without a manifest
are those of a cluster, and service accounts that were not read. A script patches them with kubectl, because `kubectl
apply` of a part of an object removes what an earlier apply of the whole object has set:
https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/#how-apply-calculates-differences-and-merges-changes
"""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from azext_podidentity.migration.binding_files import role_objects
from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.pod_templates import Path
from azext_podidentity.migration.steps import MigrationPlan, ResourceStep, ServiceAccountStep, WorkloadStep
from azext_podidentity.migration.workloads import ObjectKey, ServiceAccount
from azext_podidentity.migration.yaml_text import dump
from azext_podidentity.profile.labels import CLIENT_ID_ANNOTATION, TENANT_ID_ANNOTATION

KUSTOMIZATION, ROLES, SCRIPT = "kustomization.yaml", "identity-binding-roles.yaml", "apply.sh"
OVERLAY = (KUSTOMIZATION, ROLES, SCRIPT)
PATCHES, ORIGINALS = "patches", "original-manifests"
_MARK = "# Written by az aks pod-identity migrate; run it again rather than edit this file."
# The maximum length in bytes of a file name without its suffix; file systems allow 255.
_MAX_NAME = 200
_ACCOUNTS = "serviceaccounts"
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Patch:  # pylint: disable=too-many-instance-attributes
    """A patch of an object.

    `raw`: its manifest, None without one. `was_read`: whether the object was read; one that was not may not exist.
    """

    key: ObjectKey
    body: Json
    resource: str
    strategic: bool
    raw: Json | None = None
    source: str = ""
    names_namespace: bool = True
    replaces_pods: bool = True
    was_read: bool = True

    @property
    def file(self) -> str:
        """The name of the file."""
        return file_name(self.key)


@dataclass(frozen=True)
class OutputFiles:
    """The text of each file, by its path in the output folder.

    `sources`: the source of each manifest, whose permissions its file gets. `namespace`: the namespace to pass to
    kubectl, for objects that do not name theirs.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    namespace: str | None = None


def is_ours(text: str) -> bool:
    """Return whether this command wrote a file with this text."""
    return _MARK in text[: len(_MARK) + 20]


def render(plan: MigrationPlan, inventory: Inventory, namespace: str | None, context: str | None) -> OutputFiles:
    """Return the files of a plan, none if nothing changes.

    `namespace`: the value of the command line for objects without a namespace. `context`: the kubectl context for the
    script.
    """
    # The webhook reads the service account when a pod is created, so the accounts come before the workloads.
    patches = [*_account_patches(plan, inventory), *_resource_patches(plan), *_workload_patches(plan)]
    named = {each.key.namespace for each in patches if each.names_namespace}
    # kubectl refuses --namespace if it differs from the namespace in a manifest.
    needs_namespace = namespace is not None and not all(each.names_namespace for each in patches)
    fill = needs_namespace and bool(named - {namespace})
    if fill:
        patches = [_with_namespace(each, namespace or "") for each in patches]
    passed = namespace if needs_namespace and not fill else None
    files: dict[str, str] = {f"{PATCHES}/{each.file}": _yaml(each.body) for each in patches}
    sources: dict[str, str] = {}
    manifests = [each for each in patches if each.raw is not None]
    others = [each for each in patches if each.raw is None]
    for each in manifests:
        files[f"{ORIGINALS}/{each.file}"] = _yaml(each.raw or {})
        sources[f"{ORIGINALS}/{each.file}"] = each.source
    roles = list(role_objects(plan, inventory))
    if roles:
        files[ROLES] = _yaml(*roles)
    if manifests:
        files[KUSTOMIZATION] = _yaml(_kustomization(sorted(each.file for each in manifests), files))
    if others or (roles and not manifests):
        files[SCRIPT] = _script(others, files, _kubectl(context, passed))
    return OutputFiles(files, sources, passed)


def file_name(key: ObjectKey) -> str:
    """Return a unique file name for the object; the separator is '_', which Kubernetes names cannot contain."""
    name = "_".join(re.sub(r"[^-.A-Za-z0-9]", "-", part).lower() for part in key)
    if len(name) > _MAX_NAME:
        name = f"{name[: _MAX_NAME - 13]}_{hashlib.sha256(name.encode()).hexdigest()[:12]}"
    return f"{name}.yaml"


def _workload_patches(plan: MigrationPlan) -> Iterator[Patch]:
    for step in plan.workloads:
        template = step.workload.template
        if step.patchable and step.changes and template is not None:
            workload = step.workload
            yield Patch(
                workload.key,
                _workload_patch(step),
                template.resource,
                strategic=not template.custom,
                raw=None if workload.live else workload.raw,
                source=workload.origin.source,
                names_namespace=workload.names_namespace,
                replaces_pods=workload.rollout != "Manual",
            )


def _resource_patches(plan: MigrationPlan) -> Iterator[Patch]:
    for step in plan.resources if plan.stage != "Prepare" else ():
        yield Patch(
            step.user.key,
            _resource_patch(step),
            step.user.resource,
            strategic=False,
            raw=None if step.user.live else step.user.raw,
            source=step.user.origin.source,
            names_namespace=step.user.names_namespace,
        )


def _account_patches(plan: MigrationPlan, inventory: Inventory) -> Iterator[Patch]:
    for step in plan.accounts:
        existing = _account_of(step, inventory)
        if existing is None:
            names_namespace = _users_name_namespace(plan, step)
            yield Patch(
                ObjectKey(step.namespace, "ServiceAccount", step.name),
                _account(step, names_namespace=names_namespace),
                _ACCOUNTS,
                strategic=True,
                names_namespace=names_namespace,
                was_read=False,
            )
        elif not step.annotated:
            yield Patch(
                existing.key,
                _account(step, names_namespace=existing.names_namespace),
                _ACCOUNTS,
                strategic=True,
                raw=None if existing.live else existing.raw,
                source=existing.origin.source,
                names_namespace=existing.names_namespace,
            )


def _account_of(step: ServiceAccountStep, inventory: Inventory) -> ServiceAccount | None:
    return inventory.service_accounts.get((step.namespace, step.name))


def _users_name_namespace(plan: MigrationPlan, step: ServiceAccountStep) -> bool:
    """Return whether the manifests of the workloads that run as the service account name their namespace."""
    users = [
        each.workload
        for each in plan.workloads
        if (each.workload.key.namespace, each.service_account) == (step.namespace, step.name)
    ]
    return not users or any(each.names_namespace for each in users)


def _account(step: ServiceAccountStep, *, names_namespace: bool) -> dict[str, Any]:
    namespace = {"namespace": step.namespace} if names_namespace else {}
    tenant = {TENANT_ID_ANNOTATION: step.tenant_id} if step.tenant_id else {}
    metadata = {"name": step.name, **namespace, "annotations": {CLIENT_ID_ANNOTATION: step.client_id, **tenant}}
    secrets = [{"name": name} for name in step.image_pull_secrets]
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata,
        **({"imagePullSecrets": secrets} if secrets else {}),
    }


def _workload_patch(step: WorkloadStep) -> dict[str, Any]:
    """Return a merge patch, in which null removes a label."""
    workload, template = step.workload, step.workload.template
    assert template is not None
    patch = _head(workload.api_version, template.kind, workload.key, names_namespace=workload.names_namespace)
    if step.labels:
        _put(patch, (*template.metadata_path, "labels"), step.labels)
    if step.annotations:
        _put(patch, (*template.metadata_path, "annotations"), step.annotations)
    if step.moves:
        _put(patch, template.account_path, step.service_account)
    return patch


def _resource_patch(step: ResourceStep) -> dict[str, Any]:
    user = step.user
    head = _head(user.api_version, user.key.kind, user.key, names_namespace=user.names_namespace)
    return {**head, "spec": step.spec_change}


def _head(api_version: str, kind: str, key: ObjectKey, *, names_namespace: bool) -> dict[str, Any]:
    namespace = {"namespace": key.namespace} if names_namespace else {}
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": key.name, **namespace}}


def _put(target: dict[str, Any], path: Path, value: Any) -> None:
    for part in path[:-1]:
        target = target.setdefault(part, {})
    target[path[-1]] = value


def _with_namespace(patch: Patch, namespace: str) -> Patch:
    from dataclasses import replace

    if patch.names_namespace:
        return patch

    def named(body: Json) -> Json:
        return {**body, "metadata": {**body.get("metadata", {}), "namespace": namespace}}

    raw = None if patch.raw is None else named(patch.raw)
    return replace(patch, body=named(patch.body), raw=raw, names_namespace=True)


def _kustomization(names: Iterable[str], files: Iterable[str]) -> dict[str, Any]:
    names = list(names)
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [*(f"{ORIGINALS}/{name}" for name in names), *({ROLES} & set(files))],
        "patches": [{"path": f"{PATCHES}/{name}"} for name in names],
    }


def _script(patches: Iterable[Patch], files: Iterable[str], kubectl: str) -> str:
    """Return a shell script that applies all files. The names in it were validated when they were read."""
    accounts = [each for each in patches if each.resource == _ACCOUNTS]
    lines = [
        "#!/bin/sh",
        _MARK,
        "# Changes objects in the cluster. It can be run again.",
        "set -eu",
        'cd "$(dirname "$0")"',
        *(line for each in accounts for line in _patch_lines(each, kubectl)),
    ]
    if KUSTOMIZATION in files:
        lines.append(f"{kubectl} apply -k .")
    elif ROLES in files:
        lines.append(f"{kubectl} apply --filename {ROLES}")
    lines += [line for each in patches if each.resource != _ACCOUNTS for line in _patch_lines(each, kubectl)]
    return "\n".join(lines) + "\n"


def _patch_lines(patch: Patch, kubectl: str) -> Iterator[str]:
    key = patch.key
    namespace = ("--namespace", key.namespace) if patch.names_namespace else ()
    name = shlex.join([key.name, *namespace])
    file = f"{PATCHES}/{patch.file}"
    if not patch.was_read:
        yield f"{kubectl} get {patch.resource} {name} >/dev/null 2>&1 || {kubectl} create --filename {file}"
    kind = "strategic" if patch.strategic else "merge"
    yield f"{kubectl} patch {patch.resource} {name} --type {kind} --patch-file {file}"
    if not patch.replaces_pods:
        yield f"# {key} does not replace its pods: delete them one by one."


def _kubectl(context: str | None, namespace: str | None) -> str:
    """Return the start of the commands of the script."""
    chosen = (f"--context={context}",) if context else ()
    return shlex.join(["kubectl", *chosen, *(("--namespace", namespace) if namespace else ())])


def _yaml(*documents: Json) -> str:
    return f"{_MARK}\n{dump(documents)}"
