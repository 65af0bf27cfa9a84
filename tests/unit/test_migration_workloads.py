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
    """The metadata of a workload that carries the label itself."""
    return {"metadata": {"namespace": NAMESPACE, "name": kind.lower(), "labels": {"aadpodidbinding": "sel"}}}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_read_in_one_shape(kind: str) -> None:
    (read,) = inventory(workload("web", "sel", kind=kind, account="web", annotations={"a": "b"})).workloads
    assert str(read.key) == f"{kind} my-app/web"
    assert (read.binding, read.labels["app"], read.service_account) == ("sel", "web", "web")
    assert read.annotations == {"a": "b"}
    assert not read.live


@pytest.mark.parametrize("kind", KINDS)
def test_a_workload_without_a_service_account_runs_as_default(kind: str) -> None:
    (read,) = inventory(workload(kind=kind, account=None)).workloads
    assert read.service_account == "default"


def test_the_older_name_of_the_service_account_field_counts() -> None:
    (read,) = inventory(workload(account=None) | {"spec": {"template": {"spec": {"serviceAccount": "old"}}}}).workloads
    assert read.service_account == "old"


def test_a_label_that_somebody_forgot_to_quote_is_read_as_it_is_written() -> None:
    read = inventory(workload("a", 123), workload("b", True)).workloads  # type: ignore[arg-type]
    assert [each.binding for each in read] == ["123", "true"]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "Pod"])
def test_the_label_counts_on_the_pods_and_not_on_what_makes_them(kind: str) -> None:
    (read,) = inventory(workload(selector=None, kind=kind, labels={}) | own_label(kind)).workloads
    assert read.binding is None


def test_an_object_without_a_namespace_is_in_the_default_one() -> None:
    there = workload(namespace="")
    assert keys(inventory(there)) == ["Deployment default/web"]


def test_what_a_controller_made_is_not_listed_beside_it() -> None:
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


def test_a_pod_of_a_deployment_whose_replica_set_was_not_read_is_not_listed() -> None:
    pod = workload("web-5d9-x", kind="Pod", labels={"pod-template-hash": "5d9"}, **made_by("ReplicaSet", "web-5d9"))
    assert keys(inventory(workload("web"), pod)) == ["Deployment my-app/web"]


def test_a_controller_that_was_not_read_is_listed_once_by_what_it_made() -> None:
    pods = [workload(f"web-5d9-{n}", kind="Pod", **made_by("Rollout", "web")) for n in "xyz"]
    read = inventory(*pods)
    assert keys(read) == ["Rollout my-app/web"]
    assert read.workloads[0].owner_missing


def test_a_controller_that_was_not_read_carries_the_label_where_one_of_its_pods_does() -> None:
    pods = [workload(f"web-{n}", label, kind="Pod", **made_by("Rollout", "web")) for n, label in enumerate(["s", None])]
    for order in (pods, pods[::-1]):
        assert inventory(*order).workloads[0].binding == "s"


def test_a_reference_to_an_owner_that_is_no_controller_does_not_hide_a_pod() -> None:
    pod = workload("lone", kind="Pod", ownerReferences=[{"kind": "Node", "name": "node"}])
    assert keys(inventory(pod)) == ["Pod my-app/lone"]


def test_what_has_ended_is_not_listed() -> None:
    over = {"status": {"conditions": [{"type": "Complete", "status": "True"}]}}
    job, running = workload("done", kind="Job") | over, workload("running", kind="Job")
    phases = ("succeeded", "failed", "running")
    pods = [workload(phase, kind="Pod") | {"status": {"phase": phase.capitalize()}} for phase in phases]
    assert keys(inventory(job, running, *pods)) == ["Job my-app/running", "Pod my-app/running"]


def test_a_running_pod_with_the_label_is_old_once_its_workload_has_it_no_more() -> None:
    replica_set = workload("web-1", kind="ReplicaSet", **made_by("Deployment", "web"))
    pod = workload("web-1-x", kind="Pod", **made_by("ReplicaSet", "web-1"))
    read = inventory(workload("web", None), replica_set, pod)
    assert [str(each.key) for each in read.stale_pods] == ["Pod my-app/web-1-x"]
    assert not inventory(workload("web", None), replica_set, pod | {"status": {"phase": "Succeeded"}}).stale_pods


def test_owners_in_a_circle_end() -> None:
    one = workload("a", kind="Pod", **made_by("Pod", "b"))
    other = workload("b", kind="Pod", **made_by("Pod", "a"))
    assert inventory(one, other).workloads == ()


def test_an_object_that_is_there_twice_is_read_once_and_refused_where_it_differs() -> None:
    assert keys(inventory(workload(), workload())) == ["Deployment my-app/web"]
    with pytest.raises(InvalidArgumentValueError) as caught:
        inventory(workload(), workload(selector="other"))
    assert "Deployment my-app/web is defined twice" in caught.value.error_msg
    assert "objects.yaml:1" in caught.value.error_msg


def test_the_containers_that_name_the_metadata_service_are_found() -> None:
    url = "http://169.254.169.254/metadata/identity/oauth2/token"
    for container in (
        {"env": [{"name": "URL", "value": url}]},
        {"command": ["curl", url]},
        {"args": ["--url=/metadata/identity"]},
    ):
        assert inventory(workload(container=container)).workloads[0].pod.imds == ("main",)
    assert inventory(workload(container={"args": ["--path=/metadata/identity-map"]})).workloads[0].pod.imds == ("main",)
    assert inventory(workload(container={"args": ["/metadata/identityx", "169.254.1.1"]})).workloads[0].pod.imds == ()


def test_selectors_of_labels_and_of_expressions_are_read() -> None:
    expression = {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]}
    there = workload()
    there["spec"]["selector"] = expression
    assert inventory(there).workloads[0].selector == {"app", "tier"}
    assert inventory(workload(kind="ReplicationController")).workloads[0].selector == {"app"}


def test_service_accounts_are_read_with_their_client_id() -> None:
    read = inventory(account("web", "some-client"), account("plain"))
    assert read.client_id(NAMESPACE, "web") == "some-client"
    assert read.client_id(NAMESPACE, "plain") is read.client_id(NAMESPACE, "absent") is None


def damaged(draw: Any, value: Json) -> Json:
    """The object with one of its parts, at any depth, replaced by something else."""
    name = draw(st.sampled_from(sorted(value)))
    inner = value[name]
    deeper = isinstance(inner, dict) and inner and draw(st.booleans())
    return {**value, name: damaged(draw, inner) if deeper else draw(json_values)}


@given(st.data(), st.sampled_from(KINDS))
def test_an_object_that_is_not_well_formed_is_no_crash(data: st.DataObject, kind: str) -> None:
    there = workload(kind=kind, container={"env": [{"value": "x"}]}, **made_by("Some", "owner"))
    broken = damaged(data.draw, there)
    if isinstance(broken.get("kind"), str):
        with suppress(InvalidArgumentValueError):  # its name or kind cannot be one in Kubernetes
            inventory(broken)
