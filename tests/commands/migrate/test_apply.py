# SPDX-License-Identifier: MIT
"""Test that a real kubectl applies the output of `migrate` to a Kubernetes API that stores objects."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from azure_simulator import Simulator
from development.kubernetes_api import KubernetesApi, kubernetes_api
from tests.support.azure_cli import CLUSTER, GROUP, NAMESPACE, AzureCli
from tests.support.cluster_state import pod_identity, profile_of, seed_entries
from tests.support.workload_manifests import (
    CLIENT_ID,
    ENABLED,
    MIGRATE,
    USE,
    Wire,
    codes,
    pod_of,
    service_account,
    workload,
    write,
)

LABEL = "aadpodidbinding"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
SECRETS: Wire = {
    "apiVersion": "secrets-store.csi.x-k8s.io/v1",
    "kind": "SecretProviderClass",
    "metadata": {"namespace": NAMESPACE, "name": "secrets"},
    "spec": {"provider": "azure", "parameters": {"usePodIdentity": "true", "keyvaultName": "vault"}},
}
VOLUME = {"driver": "secrets-store.csi.k8s.io", "volumeAttributes": {"secretProviderClass": "secrets"}}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[KubernetesApi]:
    with kubernetes_api(tmp_path) as api:
        yield api


@pytest.fixture
def az_there(az: AzureCli, api: KubernetesApi) -> AzureCli:
    """An az whose kubectl finds the API."""
    return az.with_environment(**api.environment())


def objects() -> list[Wire]:
    """Workloads of three kinds with the label, one of which mounts secrets by pod identity."""
    web = workload("web", "app", account="web")
    pod_of(web)["spec"]["volumes"] = [{"name": "secrets", "csi": VOLUME}]
    rollout = {**workload("canary", "app", account="web"), "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout"}
    return [web, workload("nightly", "app", "CronJob", account="web"), rollout, SECRETS]


KINDS = {"Deployment": "web", "CronJob": "nightly", "Rollout": "canary"}


def labels(api: KubernetesApi) -> list[dict[str, str]]:
    """The labels of the pods of each workload, without `app`."""
    found = [pod_of(api.get(kind, name))["metadata"]["labels"] for kind, name in KINDS.items()]
    return [{key: value for key, value in each.items() if key != "app"} for each in found]


def test_apply_scripts_in_two_steps(
    az_there: AzureCli, api: KubernetesApi, simulator: Simulator, tmp_path: Path
) -> None:
    identity = seed_entries(simulator, "app", **ENABLED, fqdn="127.0.0.1")["app"]
    api.seed(*objects(), service_account("web"))

    plan = az_there(f"{MIGRATE} --approve --output-dir {tmp_path / 'one'}").ok().json
    assert "KindsNotRead" in codes(plan)
    api.run("sh", str(tmp_path / "one" / "apply.sh"))

    assert labels(api) == [{LABEL: "app", USE: "true"}] * 3
    client_id = identity["properties"]["clientId"]
    assert api.get("ServiceAccount", "web")["metadata"]["annotations"][CLIENT_ID] == client_id
    assert api.get("SecretProviderClass", "secrets")["spec"] == SECRETS["spec"]
    states = {each["state"] for each in az_there(f"{MIGRATE} --status").ok().json}
    assert states == {"Labelled", "NotReady"}
    az_there(f"{MIGRATE} --finish --yes").failed()

    az_there(f"{MIGRATE} --remove-labels --output-dir {tmp_path / 'two'}").ok()
    api.run("sh", str(tmp_path / "two" / "apply.sh"))

    assert labels(api) == [{USE: "true"}] * 3
    parameters = api.get("SecretProviderClass", "secrets")["spec"]["parameters"]
    assert parameters == {"usePodIdentity": "false", "clientID": client_id, "keyvaultName": "vault"}
    assert {each["state"] for each in az_there(f"{MIGRATE} --status").ok().json} == {"Ready"}
    az_there(f"{MIGRATE} --finish --yes").ok()
    assert not profile_of(simulator).get("enabled")


def test_service_account_keeps_fields_of_manifest(
    az_there: AzureCli, api: KubernetesApi, simulator: Simulator, tmp_path: Path
) -> None:
    client_id = seed_entries(simulator, "app", **ENABLED, fqdn="127.0.0.1")["app"]["properties"]["clientId"]
    account = {**service_account("web"), "imagePullSecrets": [{"name": "registry"}]}
    account["metadata"]["labels"] = {"team": "shop"}
    # What `kubectl apply` compares with: it removes what it applied before and does not find in the file.
    before = {LAST_APPLIED: json.dumps(account)}
    applied = {**account, "metadata": {**account["metadata"], "annotations": before}}
    api.seed(workload("web", "app", account="web"), applied)

    az_there(f"{MIGRATE} --output-dir {tmp_path / 'out'}").ok()
    script = tmp_path / "out" / "apply.sh"
    for _ in range(2):
        api.run("sh", str(script))

    applied = api.get("ServiceAccount", "web")
    assert applied["imagePullSecrets"] == [{"name": "registry"}]
    assert applied["metadata"]["labels"] == {"team": "shop"}
    assert applied["metadata"]["annotations"][CLIENT_ID] == client_id
    text = script.read_text("utf-8")
    assert text.index("patch serviceaccounts web") < text.index("patch deployments web")


@pytest.mark.parametrize("exists", [True, False], ids=["exists", "new"])
@pytest.mark.parametrize("place", ["namespace", "--namespace", "context"])
def test_unread_service_account_keeps_fields(
    az: AzureCli, api: KubernetesApi, simulator: Simulator, tmp_path: Path, exists: bool, place: str
) -> None:
    namespace = "default" if place == "context" else NAMESPACE
    identity = simulator.seed.managed_identity(GROUP, "app")
    profile = {"enabled": True, "userAssignedIdentities": [pod_identity(identity, "app", namespace=namespace)]}
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=profile, **ENABLED)
    account = {**service_account("web"), "imagePullSecrets": [{"name": "registry"}]}
    account["metadata"] = {"name": "web", "namespace": namespace, "labels": {"team": "shop"}}
    account["metadata"]["annotations"] = {"owner": "shop"}
    head = {**account["metadata"], "annotations": {"owner": "shop", LAST_APPLIED: json.dumps(account)}}
    if exists:
        api.seed({**account, "metadata": head})
    web = workload("web", "app", account="web")
    web["metadata"] = {"name": "web", **({"namespace": namespace} if place == "namespace" else {})}
    file, folder = write(tmp_path / "web.yaml", web), tmp_path / "out"
    options = "" if place == "context" else f"--namespace {NAMESPACE}"

    result = az(f"{MIGRATE} --workloads {file} {options} --output-dir {folder}").ok()

    assert any(each.endswith(f"run: sh {folder}/apply.sh") for each in result.warnings)
    for _ in range(2):
        api.run("sh", str(folder / "apply.sh"))

    found = api.get("ServiceAccount", "web", namespace)
    assert found["metadata"]["annotations"][CLIENT_ID] == identity["properties"]["clientId"]
    assert pod_of(api.get("Deployment", "web", namespace))["metadata"]["labels"][USE] == "true"
    if exists:
        assert found["imagePullSecrets"] == account["imagePullSecrets"]
        assert found["metadata"]["labels"] == {"team": "shop"}
        assert found["metadata"]["annotations"]["owner"] == "shop"


@pytest.mark.parametrize("namespaced", [True, False], ids=["namespaced", "without namespace"])
def test_advised_command_applies_manifests(
    az: AzureCli, api: KubernetesApi, simulator: Simulator, tmp_path: Path, namespaced: bool
) -> None:
    seed_entries(simulator, "app", **ENABLED)
    manifests = objects()
    if not namespaced:
        for each in manifests:
            each["metadata"] = {"name": each["metadata"]["name"]}
    # What is not to be applied again: a placeholder, and a namespace that two files have.
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"password": "REPLACE"}}
    shared = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    generated = workload("x", "app", "Job", account="web")
    generated["metadata"] = {"generateName": "run-", "namespace": NAMESPACE}
    account = service_account("web")
    if not namespaced:
        del account["metadata"]["namespace"]
    write(tmp_path / "apps" / "a.yaml", shared, account, *manifests[:1], secret)
    write(tmp_path / "apps" / "b.yaml", shared, *manifests[1:], generated)
    folder = tmp_path / "out"

    result = az(f"{MIGRATE} --workloads {tmp_path / 'apps'} --namespace {NAMESPACE} --output-dir {folder}").ok()

    (command,) = [each for warning in result.warnings for each in re.findall(r"kubectl .*apply.*", warning)]
    assert ("--namespace" in command) != namespaced
    printed = api.run(*shlex.split(command))
    assert printed.count(" created") == len(KINDS) + 1  # the service account
    assert labels(api) == [{LABEL: "app", USE: "true"}] * 3
