# SPDX-License-Identifier: MIT
"""Detection of all users of pod identity. Users that are not understood block `--finish`."""

from __future__ import annotations

from typing import Any

import pytest
from azure.cli.core.azclierror import ValidationError

from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.kubernetes_objects import read_objects
from azext_podidentity.migration.plan import plan_migration
from azext_podidentity.migration.pod_templates import TABLE
from azext_podidentity.migration.status import check_finished, statuses
from azext_podidentity.migration.steps import MigrationPlan, Options, Stage
from azext_podidentity.migration.user_decisions import kinds_not_read
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity
from azext_podidentity.profile.workload_credentials import IdentityCredentials, credential_for
from tests.support.builders import REFERENCE, Json, cluster_of, identity_entry, identity_id
from tests.support.kubernetes_objects import NAMESPACE, account, made_by, migrated, workload

ISSUER = "https://issuer.example/"
CLIENT = f"client of {identity_id()}"
ENABLED: Json = {
    "oidcIssuerProfile": {"enabled": True, "issuerURL": ISSUER},
    "securityProfile": {"workloadIdentity": {"enabled": True}},
}
LABEL, USE = "aadpodidbinding", "azure.workload.identity/use"
CLUSTER = cluster_of([identity_entry(EntryKey(NAMESPACE, "my-pod-identity"))], **ENABLED)
LOOKUPS = {
    identity_id(): IdentityCredentials(
        ManagedIdentity(identity_id(), CLIENT), (credential_for(ISSUER, NAMESPACE, "web"),)
    )
}


def inventory_of(manifest: str, *objects: Json) -> Inventory:
    read = read_objects(manifest, "manifest.yaml")
    return Inventory.of([*read, *(found for each in objects for found in read_objects(as_json(each), "all.json"))])


def as_json(raw: Json) -> str:
    import json

    return json.dumps(raw)


def plan_of(inventory: Inventory, stage: Stage = "OneStep", **options: Any) -> MigrationPlan:
    return plan_migration(CLUSTER, inventory, LOOKUPS, Options(stage, **options))


def codes(plan: MigrationPlan) -> list[str]:
    return [each.code for each in plan.decisions]


def unfinished(inventory: Inventory) -> str:
    """Return the reason why the migration cannot be finished."""
    with pytest.raises(ValidationError) as caught:
        check_finished(REFERENCE, statuses(CLUSTER, inventory, LOOKUPS))
    return str(caught.value.error_msg)


def put(raw: Json, path: tuple[str, ...], value: Any) -> None:
    """Set a value at a path. `*` is a list with one item."""
    head, *rest = path
    if head == "*":
        raise AssertionError("a list is made by the step before")
    if rest and rest[0] == "*":
        items = raw.setdefault(head, [{}])
        put(items[0], tuple(rest[1:]), value)
    elif rest:
        put(raw.setdefault(head, {}), tuple(rest), value)
    else:
        raw[head] = value


def labelled(number: int) -> Json:
    """Return an object for a row of the table with labelled pods that run as service account `web`."""
    row = TABLE[number]
    version = f"{row.group}/v1" if row.group else "v1"
    raw: Json = {"apiVersion": version, "kind": row.kind, "metadata": {"namespace": NAMESPACE, "name": "web"}}
    put(raw, (*row.metadata_path, "labels"), {LABEL: "my-pod-identity"})
    put(raw, row.account_path, "web")
    if row.kind == "ReplicationController":
        put(raw, ("spec", "selector"), {"app": "web"})
    return raw


@pytest.mark.parametrize("number", range(len(TABLE)), ids=[f"{each.kind}.{each.group}" for each in TABLE])
def test_every_known_kind_is_planned(number: int) -> None:
    inventory = inventory_of("", labelled(number), account("web", CLIENT))

    plan = plan_of(inventory)

    (step,) = plan.workloads
    assert step.service_account == "web"
    assert step.labels == {LABEL: None, USE: "true"}
    assert not inventory.mentions
    assert TABLE[number].source.startswith("https://")
    assert str(step.workload.key) in unfinished(inventory)


MENTIONS = {
    "Helm values": """
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: my-app}
spec: {values: {podLabels: {aadpodidbinding: my-pod-identity}}}
""",
    "pod template in ConfigMap": """
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: my-app}
data:
  pod_template.yaml: |
    metadata:
      labels:
        aadpodidbinding: my-pod-identity
""",
    "labels copied by operator": """
apiVersion: example.com/v1
kind: Widget
metadata: {name: web, namespace: my-app, labels: {aadpodidbinding: my-pod-identity}}
""",
    "kustomization": """
kind: Kustomization
commonLabels: {aadpodidbinding: my-pod-identity}
""",
    "values without a kind": "podLabels: {aadpodidbinding: my-pod-identity}\n",
    "workflow template": """
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: web, namespace: my-app}
spec: {templates: [{metadata: {labels: {aadpodidbinding: my-pod-identity}}}]}
""",
    "controller arguments": """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: my-app}
spec: {template: {spec: {containers: [{name: main, args: ["--pod-labels=aadpodidbinding=x"]}]}}}
""",
}


@pytest.mark.parametrize("name", MENTIONS)
def test_label_elsewhere_requires_decision_and_blocks_finish(name: str) -> None:
    inventory = inventory_of(MENTIONS[name])

    (decision,) = [each for each in plan_of(inventory).decisions if each.code == "LabelNotUnderstood"]

    assert decision.severity == "ActionRequired"
    assert decision.subject.split("/")[-1].split(":")[0] in unfinished(inventory)


def test_recorded_earlier_states_are_ignored() -> None:
    kept = workload(selector=None)
    kept["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": '{"aadpodidbinding": 1}'}
    kept["metadata"]["managedFields"] = [{"fieldsV1": {"f:aadpodidbinding": {}}}]
    kept["metadata"]["labels"] = {LABEL: "x"}
    revision = {"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": {"name": "a"}, "data": {LABEL: "x"}}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "labels": {LABEL: "x"}}}
    assert not inventory_of("", kept, revision, service).mentions


def test_finished_workloads_of_unknown_owners_count() -> None:
    over = {"status": {"conditions": [{"type": "Complete", "status": "True"}]}}
    job = workload("nightly", kind="Job") | over
    pod = workload("step-1", kind="Pod", **made_by("Workflow", "step")) | {"status": {"phase": "Succeeded"}}
    inventory = inventory_of("", job, pod)

    plan = plan_of(inventory)

    assert codes(plan).count("FinishedWorkload") == 2
    assert "UnusedIdentity" not in codes(plan)
    assert "Job my-app/nightly" in unfinished(inventory)
    known = inventory_of(
        "",
        workload("nightly", None, kind="CronJob"),
        job | {"metadata": {**job["metadata"], **made_by("CronJob", "nightly")}},
    )
    assert not known.finished


@pytest.mark.parametrize("owner", ["Deployment", "Rollout"])
def test_old_revisions_without_replicas_are_ignored(owner: str) -> None:
    old = workload("web-1", kind="ReplicaSet", **made_by(owner, "web"))
    old["spec"]["replicas"] = 0
    inventory = inventory_of("", old)
    assert inventory.workloads == inventory.stale_pods == ()


def test_knative_service_owns_pods() -> None:
    def owned(kind: str, name: str, api_version: str = "serving.knative.dev/v1") -> Json:
        return {"ownerReferences": [{"apiVersion": api_version, "kind": kind, "name": name, "controller": True}]}

    def knative(kind: str, name: str, **metadata: Any) -> Json:
        head = {"apiVersion": "serving.knative.dev/v1", "kind": kind}
        return {**head, "metadata": {"namespace": NAMESPACE, "name": name, **metadata}, "spec": {}}

    service = knative("Service", "web")
    service["spec"] = {"template": {"metadata": {"labels": {LABEL: "my-pod-identity"}}, "spec": {}}}
    revision = knative("Revision", "web-1", **owned("Configuration", "web"))
    revision["metadata"]["labels"] = {LABEL: "my-pod-identity"}
    deployment = workload("web-1-deployment", **owned("Revision", "web-1"))
    inventory = inventory_of(
        "", service, knative("Configuration", "web", **owned("Service", "web")), revision, deployment
    )

    assert [str(each.key) for each in inventory.workloads] == ["Service.serving.knative.dev my-app/web"]
    assert not inventory.mentions


SECRETS: Json = {
    "apiVersion": "secrets-store.csi.x-k8s.io/v1",
    "kind": "SecretProviderClass",
    "metadata": {"namespace": NAMESPACE, "name": "secrets"},
    "spec": {"provider": "azure", "parameters": {"usePodIdentity": "true", "keyvaultName": "vault"}},
}


def mounting(name: str = "web", selector: str | None = "my-pod-identity", **more: Any) -> Json:
    raw = workload(name, selector, **more)
    raw["spec"]["template"]["spec"]["volumes"] = [
        {
            "name": "secrets",
            "csi": {"driver": "secrets-store.csi.k8s.io", "volumeAttributes": {"secretProviderClass": "secrets"}},
        }
    ]
    return raw


def test_secret_provider_class_gets_client_id() -> None:
    inventory = inventory_of("", mounting(), account("web", CLIENT), SECRETS)

    (step,) = plan_of(inventory).resources

    assert step.user.spec_change(step.client_id) == {"parameters": {"usePodIdentity": "false", "clientID": CLIENT}}
    assert "SecretProviderClass my-app/secrets" in unfinished(inventory)


def test_unread_secret_provider_class_blocks_label_removal() -> None:
    inventory = inventory_of("", mounting(), account("web", CLIENT))

    plan = plan_of(inventory)

    assert "SecretProviderClassNotRead" in codes(plan)
    assert not plan.workloads
    assert plan_of(inventory, "Prepare").workloads
    assert "was not read" in unfinished(inventory)


def test_secret_provider_class_without_clear_identity() -> None:
    inventory = inventory_of("", SECRETS)
    assert "SecretProviderClassUnclear" in codes(plan_of(inventory))


def test_key_vault_flex_volume_decision() -> None:
    raw = workload()
    raw["spec"]["template"]["spec"]["volumes"] = [{"name": "kv", "flexVolume": {"driver": "azure/kv"}}]
    inventory = inventory_of("", raw, account("web", CLIENT))
    assert "FlexVolume" in codes(plan_of(inventory))
    assert "FlexVolume" in unfinished(inventory)


def test_keda_trigger_authentication_changes_provider() -> None:
    keda = """
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata: {name: queue, namespace: my-app}
spec: {podIdentity: {provider: azure}}
"""
    operator = workload("keda-operator", account="web")
    inventory = inventory_of(keda, operator, account("web", CLIENT))

    (step,) = plan_of(inventory).resources

    assert step.user.spec_change(step.client_id) == {
        "podIdentity": {"provider": "azure-workload", "identityId": CLIENT}
    }
    assert step.user.resource == "triggerauthentications.keda.sh"
    assert "TriggerAuthentication my-app/queue" in unfinished(inventory)


@pytest.mark.parametrize(
    ("operator", "named", "reason"),
    [
        (None, CLIENT, "no workload 'keda-operator' with pod or workload identity was read."),
        (workload("keda-operator", None, account="web"), CLIENT, "no workload 'keda-operator'"),
        (workload("keda-operator", "nothing", account="web"), CLIENT, "needs a decision or a client ID first."),
        (workload("keda-operator", account="web"), "another", "has no pod identity with client ID another."),
        (migrated("keda-operator", account="web"), "another", "has no pod identity with client ID another."),
        (migrated("keda-operator", account="web"), CLIENT, ""),
        (migrated("keda-operator", account="web"), None, ""),
    ],
    ids=["not read", "no identity", "undecided", "other identity", "moved, other", "moved", "moved, default"],
)
def test_keda_operator_needs_credential(operator: Json | None, named: str | None, reason: str) -> None:
    identity = {"provider": "azure", **({"identityId": named} if named else {})}
    trigger = {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ClusterTriggerAuthentication",
        "metadata": {"name": "queue"},
        "spec": {"podIdentity": identity},
    }
    plan = plan_of(inventory_of("", *([operator] if operator else []), trigger, account("web", CLIENT)))

    reasons = [each.reason for each in plan.decisions if each.code == "TriggerAuthenticationUnclear"]
    assert [reason in each for each in reasons] == ([True] if reason else [])
    assert [each.client_id for each in plan.resources] == ([] if reason else [CLIENT])


@pytest.mark.parametrize(
    "container",
    [
        {"command": ["sh", "-c", "az login --identity && az storage blob list"]},
        {"command": ["az", "login", "-i"]},
        {"env": [{"name": "AZCOPY_AUTO_LOGIN_TYPE", "value": "MSI"}]},
        {"env": [{"name": "AZURE_AUTH_METHOD", "value": "msi"}]},
        {"env": [{"name": "ARM_USE_MSI", "value": "true"}]},
        {"command": ["pwsh", "-c", "Connect-AzAccount -Identity -AccountId x"]},
    ],
)
def test_imds_sign_in_decision(container: Json) -> None:
    assert "CallsImds" in codes(plan_of(inventory_of("", workload(container=container), account("web", CLIENT))))


CUSTOM = {
    "Argo script": (
        """
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: nightly, namespace: my-app}
spec:
  workflowSpec:
    serviceAccountName: web
    podMetadata: {labels: {aadpodidbinding: my-pod-identity}}
    templates: [{name: main, script: {image: az, command: [sh], source: az login --identity}}]
""",
        "CallsImds",
    ),
    "Argo template with its own account": (
        """
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: nightly, namespace: my-app}
spec:
  serviceAccountName: web
  podMetadata: {labels: {aadpodidbinding: my-pod-identity}}
  templates: [{name: main, serviceAccountName: publisher, container: {image: app}}]
""",
        "SeveralServiceAccounts",
    ),
    "Tekton v1beta1": (
        """
apiVersion: tekton.dev/v1beta1
kind: PipelineRun
metadata: {name: build, namespace: my-app, labels: {aadpodidbinding: my-pod-identity}}
spec: {serviceAccountName: web, pipelineRef: {name: build}}
""",
        "SeveralServiceAccounts",
    ),
    "Spark executor": (
        """
apiVersion: sparkoperator.k8s.io/v1beta2
kind: SparkApplication
metadata: {name: report, namespace: my-app}
spec:
  driver: {serviceAccount: web, labels: {aadpodidbinding: my-pod-identity}}
  executor: {serviceAccount: executor}
""",
        "SeveralServiceAccounts",
    ),
    "second Volcano task": (
        """
apiVersion: batch.volcano.sh/v1alpha1
kind: Job
metadata: {name: train, namespace: my-app}
spec:
  tasks:
  - {name: a, template: {metadata: {labels: {aadpodidbinding: my-pod-identity}}, spec: {serviceAccountName: web}}}
  - template:
      metadata: {labels: {aadpodidbinding: my-pod-identity}}
      spec:
        serviceAccountName: web
        volumes: [{name: kv, flexVolume: {driver: azure/kv}}]
""",
        "FlexVolume",
    ),
    "Spark volume": (
        """
apiVersion: sparkoperator.k8s.io/v1beta2
kind: SparkApplication
metadata: {name: report, namespace: my-app}
spec:
  volumes:
  - {name: s, csi: {driver: secrets-store.csi.k8s.io, volumeAttributes: {secretProviderClass: secrets}}}
  driver: {serviceAccount: web, labels: {aadpodidbinding: my-pod-identity}}
""",
        "SecretProviderClassNotRead",
    ),
}


@pytest.mark.parametrize("name", CUSTOM)
def test_parts_of_custom_resources_are_read(name: str) -> None:
    manifest, code = CUSTOM[name]
    plan = plan_of(inventory_of(manifest, account("web", CLIENT)))
    assert code in codes(plan)
    assert not plan.workloads


def test_scripts_of_tasks_and_single_settings_are_reported() -> None:
    manifests = """
apiVersion: tekton.dev/v1
kind: Task
metadata: {name: push, namespace: my-app}
spec: {steps: [{image: az, script: az login --identity}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: my-app}
data: {AZCOPY_AUTO_LOGIN_TYPE: MSI, OTHER: MSI}
"""
    found = [each for each in plan_of(inventory_of(manifests)).decisions if each.code == "SignsInWithImds"]
    assert [(each.subject, each.reason.split()[1]) for each in found] == [
        ("ConfigMap my-app/settings", "AZCOPY_AUTO_LOGIN_TYPE"),
        ("Task my-app/push", "spec"),
    ]


@pytest.mark.parametrize(
    ("variable", "own", "ready"),
    [
        ({"value": CLIENT}, False, True),
        ({}, False, False),
        ({"value": "former"}, False, False),
        ({"value": "another"}, True, True),
        ({"valueFrom": {"configMapKeyRef": {}}}, False, True),
    ],
    ids=["same", "empty", "former", "set by workload", "from elsewhere"],
)
def test_pod_older_than_annotation_is_not_ready(variable: Json, own: bool, ready: bool) -> None:
    client_id = {"name": "AZURE_CLIENT_ID", **variable}
    container = {"env": [{"name": "AZURE_FEDERATED_TOKEN_FILE"}, client_id]}
    pod = migrated("web-1", account="web", kind="Pod", container=container, uid="1", **made_by("Deployment", "web"))
    owner = migrated(container={"env": [client_id]} if own else {}, uid="2")
    inventory = inventory_of("", owner, pod, account("web", CLIENT))
    (status,) = statuses(CLUSTER, inventory, LOOKUPS)
    assert (status.state, "had its client ID" in status.reason) == ("Ready" if ready else "NotReady", not ready)


def test_scripts_settings_and_variables_are_reported() -> None:
    scripts = """
apiVersion: v1
kind: ConfigMap
metadata: {name: scripts, namespace: my-app}
data:
  run.sh: az login --identity
  azure.json: '{"useManagedIdentityExtension": true}'
  other: nothing
"""
    container = {"env": [{"name": "AZURE_CLIENT_SECRET", "value": "x"}, {"name": "AZURE_CLIENT_ID", "value": "y"}]}
    plan = plan_of(inventory_of(scripts, workload(container=container), account("web", CLIENT)))
    reasons = {each.code: each.reason for each in plan.decisions}
    assert "run.sh, azure.json" in reasons["SignsInWithImds"]
    assert "AZURE_CLIENT_ID, AZURE_CLIENT_SECRET" in reasons["EnvironmentOverride"]


def test_service_selecting_label_blocks_only_removal() -> None:
    service = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: my-app}
spec: {selector: {aadpodidbinding: my-pod-identity}}
"""
    inventory = inventory_of(service, workload(), account("web", CLIENT))
    assert "LabelSelected" in codes(plan_of(inventory))
    assert not plan_of(inventory).workloads
    assert plan_of(inventory, "Prepare").workloads


def test_label_in_affinity_and_default_selector() -> None:
    raw = workload()
    term = {"labelSelector": {"matchLabels": {LABEL: "x"}}, "topologyKey": "zone"}
    raw["spec"]["template"]["spec"]["affinity"] = {"podAntiAffinity": {"required": [term]}}
    assert "LabelInAffinity" in codes(plan_of(inventory_of("", raw, account("web", CLIENT))))
    controller = workload(kind="ReplicationController")
    del controller["spec"]["selector"]
    assert "LabelInSelector" in codes(plan_of(inventory_of("", controller, account("web", CLIENT))))


@pytest.mark.parametrize(("kinds", "words"), [(["a.b"], "1 other kind of"), (["a.b", "c.d"], "2 other kinds of")])
def test_unread_kinds_are_counted(kinds: list[str], words: str) -> None:
    assert f"objects of {words} the cluster: " in kinds_not_read("c1", kinds).reason
