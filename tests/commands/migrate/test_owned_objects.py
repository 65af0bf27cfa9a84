# SPDX-License-Identifier: MIT
"""Test that `migrate` finds users of pod identity that belong to a controller of an unknown kind."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from azure_simulator import Simulator
from tests.support.azure_cli import NAMESPACE, AzureCli
from tests.support.cluster_state import profile_of, seed_entries
from tests.support.workload_manifests import ENABLED, ISSUER, MIGRATE, Wire, live, service_account, workload, write

HEAD = """
metadata:
  name: owned
  namespace: my-app
  ownerReferences: [{apiVersion: example.com/v1, kind: Widget, name: owner, controller: true}]
"""
USERS = {
    "trigger": f"""
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
{HEAD}
spec: {{podIdentity: {{provider: azure}}}}
""",
    "secrets": f"""
apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
{HEAD}
spec: {{provider: azure, parameters: {{usePodIdentity: "true"}}}}
""",
    "template": f"""
apiVersion: v1
kind: ConfigMap
{HEAD}
data: {{pod.yaml: "metadata: {{labels: {{aadpodidbinding: app}}}}"}}
""",
    "other kind": f"""
apiVersion: example.com/v1
kind: Gadget
{HEAD}
spec: {{podLabels: {{aadpodidbinding: app}}}}
""",
    "arguments": f"""
apiVersion: apps/v1
kind: Deployment
{HEAD}
spec:
  selector: {{matchLabels: {{app: owned}}}}
  template:
    metadata: {{labels: {{app: owned}}}}
    spec: {{containers: [{{name: main, image: app, args: [--pod-labels=aadpodidbinding=app]}}]}}
""",
}


def owned(raw: Wire) -> Wire:
    """Return the object as one of a controller of an unknown kind."""
    owner = {"apiVersion": "example.com/v1", "kind": "Widget", "name": "owner", "controller": True}
    return {**raw, "metadata": {**raw["metadata"], "ownerReferences": [owner]}}


@pytest.mark.parametrize("case", USERS)
def test_user_of_unread_owner_blocks_finish(az: AzureCli, simulator: Simulator, tmp_path: Path, case: str) -> None:
    seed_entries(simulator, "app", **ENABLED)
    raw = yaml.safe_load(USERS[case])
    file = write(tmp_path / "all.yaml", live(raw))

    plan = az(f"{MIGRATE} --workloads {file}").ok().json
    (status,) = az(f"{MIGRATE} --workloads {file} --status").ok().json
    message = az(f"{MIGRATE} --workloads {file} --finish --yes").failed()

    assert any(each["severity"] == "ActionRequired" for each in plan["decisions"])
    assert (status["kind"], status["state"]) == (raw["kind"], "NotReady")
    assert f"{raw['kind']} {NAMESPACE}/owned (NotReady)" in message
    assert profile_of(simulator)["enabled"]


def test_old_revision_of_unread_owner_is_ignored(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    seed_entries(simulator, "app", **ENABLED)
    raw = yaml.safe_load(USERS["arguments"])
    old = {**raw, "kind": "ReplicaSet", "spec": {**raw["spec"], "replicas": 0}}
    assert az(f"{MIGRATE} --workloads {write(tmp_path / 'all.yaml', live(old))} --status").ok().json == []


def test_service_account_of_operator_is_read(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    """Operators create the service accounts of their workloads, with the annotation from their own settings."""
    identity = seed_entries(simulator, "app", **ENABLED)["app"]
    simulator.seed.federated_credential(identity["id"], "web", ISSUER, f"system:serviceaccount:{NAMESPACE}:web")
    client_id = identity["properties"]["clientId"]
    web = workload("web", None, account="web")
    web["spec"]["template"]["metadata"]["labels"]["azure.workload.identity/use"] = "true"
    file = write(tmp_path / "all.yaml", live(owned(web), owned(service_account("web", client_id))))

    (status,) = az(f"{MIGRATE} --workloads {file} --status").ok().json
    assert (status["state"], status["reason"]) == ("Ready", None)

    labelled = workload("web", "app", account="web")
    file = write(tmp_path / "labelled.yaml", live(labelled, owned(service_account("web"))))
    (account,) = az(f"{MIGRATE} --workloads {file}").ok().json["serviceAccounts"]
    assert account["state"] == "NeedsAnnotation"
