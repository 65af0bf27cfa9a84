# SPDX-License-Identifier: MIT
"""Render the Kubernetes side of a plan as files: service accounts, and patches for kustomize or kubectl.

For objects from manifests, a kustomization applies the patches to copies of the manifests. Objects from a cluster have
no manifests, so a script patches them with kubectl.
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

KUSTOMIZATION, ACCOUNTS, SCRIPT = "kustomization.yaml", "service-accounts.yaml", "apply.sh"
ROLES = "identity-binding-roles.yaml"
OVERLAY = (KUSTOMIZATION, ACCOUNTS, ROLES, SCRIPT)
PATCHES, ORIGINALS = "patches", "original-manifests"
_MARK = "# Written by az aks pod-identity migrate; run it again rather than edit this file."
# The maximum length in bytes of a file name without its suffix; file systems allow 255.
_MAX_NAME = 200
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Patch:  # pylint: disable=too-many-instance-attributes
    """A patch of an object. `raw`: its manifest, None for an object from a cluster."""

    key: ObjectKey
    body: Json
    resource: str
    strategic: bool
    raw: Json | None = None
    source: str = ""
    names_namespace: bool = True
    replaces_pods: bool = True

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
    accounts = list(_new_accounts(plan, inventory))
    roles = list(role_objects(plan, inventory))
    nameless = [each.key for each in patches if not each.names_namespace]
    nameless_accounts = [each for each in accounts if "namespace" not in each["metadata"]]
    named = {each.key.namespace for each in patches if each.names_namespace}
    named |= {each["metadata"]["namespace"] for each in accounts if "namespace" in each["metadata"]}
    # kubectl refuses --namespace if it differs from the namespace in a manifest.
    needs_namespace = namespace is not None and bool(nameless or nameless_accounts)
    fill = needs_namespace and bool(named - {namespace})
    if fill:
        patches = [_with_namespace(each, namespace or "") for each in patches]
        accounts = [{**each, "metadata": {"namespace": namespace, **each["metadata"]}} for each in accounts]
    files: dict[str, str] = {f"{PATCHES}/{each.file}": _yaml(each.body) for each in patches}
    sources: dict[str, str] = {}
    manifests = [each for each in patches if each.raw is not None]
    in_cluster = [each for each in patches if each.raw is None]
    for each in manifests:
        files[f"{ORIGINALS}/{each.file}"] = _yaml(each.raw or {})
        sources[f"{ORIGINALS}/{each.file}"] = each.source
    additions = {name: objects for name, objects in ((ROLES, roles), (ACCOUNTS, accounts)) if objects}
    for name, objects in additions.items():
        files[name] = _yaml(*objects)
    if manifests:
        files[KUSTOMIZATION] = _yaml(_kustomization(sorted(each.file for each in manifests), additions))
    if in_cluster or (additions and not manifests):
        # If there is a kustomization, it contains the new objects.
        files[SCRIPT] = _script(in_cluster, () if manifests else additions, context)
    return OutputFiles(files, sources, namespace if needs_namespace and not fill else None)


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
        if existing is not None and not step.annotated:
            yield Patch(
                existing.key,
                _account(step, names_namespace=existing.names_namespace),
                "serviceaccounts",
                strategic=True,
                raw=None if existing.live else existing.raw,
                source=existing.origin.source,
                names_namespace=existing.names_namespace,
            )


def _new_accounts(plan: MigrationPlan, inventory: Inventory) -> Iterator[dict[str, Any]]:
    """Yield the service accounts that were not read.

    Those in a cluster are patched: `kubectl apply` would remove what an earlier apply of their manifest has set.
    """
    for step in plan.accounts:
        existing = _account_of(step, inventory)
        if not step.annotated and existing is None:
            account = _account(step, names_namespace=_users_name_namespace(plan, step))
            secrets = [{"name": name} for name in step.image_pull_secrets]
            yield {**account, **({"imagePullSecrets": secrets} if secrets else {})}


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
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


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


def _kustomization(names: Iterable[str], additions: Iterable[str]) -> dict[str, Any]:
    names = list(names)
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [*(f"{ORIGINALS}/{name}" for name in names), *additions],
        "patches": [{"path": f"{PATCHES}/{name}"} for name in names],
    }


def _script(patches: Iterable[Patch], additions: Iterable[str], context: str | None) -> str:
    """Return a shell script. The names in it were validated when they were read, and are quoted here."""
    kubectl = shlex.join(["kubectl", *((f"--context={context}",) if context else ())])
    lines = [
        "#!/bin/sh",
        _MARK,
        "# Changes objects in the cluster. It can be run again.",
        "set -eu",
        'cd "$(dirname "$0")"',
    ]
    lines += [f"{kubectl} apply --filename {name}" for name in additions]
    for patch in patches:
        key = patch.key
        what = shlex.join([patch.resource, key.name, "--namespace", key.namespace])
        kind = "strategic" if patch.strategic else "merge"
        lines.append(f"{kubectl} patch {what} --type {kind} --patch-file {PATCHES}/{patch.file}")
        if not patch.replaces_pods:
            lines.append(f"# {key} does not replace its pods: delete them one by one.")
    return "\n".join(lines) + "\n"


def _yaml(*documents: Json) -> str:
    return f"{_MARK}\n{dump(documents)}"
