"""Kubernetes objects → what a migration needs to know of them, in one shape for every kind of workload."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from azext_podidentity.migration.kubernetes_objects import KubernetesObject, Origin
from azext_podidentity.profile.labels import BINDING_LABEL, CLIENT_ID_ANNOTATION, USE_LABEL

DEFAULT_ACCOUNT = "default"

# Where each kind has its pod template; a pod is its own.
TEMPLATES: dict[str, tuple[str, ...]] = {
    "Pod": (),
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
_OVER = frozenset({"Complete", "Failed"})
_IMDS = re.compile(r"169\.254\.169\.254|/metadata/identity\b")


class ObjectKey(NamedTuple):
    """What names a Kubernetes object; ordered by namespace first."""

    namespace: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True)
class Workload:  # pylint: disable=too-many-instance-attributes
    """One workload by its pod template.

    `selector` has the label keys by which a controller finds its pods, `imds` the names of the containers whose
    manifest names the instance metadata service. `unseen` is a controller whose own manifest was not given: its
    pods were. `live` came out of a cluster, and not out of somebody's files.
    """

    key: ObjectKey
    api_version: str
    origin: Origin
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    service_account: str = DEFAULT_ACCOUNT
    selector: frozenset[str] = frozenset()
    imds: tuple[str, ...] = ()
    named_namespace: bool = True
    live: bool = False
    unseen: bool = False

    @property
    def binding(self) -> str | None:
        """The value of its `aadpodidbinding` label, None where it has none."""
        return self.labels.get(BINDING_LABEL)

    @property
    def uses_workload_identity(self) -> bool:
        """Whether its pods ask for workload identity."""
        return self.labels.get(USE_LABEL) == "true"


@dataclass(frozen=True)
class ServiceAccount:
    """A service account, and the managed identity that it is annotated with."""

    key: ObjectKey
    origin: Origin
    client_id: str | None = None
    named_namespace: bool = True
    live: bool = False


def read_workload(key: ObjectKey, each: KubernetesObject) -> Workload:
    """The workload in an object of one of the kinds in `TEMPLATES`."""
    template = mapping(each.raw)
    for part in TEMPLATES[key.kind]:
        template = mapping(template.get(part))
    metadata, spec = mapping(template.get("metadata")), mapping(template.get("spec"))
    outer = mapping(each.raw.get("metadata"))
    return Workload(
        key=key,
        api_version=str(each.raw["apiVersion"]),
        origin=each.origin,
        labels=strings(metadata.get("labels")),
        annotations=strings(metadata.get("annotations")),
        service_account=str(spec.get("serviceAccountName") or spec.get("serviceAccount") or DEFAULT_ACCOUNT),
        selector=_selector(key.kind, mapping(each.raw.get("spec")).get("selector")),
        imds=tuple(sorted(_asking_imds(spec))),
        named_namespace=bool(outer.get("namespace")),
        live=bool(outer.get("uid")),
    )


def of_unseen_controller(owner: ObjectKey, made: Workload) -> Workload:
    """The workload that a controller is whose own manifest was not given, by what it made."""
    return Workload(
        key=owner,
        api_version="",
        origin=made.origin,
        labels=made.labels,
        annotations=made.annotations,
        service_account=made.service_account,
        imds=made.imds,
        live=True,
        unseen=True,
    )


def read_service_account(key: ObjectKey, each: KubernetesObject) -> ServiceAccount:
    """The service account in an object of that kind."""
    metadata = mapping(each.raw.get("metadata"))
    return ServiceAccount(
        key=key,
        origin=each.origin,
        client_id=strings(metadata.get("annotations")).get(CLIENT_ID_ANNOTATION) or None,
        named_namespace=bool(metadata.get("namespace")),
        live=bool(metadata.get("uid")),
    )


def _selector(kind: str, selector: Any) -> frozenset[str]:
    if kind in ("Pod", "CronJob"):
        return frozenset()
    selector = mapping(selector)
    if kind == "ReplicationController":
        return frozenset(map(str, selector))
    expressions = sequence(selector.get("matchExpressions"))
    keys = {str(mapping(each).get("key")) for each in expressions}
    return frozenset(keys | set(strings(selector.get("matchLabels"))))


def _asking_imds(spec: Mapping[str, Any]) -> Iterator[str]:
    for name in ("initContainers", "containers"):
        for container in map(mapping, sequence(spec.get(name))):
            words = [*sequence(container.get("command")), *sequence(container.get("args"))]
            words += [mapping(each).get("value") for each in sequence(container.get("env"))]
            if any(_IMDS.search(word) for word in words if isinstance(word, str)):
                yield str(container.get("name"))


def is_finished(raw: Mapping[str, Any]) -> bool:
    """Whether a pod or job has ended: it keeps its labels, and asks for no token any more."""
    status = mapping(raw.get("status"))
    if raw["kind"] == "Pod":
        return status.get("phase") in ("Succeeded", "Failed")
    conditions = map(mapping, sequence(status.get("conditions")))
    return raw["kind"] == "Job" and any(
        each.get("type") in _OVER and each.get("status") == "True" for each in conditions
    )


def mapping(value: Any) -> Mapping[str, Any]:
    """The value where it is a JSON object, else an empty one: what people write by hand is not always well formed."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any) -> Sequence[Any]:
    """The value where it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else ()


def strings(value: Any) -> dict[str, str]:
    """Labels or annotations; what somebody wrote without quotes counts as it is written in YAML."""
    return {str(key): _text(item) for key, item in mapping(value).items()}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
