# SPDX-License-Identifier: MIT
"""The table of workload kinds with the paths of their pod templates, and the source of each row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Path = tuple[str, ...]
Rollout = Literal["RollingUpdate", "Recreate", "OnDelete", "NextJob", "Manual"]
# A path segment for every item of a list.
EACH = "*"

_KUBERNETES = "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/"
_ARGO_ROLLOUTS = "https://argo-rollouts.readthedocs.io/en/stable/features/specification/"
_ARGO_WORKFLOWS = "https://argo-workflows.readthedocs.io/en/latest/fields/"
_KNATIVE = "https://github.com/knative/specs/blob/main/specs/serving/knative-api-specification-1.0.md"
_KEDA = "https://keda.sh/docs/latest/reference/scaledjob-spec/"
_KRUISE = "https://openkruise.io/docs/user-manuals/"
_PROMETHEUS = "https://prometheus-operator.dev/docs/api-reference/api/"
_SPARK = "https://github.com/kubeflow/spark-operator/blob/master/docs/api-docs.md"
_TEKTON = "https://tekton.dev/docs/pipelines/labels/"
_VOLCANO = "https://volcano.sh/en/docs/vcjob/"


@dataclass(frozen=True)
class PodTemplate:  # pylint: disable=too-many-instance-attributes
    """The paths of the pods' metadata, service account and spec in objects of one kind.

    `resource`: the name for kubectl. `pod`: the path of a PodTemplateSpec. A kind without one has separate paths:
    `metadata` (labels and annotations of the pods), `service_account`, and `spec` if there is a pod spec.
    """

    group: str
    kind: str
    resource: str
    source: str
    pod: Path | None = None
    metadata: Path = ()
    service_account: Path = ()
    spec: Path = ()
    rollout: Rollout = "RollingUpdate"
    # An object that has started running cannot be changed but must be recreated.
    immutable: bool = False
    # A custom resource, which does not support strategic merge patches.
    custom: bool = False

    @property
    def name(self) -> str:
        """The kind, with its group if another kind has the same name."""
        return qualified_kind(self.group, self.kind)

    @property
    def metadata_path(self) -> Path:
        """The path of the pods' metadata."""
        return self.metadata if self.pod is None else (*self.pod, "metadata")

    @property
    def spec_path(self) -> Path | None:
        """The path of the pods' spec, None without one."""
        return (self.spec or None) if self.pod is None else (*self.pod, "spec")

    @property
    def account_path(self) -> Path:
        """The path of the name of the pods' service account."""
        return self.service_account if self.pod is None else (*self.pod, "spec", "serviceAccountName")

    @property
    def has_lists(self) -> bool:
        """Return whether the pod templates are items of a list, which a merge patch could only replace as a whole."""
        return EACH in self.metadata_path


_SPEC_TEMPLATE: Path = ("spec", "template")


def _builtin(group: str, kind: str, resource: str, page: str, pod: Path = _SPEC_TEMPLATE, **more: Any) -> PodTemplate:
    return PodTemplate(group, kind, resource, f"{_KUBERNETES}{page}/", pod, **more)


def _custom(group: str, kind: str, plural: str, source: str, pod: Path | None = None, **more: Any) -> PodTemplate:
    return PodTemplate(group, kind, f"{plural}.{group}", source, pod, custom=True, **more)


def _workflow(kind: str, plural: str, spec: Path, rollout: Rollout) -> PodTemplate:
    places: dict[str, Path] = {"metadata": (*spec, "podMetadata"), "service_account": (*spec, "serviceAccountName")}
    immutable = rollout == "Manual"
    return _custom("argoproj.io", kind, plural, _ARGO_WORKFLOWS, rollout=rollout, immutable=immutable, **places)


def _monitoring(kind: str, plural: str) -> PodTemplate:
    return _custom(
        "monitoring.coreos.com",
        kind,
        plural,
        _PROMETHEUS,
        metadata=("spec", "podMetadata"),
        service_account=("spec", "serviceAccountName"),
        spec=("spec",),
    )


def _spark(kind: str, plural: str, spec: Path, role: str, rollout: Rollout) -> PodTemplate:
    # The labels and annotations are fields of the role itself.
    places: dict[str, Path] = {"metadata": (*spec, role), "service_account": (*spec, role, "serviceAccount")}
    immutable = rollout == "Manual"
    return _custom("sparkoperator.k8s.io", kind, plural, _SPARK, rollout=rollout, immutable=immutable, **places)


TABLE: tuple[PodTemplate, ...] = (
    _builtin("", "Pod", "pods", "pod-v1", (), rollout="Manual", immutable=True),
    _builtin("apps", "Deployment", "deployments", "deployment-v1"),
    _builtin("apps", "StatefulSet", "statefulsets", "stateful-set-v1"),
    _builtin("apps", "DaemonSet", "daemonsets", "daemon-set-v1"),
    _builtin("apps", "ReplicaSet", "replicasets", "replica-set-v1", rollout="Manual"),
    _builtin("", "ReplicationController", "replicationcontrollers", "replication-controller-v1", rollout="Manual"),
    _builtin("batch", "Job", "jobs", "job-v1", rollout="Manual", immutable=True),
    _builtin(
        "batch", "CronJob", "cronjobs", "cron-job-v1", ("spec", "jobTemplate", "spec", "template"), rollout="NextJob"
    ),
    _builtin("", "PodTemplate", "podtemplates", "pod-template-v1", ("template",), rollout="Manual"),
    _custom("argoproj.io", "Rollout", "rollouts", _ARGO_ROLLOUTS, _SPEC_TEMPLATE),
    _workflow("Workflow", "workflows", ("spec",), "Manual"),
    _workflow("WorkflowTemplate", "workflowtemplates", ("spec",), "NextJob"),
    _workflow("CronWorkflow", "cronworkflows", ("spec", "workflowSpec"), "NextJob"),
    _custom("serving.knative.dev", "Service", "services", _KNATIVE, _SPEC_TEMPLATE),
    _custom("serving.knative.dev", "Configuration", "configurations", _KNATIVE, _SPEC_TEMPLATE),
    _custom("keda.sh", "ScaledJob", "scaledjobs", _KEDA, ("spec", "jobTargetRef", "template"), rollout="NextJob"),
    _custom("apps.kruise.io", "CloneSet", "clonesets", f"{_KRUISE}cloneset", _SPEC_TEMPLATE),
    _custom("apps.kruise.io", "StatefulSet", "statefulsets", f"{_KRUISE}advancedstatefulset", _SPEC_TEMPLATE),
    _custom("apps.kruise.io", "DaemonSet", "daemonsets", f"{_KRUISE}advanceddaemonset", _SPEC_TEMPLATE),
    _custom(
        "batch.volcano.sh",
        "Job",
        "jobs",
        _VOLCANO,
        ("spec", "tasks", EACH, "template"),
        rollout="Manual",
        immutable=True,
    ),
    _monitoring("Prometheus", "prometheuses"),
    _monitoring("PrometheusAgent", "prometheusagents"),
    _monitoring("Alertmanager", "alertmanagers"),
    _monitoring("ThanosRuler", "thanosrulers"),
    _spark("SparkApplication", "sparkapplications", ("spec",), "driver", "Manual"),
    _spark("ScheduledSparkApplication", "scheduledsparkapplications", ("spec", "template"), "driver", "NextJob"),
    _custom(
        *("tekton.dev", "TaskRun", "taskruns", _TEKTON),
        metadata=("metadata",),
        service_account=("spec", "serviceAccountName"),
        rollout="Manual",
        immutable=True,
    ),
    _custom(
        *("tekton.dev", "PipelineRun", "pipelineruns", _TEKTON),
        metadata=("metadata",),
        service_account=("spec", "taskRunTemplate", "serviceAccountName"),
        rollout="Manual",
        immutable=True,
    ),
)

# The API groups that are left out of the names of kinds.
_BUILTIN_GROUPS = frozenset({"", "apps", "batch", "extensions"})
_BUILTIN_KINDS = frozenset(
    {"Service", "ConfigMap", "Secret", "Namespace", *(each.kind for each in TABLE if not each.custom)}
)


def group_of(api_version: object) -> str:
    """Return the API group of an apiVersion: empty for the core group."""
    return str(api_version or "").rpartition("/")[0]


def qualified_kind(group: str, kind: str) -> str:
    """Return the kind, with its group if a built-in kind has the same name, as in `Job.batch.volcano.sh`."""
    return f"{kind}.{group}" if kind in _BUILTIN_KINDS and group not in _BUILTIN_GROUPS else kind


BY_NAME: dict[str, PodTemplate] = {each.name: each for each in TABLE}
_GROUPS: dict[str, frozenset[str]] = {
    each.name: frozenset({"apps", "extensions"} if each.group == "apps" else {each.group}) for each in TABLE
}


def find_template(api_version: object, kind: str) -> PodTemplate | None:
    """Return the row of the kind, None if the table has no such row."""
    group = group_of(api_version)
    found = BY_NAME.get(qualified_kind(group, kind))
    return found if found is not None and group in _GROUPS[found.name] else None


def values_at(raw: Any, path: Path) -> Iterator[Any]:
    """Yield the values at a path in an object, one for each list item; none if a segment is missing."""
    if not path:
        yield raw
    elif path[0] == EACH:
        for item in raw if isinstance(raw, list) else ():
            yield from values_at(item, path[1:])
    elif isinstance(raw, Mapping) and path[0] in raw:
        yield from values_at(raw[path[0]], path[1:])
