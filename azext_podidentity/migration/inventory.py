"""Collect the workloads and service accounts that were read, each once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_podidentity.migration.kubernetes_objects import KubernetesObject
from azext_podidentity.migration.workloads import (
    POD_TEMPLATES,
    ObjectKey,
    ServiceAccount,
    Workload,
    is_finished,
    mapping,
    read_service_account,
    read_workload,
    sequence,
    strings,
    workload_of_missing_owner,
)

DEFAULT_NAMESPACE = "default"
_TEMPLATE_HASH = "pod-template-hash"


@dataclass(frozen=True)
class Inventory:
    """Workloads in the order of their keys, and service accounts by namespace and name.

    `stale_pods` are running pods with the binding label whose workload no longer has it.
    """

    workloads: tuple[Workload, ...] = ()
    service_accounts: Mapping[tuple[str, str], ServiceAccount] = field(default_factory=dict)
    stale_pods: tuple[Workload, ...] = ()

    @classmethod
    def of(cls, objects: Iterable[KubernetesObject], default_namespace: str = DEFAULT_NAMESPACE) -> Inventory:
        """Return the inventory of the objects; those without a namespace are in the default one.

        Objects of a controller are not listed beside it, and finished ones not at all. Raise
        InvalidArgumentValueError if two objects of one key differ.
        """
        found = _by_key(objects, default_namespace)
        running = {key: each for key, each in found.items() if key.kind in POD_TEMPLATES and not is_finished(each.raw)}
        owners = {key: _owner(key, each.raw, found) for key, each in running.items()}
        workloads: dict[ObjectKey, Workload] = {}
        stale_pods: list[Workload] = []
        for key, owner in owners.items():
            workload = read_workload(key, running[key])
            if owner is None:
                workloads[key] = workload
            elif owner not in found:
                known = workloads.get(owner)
                if known is None or known.binding is None:
                    workloads[owner] = workload_of_missing_owner(owner, workload)
            elif key.kind == "Pod" and workload.binding is not None:
                stale_pods.append(workload)
        labelled = {key for key, workload in workloads.items() if workload.binding is not None}
        stale_pods = [each for each in stale_pods if _origin_of(each.key, owners) not in labelled]
        accounts = {
            (key.namespace, key.name): read_service_account(key, each)
            for key, each in found.items()
            if key.kind == "ServiceAccount"
        }
        ordered = tuple(workloads[key] for key in sorted(workloads))
        return cls(ordered, accounts, tuple(sorted(stale_pods, key=lambda each: each.key)))

    def client_id(self, namespace: str, service_account: str) -> str | None:
        """Return the client ID that a service account is annotated with."""
        found = self.service_accounts.get((namespace, service_account))
        return found.client_id if found else None


def _by_key(objects: Iterable[KubernetesObject], default_namespace: str) -> dict[ObjectKey, KubernetesObject]:
    found: dict[ObjectKey, KubernetesObject] = {}
    for each in objects:
        kind = each.raw["kind"]
        if kind not in POD_TEMPLATES and kind != "ServiceAccount":
            continue
        metadata = mapping(each.raw.get("metadata"))
        name = metadata.get("name") or f"{metadata.get('generateName') or ''}*"
        key = ObjectKey(str(metadata.get("namespace") or default_namespace), kind, str(name))
        other = found.setdefault(key, each)
        if other is not each and other.raw != each.raw:
            raise InvalidArgumentValueError(
                f"--workloads: {key} is defined twice, with differences: {other.origin} and {each.origin}.",
                "Pass the objects of one environment only. If kustomize overlays create them, pass the result of one:\n"
                "kubectl kustomize FOLDER | az aks pod-identity migrate --workloads - ...",
            )
    return found


def _owner(key: ObjectKey, raw: Mapping[str, Any], found: Mapping[ObjectKey, Any]) -> ObjectKey | None:
    """Return the controller of the object; the deployment for pods of a replica set that was not read."""
    for reference in sequence(mapping(raw.get("metadata")).get("ownerReferences")):
        if not mapping(reference).get("controller"):
            continue
        owner = ObjectKey(key.namespace, str(reference.get("kind")), str(reference.get("name")))
        if owner.kind == "ReplicaSet" and owner not in found:
            template_hash = strings(mapping(raw.get("metadata")).get("labels")).get(_TEMPLATE_HASH, "")
            deployment = ObjectKey(key.namespace, "Deployment", owner.name.removesuffix(f"-{template_hash}"))
            return deployment if deployment in found else owner
        return owner
    return None


def _origin_of(key: ObjectKey, owners: Mapping[ObjectKey, ObjectKey | None]) -> ObjectKey:
    """Return the workload at the end of the chain of controllers of an object."""
    seen = {key}
    while (owner := owners.get(key)) is not None and owner not in seen:
        seen.add(owner)
        key = owner
    return key
