# SPDX-License-Identifier: MIT
"""Test the status of workloads whose pods may run as one of several service accounts."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from azure_simulator import Simulator
from tests.support.azure_cli import CLUSTER, GROUP, NAMESPACE, AzureCli
from tests.support.cluster_state import pod_identity, profile_of, seed_entries
from tests.support.workload_manifests import ENABLED, ISSUER, MIGRATE, Wire, live, service_account, workload, write

USE_LABEL = 'labels: {azure.workload.identity/use: "true"}'
MANIFESTS = {
    "Argo": f"""
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {{name: report, namespace: my-app}}
spec:
  serviceAccountName: web
  podMetadata: {{{USE_LABEL}}}
  templates: [{{name: main, serviceAccountName: other, container: {{image: app}}}}]
""",
    "Argo patch in JSON": f"""
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {{name: report, namespace: my-app}}
spec:
  workflowSpec:
    serviceAccountName: web
    podMetadata: {{{USE_LABEL}}}
    podSpecPatch: '{{"serviceAccountName": "other"}}'
""",
    "Argo patch in YAML": f"""
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {{name: report, namespace: my-app}}
spec:
  serviceAccountName: web
  podMetadata: {{{USE_LABEL}}}
  templates:
  - name: main
    container: {{image: app}}
    podSpecPatch: |
      serviceAccountName: other
      terminationGracePeriodSeconds: 5
""",
    "Spark": f"""
apiVersion: sparkoperator.k8s.io/v1beta2
kind: ScheduledSparkApplication
metadata: {{name: report, namespace: my-app}}
spec:
  template:
    driver: {{serviceAccount: web, {USE_LABEL}}}
    executor: {{serviceAccount: other}}
""",
    "Volcano": f"""
apiVersion: batch.volcano.sh/v1alpha1
kind: Job
metadata: {{name: report, namespace: my-app}}
spec:
  tasks:
  - {{name: a, template: {{metadata: {{{USE_LABEL}}}, spec: {{serviceAccountName: web}}}}}}
  - {{name: b, template: {{metadata: {{{USE_LABEL}}}, spec: {{serviceAccountName: other}}}}}}
""",
}


def pods_of_unread_owner() -> list[Wire]:
    """Return two pods of one controller of an unknown kind that run as different service accounts."""
    pods = []
    for account in ("other", "web"):
        pod = workload(f"report-{account}", None, "Pod", account=account)
        owner = {"apiVersion": "example.com/v1", "kind": "Widget", "name": "report", "controller": True}
        pod["metadata"]["ownerReferences"] = [owner]
        pod["metadata"]["labels"]["azure.workload.identity/use"] = "true"
        pod["spec"]["containers"][0]["env"] = [{"name": "AZURE_FEDERATED_TOKEN_FILE", "value": "/token"}]
        pods.append(pod)
    return pods


def objects_of(case: str) -> list[Wire]:
    return pods_of_unread_owner() if case == "unread owner" else list(yaml.safe_load_all(MANIFESTS[case]))


@pytest.mark.parametrize("lacking", ["annotation", "credential", "nothing"])
@pytest.mark.parametrize("case", [*MANIFESTS, "unread owner"])
def test_each_possible_account_is_judged(
    az: AzureCli, simulator: Simulator, tmp_path: Path, case: str, lacking: str
) -> None:
    identity = seed_entries(simulator, "app", **ENABLED)["app"]
    client_id = identity["properties"]["clientId"]
    for name in ("web",) if lacking == "credential" else ("web", "other"):
        simulator.seed.federated_credential(identity["id"], name, ISSUER, f"system:serviceaccount:{NAMESPACE}:{name}")
    accounts = (
        service_account("web", client_id),
        service_account("other", None if lacking == "annotation" else client_id),
    )
    file = write(tmp_path / "all.yaml", live(*objects_of(case), *accounts))

    (status,) = az(f"{MIGRATE} --workloads {file} --status").ok().json

    assert status["name"] == "report"
    if lacking == "nothing":
        assert (status["state"], status["reason"]) == ("Ready", None)
        return
    assert status["state"] == "NotReady"
    assert "one of these service accounts: other, web." in status["reason"]
    assert ("is not annotated" if lacking == "annotation" else "has no credential") in status["reason"]
    assert "my-app/report" in az(f"{MIGRATE} --workloads {file} --finish --yes").failed()
    assert profile_of(simulator)["enabled"]


def test_managed_identity_of_other_account_is_read(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    """Its pod identity is in another namespace, so only the annotation of the service account leads to it."""
    app, batch = (simulator.seed.managed_identity(GROUP, name) for name in ("app", "batch"))
    bound = [pod_identity(app, "app"), pod_identity(batch, "batch", namespace="elsewhere")]
    profile = {"enabled": True, "userAssignedIdentities": bound}
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=profile, **ENABLED)
    simulator.seed.federated_credential(app["id"], "web", ISSUER, f"system:serviceaccount:{NAMESPACE}:web")
    accounts = (
        service_account("web", app["properties"]["clientId"]),
        service_account("other", batch["properties"]["clientId"]),
    )
    file = write(tmp_path / "all.yaml", live(*objects_of("Argo"), *accounts))
    command = f"{MIGRATE} --workloads {file} --status"

    (status,) = az(command).ok().json
    assert (status["state"], "'batch' has no credential" in status["reason"]) == ("NotReady", True)

    subject = f"system:serviceaccount:{NAMESPACE}:other"
    simulator.seed.federated_credential(batch["id"], "other", ISSUER, subject)
    (status,) = az(command).ok().json
    assert status["state"] == "Ready"


def test_pods_keep_client_ids_of_own_accounts(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    identities = seed_entries(simulator, "app", "batch", **ENABLED)
    client_ids = {"web": identities["app"], "other": identities["batch"]}
    pods = pods_of_unread_owner()
    accounts = []
    for name, identity in client_ids.items():
        subject = f"system:serviceaccount:{NAMESPACE}:{name}"
        simulator.seed.federated_credential(identity["id"], name, ISSUER, subject)
        accounts.append(service_account(name, identity["properties"]["clientId"]))
    for pod in pods:
        client_id = client_ids[pod["spec"]["serviceAccountName"]]["properties"]["clientId"]
        pod["spec"]["containers"][0]["env"].append({"name": "AZURE_CLIENT_ID", "value": client_id})
    file = write(tmp_path / "all.yaml", live(*pods, *accounts))

    (status,) = az(f"{MIGRATE} --workloads {file} --status").ok().json
    assert (status["state"], status["reason"]) == ("Ready", None)
