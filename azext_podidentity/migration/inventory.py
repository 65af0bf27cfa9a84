"""All workloads and service accounts that were read, each once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_podidentity.migration.kubernetes_objects import KubernetesObject
from azext_podidentity.migration.workloads import (
    TEMPLATES,
    ObjectKey,
    ServiceAccount,
    Workload,
    is_finished,
    mapping,
    of_unseen_controller,
    read_service_account,
    read_workload,
    sequence,
    strings,
)

DEFAULT_NAMESPACE = "default"
_TEMPLATE_HASH = "pod-template-hash"


@dataclass(frozen=True)
class Inventory:
    """What was read: workloads in the order of their keys, and service accounts by namespace and name.

    `old_pods` are running pods that carry the binding label although the workload that made them no longer does.
    """

    workloads: tuple[Workload, ...] = ()
    service_accounts: Mapping[tuple[str, str], ServiceAccount] = field(default_factory=dict)
    old_pods: tuple[Workload, ...] = ()

    @classmethod
    def of(cls, objects: Iterable[KubernetesObject], default_namespace: str = DEFAULT_NAMESPACE) -> Inventory:
        """Reads the objects; those without a namespace are taken to be in the default one.

        What a controller made is not listed beside the controller, what has ended not at all. Raises
        InvalidArgumentValueError for one object that is there twice and differs.
        """
        found = _by_key(objects, default_namespace)
        running = {key: each for key, each in found.items() if key.kind in TEMPLATES and not is_finished(each.raw)}
        owners = {key: _owner(key, each.raw, found) for key, each in running.items()}
        workloads: dict[ObjectKey, Workload] = {}
        old_pods: list[Workload] = []
        for key, owner in owners.items():
            workload = read_workload(key, running[key])
            if owner is None:
                workloads[key] = workload
            elif owner not in found:
                known = workloads.get(owner)
                if known is None or known.binding is None:
                    workloads[owner] = of_unseen_controller(owner, workload)
            elif key.kind == "Pod" and workload.binding is not None:
                old_pods.append(workload)
        labelled = {key for key, workload in workloads.items() if workload.binding is not None}
        old_pods = [each for each in old_pods if _origin_of(each.key, owners) not in labelled]
        accounts = {
            (key.namespace, key.name): read_service_account(key, each)
            for key, each in found.items()
            if key.kind == "ServiceAccount"
        }
        ordered = tuple(workloads[key] for key in sorted(workloads))
        return cls(ordered, accounts, tuple(sorted(old_pods, key=lambda each: each.key)))

    def client_id(self, namespace: str, service_account: str) -> str | None:
        """The client id that a service account is annotated with."""
        found = self.service_accounts.get((namespace, service_account))
        return found.client_id if found else None


def _by_key(objects: Iterable[KubernetesObject], default_namespace: str) -> dict[ObjectKey, KubernetesObject]:
    found: dict[ObjectKey, KubernetesObject] = {}
    for each in objects:
        kind = each.raw["kind"]
        if kind not in TEMPLATES and kind != "ServiceAccount":
            continue
        metadata = mapping(each.raw.get("metadata"))
        name = metadata.get("name") or f"{metadata.get('generateName') or ''}*"
        key = ObjectKey(str(metadata.get("namespace") or default_namespace), kind, str(name))
        other = found.setdefault(key, each)
        if other is not each and other.raw != each.raw:
            raise InvalidArgumentValueError(
                f"--workloads: {key} is there twice and differs: {other.origin} and {each.origin}.",
                "Pass the objects of one environment alone. Where overlays of kustomize make them, pass what they "
                "make:\nkubectl kustomize FOLDER | az aks pod-identity migrate --workloads - ...",
            )
    return found


def _owner(key: ObjectKey, raw: Mapping[str, Any], found: Mapping[ObjectKey, Any]) -> ObjectKey | None:
    """The controller that made the object; of a replica set that was not given, the deployment that was."""
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
    """The workload that an object comes from, over whatever number of controllers between."""
    seen = {key}
    while (owner := owners.get(key)) is not None and owner not in seen:
        seen.add(owner)
        key = owner
    return key
