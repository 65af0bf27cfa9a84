# SPDX-License-Identifier: MIT

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError
from hypothesis import given
from hypothesis import strategies as st

from azext_podidentity.migration.inventory import Inventory
from tests.support.builders import Json
from tests.support.json_strategies import json_values
from tests.support.kubernetes_objects import NAMESPACE, account, inventory, made_by, workload

KINDS = ["Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob"]


def keys(read: Inventory) -> list[str]:
    return [str(each.key) for each in read.workloads]


def own_label(kind: str) -> Json:
    """Return the metadata of a workload that has the label itself."""
    return {"metadata": {"namespace": NAMESPACE, "name": kind.lower(), "labels": {"aadpodidbinding": "sel"}}}


@pytest.mark.parametrize("kind", KINDS)
def test_workload_of_every_kind(kind: str) -> None:
    (read,) = inventory(workload("web", "sel", kind=kind, account="web", annotations={"a": "b"})).workloads
    assert str(read.key) == f"{kind} my-app/web"
    assert (read.binding, read.labels["app"], read.service_account) == ("sel", "web", "web")
    assert read.annotations == {"a": "b"}
    assert not read.live


@pytest.mark.parametrize("kind", KINDS)
def test_default_service_account(kind: str) -> None:
    (read,) = inventory(workload(kind=kind, account=None)).workloads
    assert read.service_account == "default"


def test_deprecated_service_account_field() -> None:
    (read,) = inventory(workload(account=None) | {"spec": {"template": {"spec": {"serviceAccount": "old"}}}}).workloads
    assert read.service_account == "old"


def test_unquoted_label_value() -> None:
    read = inventory(workload("a", 123), workload("b", True)).workloads  # type: ignore[arg-type]
    assert [each.binding for each in read] == ["123", "true"]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "Pod"])
def test_label_on_controller_is_ignored(kind: str) -> None:
    (read,) = inventory(workload(selector=None, kind=kind, labels={}) | own_label(kind)).workloads
    assert read.binding is None


def test_default_namespace() -> None:
    there = workload(namespace="")
    assert keys(inventory(there)) == ["Deployment default/web"]


def test_owned_objects_are_not_listed() -> None:
    read = inventory(
        workload("web"),
        workload("web-1", kind="ReplicaSet", **made_by("Deployment", "web")),
        workload("web-1-x", kind="Pod", **made_by("ReplicaSet", "web-1")),
        workload("nightly", kind="CronJob"),
        workload("nightly-1", kind="Job", **made_by("CronJob", "nightly")),
        workload("nightly-1-x", kind="Pod", **made_by("Job", "nightly-1")),
    )
    assert keys(read) == ["CronJob my-app/nightly", "Deployment my-app/web"]
    assert not read.stale_pods


def test_pod_of_unread_replica_set_is_not_listed() -> None:
    pod = workload("web-5d9-x", kind="Pod", labels={"pod-template-hash": "5d9"}, **made_by("ReplicaSet", "web-5d9"))
    assert keys(inventory(workload("web"), pod)) == ["Deployment my-app/web"]


def test_unread_controller_is_listed_once() -> None:
    pods = [workload(f"web-5d9-{n}", kind="Pod", **made_by("Rollout", "web")) for n in "xyz"]
    read = inventory(*pods)
    assert keys(read) == ["Rollout my-app/web"]
    assert read.workloads[0].owner_missing


def test_unread_controller_takes_label_of_any_pod() -> None:
    pods = [workload(f"web-{n}", label, kind="Pod", **made_by("Rollout", "web")) for n, label in enumerate(["s", None])]
    for order in (pods, pods[::-1]):
        assert inventory(*order).workloads[0].binding == "s"


def test_non_controller_owner_does_not_hide_pod() -> None:
    pod = workload("lone", kind="Pod", ownerReferences=[{"kind": "Node", "name": "node"}])
    assert keys(inventory(pod)) == ["Pod my-app/lone"]


def test_finished_pods_and_jobs_are_not_listed() -> None:
    over = {"status": {"conditions": [{"type": "Complete", "status": "True"}]}}
    job, running = workload("done", kind="Job") | over, workload("running", kind="Job")
    phases = ("succeeded", "failed", "running")
    pods = [workload(phase, kind="Pod") | {"status": {"phase": phase.capitalize()}} for phase in phases]
    assert keys(inventory(job, running, *pods)) == ["Job my-app/running", "Pod my-app/running"]


def test_labelled_pod_of_unlabelled_workload_is_stale() -> None:
    replica_set = workload("web-1", kind="ReplicaSet", **made_by("Deployment", "web"))
    pod = workload("web-1-x", kind="Pod", **made_by("ReplicaSet", "web-1"))
    read = inventory(workload("web", None), replica_set, pod)
    assert [str(each.key) for each in read.stale_pods] == ["Pod my-app/web-1-x"]
    assert not inventory(workload("web", None), replica_set, pod | {"status": {"phase": "Succeeded"}}).stale_pods


def test_circular_owner_references() -> None:
    one = workload("a", kind="Pod", **made_by("Pod", "b"))
    other = workload("b", kind="Pod", **made_by("Pod", "a"))
    assert inventory(one, other).workloads == ()


def test_duplicate_objects_must_be_equal() -> None:
    assert keys(inventory(workload(), workload())) == ["Deployment my-app/web"]
    with pytest.raises(InvalidArgumentValueError) as caught:
        inventory(workload(), workload(selector="other"))
    assert "Deployment my-app/web is defined twice" in caught.value.error_msg
    assert "objects.yaml:1" in caught.value.error_msg


def test_containers_with_imds_address() -> None:
    url = "http://169.254.169.254/metadata/identity/oauth2/token"
    for container in (
        {"env": [{"name": "URL", "value": url}]},
        {"command": ["curl", url]},
        {"args": ["--url=/metadata/identity"]},
    ):
        assert inventory(workload(container=container)).workloads[0].pod.imds == ("main",)
    assert inventory(workload(container={"args": ["--path=/metadata/identity-map"]})).workloads[0].pod.imds == ("main",)
    assert inventory(workload(container={"args": ["/metadata/identityx", "169.254.1.1"]})).workloads[0].pod.imds == ()


def test_selector_labels_and_expressions() -> None:
    expression = {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]}
    there = workload()
    there["spec"]["selector"] = expression
    assert inventory(there).workloads[0].selector == {"app", "tier"}
    assert inventory(workload(kind="ReplicationController")).workloads[0].selector == {"app"}


def test_client_id_of_service_account() -> None:
    read = inventory(account("web", "some-client"), account("plain"))
    assert read.client_id(NAMESPACE, "web") == "some-client"
    assert read.client_id(NAMESPACE, "plain") is read.client_id(NAMESPACE, "absent") is None


def damaged(draw: Any, value: Json) -> Json:
    """Return the object with a random part, at any depth, replaced by another value."""
    name = draw(st.sampled_from(sorted(value)))
    inner = value[name]
    deeper = isinstance(inner, dict) and inner and draw(st.booleans())
    return {**value, name: damaged(draw, inner) if deeper else draw(json_values)}


@given(st.data(), st.sampled_from(KINDS))
def test_malformed_object_does_not_crash(data: st.DataObject, kind: str) -> None:
    there = workload(kind=kind, container={"env": [{"value": "x"}]}, **made_by("Some", "owner"))
    broken = damaged(data.draw, there)
    if isinstance(broken.get("kind"), str):
        with suppress(InvalidArgumentValueError):  # its name or kind cannot be one in Kubernetes
            inventory(broken)
