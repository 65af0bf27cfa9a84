# SPDX-License-Identifier: MIT
"""Parse workloads of every kind, and service accounts, from Kubernetes objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from azext_podidentity.migration.json_values import mapping, sequence, strings
from azext_podidentity.migration.kubernetes_objects import KubernetesObject, Origin
from azext_podidentity.migration.pod_spec import PodSpec, nested_accounts, read_nested_pod_spec, read_pod_spec
from azext_podidentity.migration.pod_templates import BY_NAME, PodTemplate, Rollout, values_at
from azext_podidentity.profile.labels import (
    BINDING_LABEL,
    CLIENT_ID_ANNOTATION,
    IDENTITY_BINDING_ANNOTATION,
    TENANT_ID_ANNOTATION,
    USE_LABEL,
)

DEFAULT_ACCOUNT = "default"
GENERATED = "*"
_FINISHED_CONDITIONS = frozenset({"Complete", "Failed"})
# Labels and annotations of tools that manage an object, and the source to change instead of the object.
# https://fluxcd.io/flux/components/kustomize/kustomizations/ and …/helm/helmreleases/
# https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/
# https://helm.sh/docs/chart_best_practices/labels/
_MANAGERS: tuple[tuple[str, str], ...] = (
    ("helm.toolkit.fluxcd.io/name", "the values of Flux HelmRelease"),
    ("kustomize.toolkit.fluxcd.io/name", "the source of Flux Kustomization"),
    ("argocd.argoproj.io/tracking-id", "the source of the Argo CD application"),
    ("argocd.argoproj.io/instance", "the source of Argo CD application"),
    ("meta.helm.sh/release-name", "the values of Helm release"),
)


class ObjectKey(NamedTuple):
    """The namespace, kind and name of a Kubernetes object, sorted in this order."""

    namespace: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"

    @property
    def short(self) -> str:
        """The kind and name, for text that already contains the namespace."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Workload:  # pylint: disable=too-many-instance-attributes
    """A workload with the relevant parts of its pod template.

    `selector`: the label keys in the selector of a controller. `other_accounts`: the service accounts that parts of it
    name beside `service_account`. `owner_missing`: only pods of this controller were read,
    not the controller itself. `live`: it was read from a cluster and not from a manifest. `names_namespace`: the
    manifest has a namespace. `managed_by`: the source to change if a tool manages the object. `raw`: the manifest, for
    objects that are not live.
    """

    key: ObjectKey
    api_version: str
    origin: Origin
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    service_account: str = DEFAULT_ACCOUNT
    selector: frozenset[str] = frozenset()
    pod: PodSpec = field(default_factory=PodSpec)
    other_accounts: tuple[str, ...] = ()
    rollout: Rollout = "Manual"
    names_namespace: bool = True
    live: bool = False
    owner_missing: bool = False
    managed_by: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def binding(self) -> str | None:
        """The value of its `aadpodidbinding` label, None without the label."""
        return self.labels.get(BINDING_LABEL)

    @property
    def uses_workload_identity(self) -> bool:
        """Return whether its pods request workload identity."""
        return self.labels.get(USE_LABEL) == "true"

    @property
    def uses_identity_binding(self) -> bool:
        """Whether its pods use an identity binding for workload identity."""
        return self.uses_workload_identity and self.annotations.get(IDENTITY_BINDING_ANNOTATION) == "true"

    @property
    def template(self) -> PodTemplate | None:
        """The row of its kind in the table of pod templates, None for an unknown kind."""
        return None if self.owner_missing else BY_NAME.get(self.key.kind)


@dataclass(frozen=True)
class ServiceAccount:  # pylint: disable=too-many-instance-attributes
    """A service account with the client ID and tenant ID of its annotations."""

    key: ObjectKey
    origin: Origin
    client_id: str | None = None
    names_namespace: bool = True
    live: bool = False
    image_pull_secrets: tuple[str, ...] = ()
    tenant_id: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False)


def read_workload(key: ObjectKey, each: KubernetesObject, template: PodTemplate) -> Workload:
    """Return the workload in an object whose kind is in the table of pod templates."""
    outer = mapping(each.raw.get("metadata"))
    metadata = [mapping(found) for found in values_at(each.raw, template.metadata_path)]
    # Only kinds with a list of pod templates have several. The first one with the label is used.
    metadata.sort(key=lambda found: BINDING_LABEL not in mapping(found.get("labels")))
    pod_metadata = metadata[0] if metadata else {}
    specs = values_at(each.raw, template.spec_path) if template.spec_path is not None else iter(())
    spec = mapping(next(specs, None))
    content = each.raw.get("spec") if template.spec_path is None or template.has_lists else None
    account = next(values_at(each.raw, template.account_path), None) or spec.get("serviceAccount") or DEFAULT_ACCOUNT
    live = bool(outer.get("uid"))
    labels = strings(pod_metadata.get("labels"))
    return Workload(
        key=key,
        api_version=str(each.raw.get("apiVersion")),
        origin=each.origin,
        labels=labels,
        annotations=strings(pod_metadata.get("annotations")),
        service_account=str(account),
        selector=_selector(key.kind, mapping(each.raw.get("spec")).get("selector"), labels),
        pod=read_pod_spec(spec) if content is None else read_nested_pod_spec(content),
        other_accounts=tuple(sorted(nested_accounts(content) - {str(account)})),
        rollout=_rollout(template, mapping(each.raw.get("spec"))),
        names_namespace=bool(outer.get("namespace")),
        live=live,
        managed_by=_manager(outer),
        raw={} if live else each.raw,
    )


def workload_of_missing_owner(owner: ObjectKey, pod: Workload) -> Workload:
    """Return the workload of a controller that was not read, from one of its pods."""
    return Workload(
        key=owner,
        api_version="",
        origin=pod.origin,
        labels=pod.labels,
        annotations=pod.annotations,
        service_account=pod.service_account,
        pod=pod.pod,
        live=True,
        owner_missing=True,
        managed_by=pod.managed_by,
    )


def read_service_account(key: ObjectKey, each: KubernetesObject) -> ServiceAccount:
    """Return the service account in a ServiceAccount object."""
    metadata = mapping(each.raw.get("metadata"))
    live = bool(metadata.get("uid"))
    annotations = strings(metadata.get("annotations"))
    secrets = (mapping(item).get("name") for item in sequence(each.raw.get("imagePullSecrets")))
    return ServiceAccount(
        key=key,
        origin=each.origin,
        client_id=annotations.get(CLIENT_ID_ANNOTATION) or None,
        tenant_id=annotations.get(TENANT_ID_ANNOTATION) or None,
        names_namespace=bool(metadata.get("namespace")),
        live=live,
        image_pull_secrets=tuple(str(name) for name in secrets if name),
        raw={} if live else each.raw,
    )


def is_finished(raw: Mapping[str, Any]) -> bool:
    """Return whether a pod or job has finished, so that it requests no more tokens."""
    status = mapping(raw.get("status"))
    if raw["kind"] == "Pod":
        return status.get("phase") in ("Succeeded", "Failed")
    conditions = map(mapping, sequence(status.get("conditions")))
    return raw["kind"] == "Job" and any(
        each.get("type") in _FINISHED_CONDITIONS and each.get("status") == "True" for each in conditions
    )


def has_no_replicas(raw: Mapping[str, Any]) -> bool:
    """Return whether a replica set or replication controller is an old revision without pods."""
    return raw["kind"] in ("ReplicaSet", "ReplicationController") and mapping(raw.get("spec")).get("replicas") == 0


def _selector(kind: str, selector: Any, labels: Mapping[str, str]) -> frozenset[str]:
    if kind == "ReplicationController":
        # A missing selector defaults to the labels of the pod template.
        return frozenset(map(str, mapping(selector) or labels))
    if kind in ("Pod", "CronJob"):
        return frozenset()
    selector = mapping(selector)
    expressions = sequence(selector.get("matchExpressions"))
    keys = {str(mapping(each).get("key")) for each in expressions}
    return frozenset(keys | set(strings(selector.get("matchLabels"))))


def _rollout(template: PodTemplate, spec: Mapping[str, Any]) -> Rollout:
    """Return how a change of the pod template is rolled out, by the update strategy of the workload."""
    if template.rollout != "RollingUpdate":
        return template.rollout
    strategy = mapping(spec.get("strategy") or spec.get("updateStrategy"))
    partition = mapping(strategy.get("rollingUpdate")).get("partition")
    if spec.get("paused") is True or partition not in (None, 0):
        return "Manual"
    return {"Recreate": "Recreate", "OnDelete": "OnDelete"}.get(str(strategy.get("type")), "RollingUpdate")  # type: ignore[return-value]


def _manager(metadata: Mapping[str, Any]) -> str | None:
    marks = {**strings(metadata.get("annotations")), **strings(metadata.get("labels"))}
    for mark, place in _MANAGERS:
        if mark in marks:
            name = "" if mark.endswith("tracking-id") else f" '{marks[mark]}'"
            return f"{place}{name}"
    return None
