"""Read workloads and service accounts from Kubernetes objects, in one shape for every kind of workload.

Names of labels and annotations: https://azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from azext_podidentity.migration.kubernetes_objects import KubernetesObject, Origin
from azext_podidentity.profile.labels import BINDING_LABEL, CLIENT_ID_ANNOTATION, USE_LABEL

DEFAULT_ACCOUNT = "default"

# Where each kind has its pod template; a pod is its own.
POD_TEMPLATES: dict[str, tuple[str, ...]] = {
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
    """Namespace, kind and name of a Kubernetes object; sorts by namespace first."""

    namespace: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"

    @property
    def short(self) -> str:
        """Kind and name, for text that names the namespace already."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Workload:  # pylint: disable=too-many-instance-attributes
    """One workload by its pod template.

    `selector`: the label keys by which a controller finds its pods. `imds`: the containers whose manifest names the
    instance metadata service. `owner_missing`: only pods of this controller were read, not the controller itself.
    `live`: read from a cluster rather than from manifests. `names_namespace`: the manifest has a namespace.
    """

    key: ObjectKey
    api_version: str
    origin: Origin
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    service_account: str = DEFAULT_ACCOUNT
    selector: frozenset[str] = frozenset()
    imds: tuple[str, ...] = ()
    names_namespace: bool = True
    live: bool = False
    owner_missing: bool = False

    @property
    def binding(self) -> str | None:
        """The value of its `aadpodidbinding` label, None without the label."""
        return self.labels.get(BINDING_LABEL)

    @property
    def uses_workload_identity(self) -> bool:
        """Whether its pods request workload identity."""
        return self.labels.get(USE_LABEL) == "true"


@dataclass(frozen=True)
class ServiceAccount:
    """A service account, and the client ID that it is annotated with."""

    key: ObjectKey
    origin: Origin
    client_id: str | None = None
    names_namespace: bool = True
    live: bool = False


def read_workload(key: ObjectKey, each: KubernetesObject) -> Workload:
    """Return the workload in an object of one of the kinds in `POD_TEMPLATES`."""
    template = mapping(each.raw)
    for part in POD_TEMPLATES[key.kind]:
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
        names_namespace=bool(outer.get("namespace")),
        live=bool(outer.get("uid")),
    )


def workload_of_missing_owner(owner: ObjectKey, made: Workload) -> Workload:
    """Return the workload of a controller that was not read, from one of its pods."""
    return Workload(
        key=owner,
        api_version="",
        origin=made.origin,
        labels=made.labels,
        annotations=made.annotations,
        service_account=made.service_account,
        imds=made.imds,
        live=True,
        owner_missing=True,
    )


def read_service_account(key: ObjectKey, each: KubernetesObject) -> ServiceAccount:
    """Return the service account in an object of that kind."""
    metadata = mapping(each.raw.get("metadata"))
    return ServiceAccount(
        key=key,
        origin=each.origin,
        client_id=strings(metadata.get("annotations")).get(CLIENT_ID_ANNOTATION) or None,
        names_namespace=bool(metadata.get("namespace")),
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
    """Return whether a pod or job has finished: it keeps its labels but requests no more tokens."""
    status = mapping(raw.get("status"))
    if raw["kind"] == "Pod":
        return status.get("phase") in ("Succeeded", "Failed")
    conditions = map(mapping, sequence(status.get("conditions")))
    return raw["kind"] == "Job" and any(
        each.get("type") in _OVER and each.get("status") == "True" for each in conditions
    )


def mapping(value: Any) -> Mapping[str, Any]:
    """Return the value if it is a JSON object, else an empty one: a manifest need not be well formed."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any) -> Sequence[Any]:
    """Return the value if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else ()


def strings(value: Any) -> dict[str, str]:
    """Return labels or annotations; an unquoted number or boolean counts as it is written in YAML."""
    return {str(key): _text(item) for key, item in mapping(value).items()}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
