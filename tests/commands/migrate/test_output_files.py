# SPDX-License-Identifier: MIT
"""Test the files of `az aks pod-identity migrate` with a real kubectl."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from azure_simulator import Simulator
from tests.support.azure_cli import NAMESPACE, AzureCli
from tests.support.cluster_state import seed_entries
from tests.support.workload_manifests import (
    CLIENT_ID,
    ENABLED,
    MIGRATE,
    PROXY,
    USE,
    Wire,
    kustomize,
    live,
    pod_of,
    service_account,
    workload,
    write,
)

KINDS = ("Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob")


def files_in(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def patch_of_account(folder: Path, name: str) -> Wire:
    """The patch of a service account that was not read."""
    patch: Wire = yaml.safe_load((folder / "patches" / f"{NAMESPACE}_serviceaccount_{name}.yaml").read_text())
    return patch


@pytest.fixture
def client_id(simulator: Simulator) -> str:
    """The client id of managed identity `app`, which pod identity `app` binds."""
    ids: dict[str, str] = seed_entries(simulator, "app", **ENABLED)["app"]["properties"]
    return ids["clientId"]


@pytest.mark.parametrize("keep", ["elsewhere", "below the output folder", "in a folder", "standard input"])
def test_kustomize_changes_label_and_annotation_only(az: AzureCli, client_id: str, tmp_path: Path, keep: str) -> None:
    out = tmp_path / "out"
    folder = {"below the output folder": out / "apps", "in a folder": tmp_path / "apps"}.get(keep, tmp_path)
    there = [workload(kind.lower(), "app", kind, account="web") for kind in KINDS]
    file = write(folder / "all.yaml", *there, workload("other", None))
    named = shlex.quote(str(tmp_path / "apps" if keep == "in a folder" else file))

    if keep == "standard input":
        az(f"{MIGRATE} --workloads - --one-step --output-dir {out}", stdin=file.read_text()).ok()
    else:
        az(f"{MIGRATE} --workloads {named} --one-step --output-dir {out}").ok()

    built = kustomize(out)
    for before in there:
        if before["kind"] in ("Pod", "Job"):
            assert (before["kind"], before["metadata"]["name"]) not in built
            continue
        after = built[before["kind"], before["metadata"]["name"]]
        labels = pod_of(after)["metadata"]["labels"]
        assert labels == {"app": before["metadata"]["name"], USE: "true"}
        pod_of(after)["metadata"]["labels"] = pod_of(before)["metadata"]["labels"]
        assert after == before  # nothing else differs
    assert ("Deployment", "other") not in built
    account = patch_of_account(out, "web")
    assert account["metadata"] == {"name": "web", "namespace": NAMESPACE, "annotations": {CLIENT_ID: client_id}}


def test_patches_add_service_account_and_proxy(az: AzureCli, client_id: str, tmp_path: Path) -> None:
    file = write(tmp_path / "web.yaml", workload("web", "app"), workload("nightly", "app", "CronJob"))

    options = "--new-service-accounts --proxy-sidecar web nightly"
    az(f"{MIGRATE} --workloads {file} --output-dir {tmp_path / 'out'} {options}").ok()

    built = kustomize(tmp_path / "out")
    for kind, name in (("Deployment", "web"), ("CronJob", "nightly")):
        pod = pod_of(built[kind, name])
        assert pod["spec"]["serviceAccountName"] == "app"
        assert pod["metadata"]["annotations"] == {PROXY: "true"}
    account = patch_of_account(tmp_path / "out", "app")
    assert account["metadata"]["annotations"] == {CLIENT_ID: client_id}


def test_patch_of_service_account_in_manifest(az: AzureCli, client_id: str, tmp_path: Path) -> None:
    write(tmp_path / "apps" / "accounts.yaml", service_account("web"))
    write(tmp_path / "apps" / "web.yaml", workload("web", "app", account="web"))
    # Two files of one name, and one that does not change.
    write(tmp_path / "more" / "web.yaml", workload("api", "app", account="web"))
    write(tmp_path / "apps" / "config.yaml", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}})

    named = f"{tmp_path / 'apps'} {tmp_path / 'more'}"
    az(f"{MIGRATE} --workloads {named} --output-dir {tmp_path / 'out'}").ok()

    built = kustomize(tmp_path / "out")
    assert set(built) == {("Deployment", "web"), ("Deployment", "api"), ("ServiceAccount", "web")}
    assert built["ServiceAccount", "web"]["metadata"]["annotations"] == {CLIENT_ID: client_id}


def test_manifests_without_namespace(az: AzureCli, client_id: str, tmp_path: Path) -> None:
    web = workload("web", "app", account="web")
    del web["metadata"]["namespace"]
    file = write(tmp_path / "web.yaml", web)

    az(f"{MIGRATE} --workloads {file} --namespace {NAMESPACE} --output-dir {tmp_path / 'out'}").ok()

    built = kustomize(tmp_path / "out")
    account = patch_of_account(tmp_path / "out", "web")
    assert not any("namespace" in each["metadata"] for each in (*built.values(), account))
    assert pod_of(built["Deployment", "web"])["metadata"]["labels"][USE] == "true"


def test_applied_output_leaves_nothing_to_do(az: AzureCli, client_id: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    file = write(tmp_path / "web.yaml", workload("web", "app"))
    az(f"{MIGRATE} --workloads {file} --output-dir {out} --new-service-accounts --one-step --approve").ok()
    applied = write(tmp_path / "applied.yaml", *kustomize(out).values(), patch_of_account(out, "app"))

    plan = az(f"{MIGRATE} --workloads {applied} --new-service-accounts").ok().json

    assert plan["workloads"] == plan["credentials"] == plan["decisions"] == []
    (status,) = az(f"{MIGRATE} --workloads {applied} --status").ok().json
    assert status["state"] == "Ready"


def test_repeated_output_removes_stale_files(az: AzureCli, client_id: str, tmp_path: Path) -> None:
    out, file = tmp_path / "out", tmp_path / "all.yaml"
    command = f"{MIGRATE} --workloads {file} --output-dir {out}"
    write(file, workload("web", "app", account="web"), workload("api", "app", account="api"))
    listed = az(command).ok().json["files"]
    first = files_in(out)
    assert sorted(listed) == sorted(str(out / name) for name in first)

    az(command).ok()
    assert files_in(out) == first

    write(file, workload("web", "app", account="web"))
    az(command).ok()
    gone = {f"{folder}/{NAMESPACE}_deployment_api.yaml" for folder in ("patches", "original-manifests")}
    gone.add(f"patches/{NAMESPACE}_serviceaccount_api.yaml")
    assert {name for name in first if name not in files_in(out)} == gone
    assert ("Deployment", "api") not in kustomize(out)


@pytest.mark.parametrize("place", ["out", "."])
def test_output_folder_is_not_read(az: AzureCli, client_id: str, tmp_path: Path, place: str) -> None:
    write(tmp_path / "web.yaml", workload("web", "app", account="web"))
    command = f"{MIGRATE} --workloads {tmp_path} --output-dir {tmp_path / place}"
    first = az(command).ok().json

    again = az(command).ok().json

    assert again == first
    assert pod_of(kustomize(tmp_path / place)["Deployment", "web"])["metadata"]["labels"][USE] == "true"


def test_foreign_files_are_not_overwritten(az: AzureCli, client_id: str, tmp_path: Path) -> None:
    file = write(tmp_path / "web.yaml", workload("web", "app", account="web"))
    theirs = write(tmp_path / "out" / "kustomization.yaml", {"resources": ["x.yaml"]})
    before = theirs.read_text()

    message = az(f"{MIGRATE} --workloads {file} --output-dir {tmp_path / 'out'}").failed()

    assert "kustomization.yaml" in message
    assert theirs.read_text() == before
    assert files_in(tmp_path / "out") == {"kustomization.yaml": before}
    assert az(f"{MIGRATE} --workloads {file} --output-dir {file}").failed()


def test_live_objects_get_patches_and_script(az: AzureCli, client_id: str, tmp_path: Path) -> None:
    there = [workload(kind.lower(), "app", kind, account="web") for kind in KINDS]
    file = tmp_path / "all.json"
    file.write_text(json.dumps(live(*there, service_account("web"))))

    plan = az(f"{MIGRATE} --workloads {file} --context mine --one-step --output-dir {tmp_path / 'out'}").ok().json

    recreated = [each for each in plan["decisions"] if each["code"] == "RecreateWorkload"]
    assert [each["command"] for each in recreated] == [
        f"kubectl delete {kind}s {kind} --namespace {NAMESPACE}" for kind in ("job", "pod")
    ]
    written = files_in(tmp_path / "out")
    assert "kustomization.yaml" not in written
    lines = written["apply.sh"].splitlines()
    kubectl = "kubectl --context=mine"
    account = f"patches/{NAMESPACE}_serviceaccount_web.yaml"
    what = f"serviceaccounts web --namespace {NAMESPACE}"
    assert f"{kubectl} patch {what} --type strategic --patch-file {account}" in lines
    patch = f"patches/{NAMESPACE}_deployment_deployment.yaml"
    assert (
        f"{kubectl} patch deployments deployment --namespace {NAMESPACE} --type strategic --patch-file {patch}" in lines
    )
    assert len([line for line in lines if " patch " in line]) == len(KINDS) - 1
    # A manifest patched by hand with the same file gives the same.
    base = write(tmp_path / "hand" / "base.yaml", there[1])
    (base.parent / "patch.yaml").write_text(written[patch])
    write(base.parent / "kustomization.yaml", {"resources": ["base.yaml"], "patches": [{"path": "patch.yaml"}]})
    labels = pod_of(kustomize(base.parent)["Deployment", "deployment"])["metadata"]["labels"]
    assert labels == {"app": "deployment", USE: "true"}


def test_nothing_to_change_writes_nothing(az: AzureCli, client_id: str, tmp_path: Path) -> None:
    file = write(tmp_path / "web.yaml", workload("web", None))

    result = az(f"{MIGRATE} --workloads {file} --output-dir {tmp_path / 'out'}").ok()

    assert result.json["files"] == []
    assert not (tmp_path / "out").exists() or not files_in(tmp_path / "out")
    assert any("Nothing to write" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"a: b: c\n", "bad.yaml:1"),
        (b"replicas: 3\n", "no Kubernetes object found"),
        (b"\xff\xfea\x00", "not UTF-8"),
    ],
)
def test_unreadable_file(az: AzureCli, simulator: Simulator, tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "bad.yaml").write_bytes(content)
    message = az(f"{MIGRATE} --workloads {tmp_path / 'bad.yaml'}").failed()
    assert says in message
    assert not simulator.requests.all()


def test_folder_with_duplicate_environment(az: AzureCli, tmp_path: Path) -> None:
    one: dict[str, Any] = workload("web", "app", account="web")
    write(tmp_path / "apps" / "one.yaml", one)
    write(tmp_path / "apps" / "prod" / "two.yaml", workload("web", "other", account="web"))
    message = az(f"{MIGRATE} --workloads {tmp_path / 'apps'}").failed()
    assert "one.yaml:1" in message
    assert "two.yaml:1" in message
