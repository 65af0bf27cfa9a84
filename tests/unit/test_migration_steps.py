# SPDX-License-Identifier: MIT
"""The two stages of a migration, and other objects of a workload."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml

from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.kubernetes_objects import read_objects
from azext_podidentity.migration.output_files import render
from azext_podidentity.migration.plan import needed_identities, plan_migration
from azext_podidentity.migration.status import statuses
from azext_podidentity.migration.steps import MigrationPlan, Options, Stage
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity
from azext_podidentity.profile.workload_credentials import FederatedCredential, IdentityCredentials, credential_for
from tests.support.builders import Json, cluster_of, identity_entry, identity_id
from tests.support.kubernetes_objects import NAMESPACE, account, made_by, workload

ISSUER = "https://issuer.example/"
CLIENT = f"client of {identity_id()}"
ENABLED: Json = {
    "oidcIssuerProfile": {"enabled": True, "issuerURL": ISSUER},
    "securityProfile": {"workloadIdentity": {"enabled": True}},
}
LABEL, USE = "aadpodidbinding", "azure.workload.identity/use"
PREPARED = {USE: "true"}
CREDENTIAL = credential_for(ISSUER, NAMESPACE, "web")


def cluster(**more: Any) -> Cluster:
    return cluster_of([identity_entry(EntryKey(NAMESPACE, "my-pod-identity"))], **{**ENABLED, **more})


def inventory(*objects: Json) -> Inventory:
    return Inventory.of([found for each in objects for found in read_objects(json.dumps(each), "all.json")])


def plan(
    *objects: Json,
    stage: Stage = "Prepare",
    credentials: tuple[FederatedCredential, ...] = (CREDENTIAL,),
    of_cluster: Cluster | None = None,
    **options: Any,
) -> MigrationPlan:
    lookups = {identity_id(): IdentityCredentials(ManagedIdentity(identity_id(), CLIENT), credentials)}
    return plan_migration(of_cluster or cluster(), inventory(*objects), lookups, Options(stage, **options))


def reasons(made: MigrationPlan) -> dict[str, str]:
    return {each.code: each.reason for each in made.decisions}


def live(raw: Json) -> Json:
    return {**raw, "metadata": {**raw["metadata"], "uid": f"uid of {raw['metadata']['name']}"}}


def pod(name: str = "web-1-x", *, token: bool = True, **more: Any) -> Json:
    variables = [{"name": "AZURE_FEDERATED_TOKEN_FILE", "value": "/token"}] if token else []
    owned = {**made_by("Deployment", "web"), "uid": name}
    return workload(name, kind="Pod", labels=PREPARED, container={"env": variables}, **owned, **more)


def test_prepare_keeps_label_and_remove_labels_removes() -> None:
    (step,) = plan(workload()).workloads
    assert step.labels == {USE: "true"}

    made = plan(workload(labels=PREPARED), account("web", CLIENT), stage="RemoveLabels")

    (step,) = made.workloads
    assert step.labels == {LABEL: None}


def test_prepare_leaves_prepared_workload_unchanged() -> None:
    there = (workload(labels=PREPARED), account("web", CLIENT))
    made = plan(*there)
    assert not made.workloads[0].changes
    assert not render(made, inventory(*there), None, None).files


@pytest.mark.parametrize(
    ("objects", "options", "why"),
    [
        ([workload(), account("web", CLIENT)], {}, "does not use workload identity yet"),
        ([workload(labels=PREPARED), account("web")], {}, "is not annotated yet"),
        ([workload(labels=PREPARED), account("web", CLIENT)], {"credentials": ()}, "credential does not exist yet"),
        (
            [live(workload(labels=PREPARED)), account("web", CLIENT), pod(token=False)],
            {},
            "Running pods without a token: 1 of 1.",
        ),
    ],
)
def test_label_is_kept_until_prepared(objects: list[Json], options: dict[str, Any], why: str) -> None:
    made = plan(*objects, stage="RemoveLabels", **options)
    assert why in reasons(made)["NotPrepared"]
    assert not made.workloads


def test_status_counts_pods_with_tokens() -> None:
    there = inventory(live(workload(labels=PREPARED)), account("web", CLIENT), pod("a"), pod("b", token=False))
    lookups = {identity_id(): IdentityCredentials(ManagedIdentity(identity_id(), CLIENT), (CREDENTIAL,))}
    (status,) = statuses(cluster(), there, lookups)
    assert (status.state, status.pods, status.pods_with_token) == ("Labelled", 2, 1)
    assert "b" in status.reason


@pytest.mark.parametrize(
    ("spec", "rollout"),
    [
        ({}, "RollingUpdate"),
        ({"strategy": {"type": "Recreate"}}, "Recreate"),
        ({"updateStrategy": {"type": "OnDelete"}}, "OnDelete"),
        ({"paused": True}, "Manual"),
        ({"updateStrategy": {"rollingUpdate": {"partition": 2}}}, "Manual"),
    ],
)
def test_rollout_follows_update_strategy(spec: Json, rollout: str) -> None:
    raw = workload()
    raw["spec"].update(spec)
    assert plan(raw).workloads[0].workload.rollout == rollout


@pytest.mark.parametrize(
    ("metadata", "place"),
    [
        ({"labels": {"helm.toolkit.fluxcd.io/name": "web"}}, "the values of Flux HelmRelease 'web'"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}, "the source of Flux Kustomization 'apps'"),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "x"}}, "the source of the Argo CD application"),
        ({"annotations": {"meta.helm.sh/release-name": "web"}}, "the values of Helm release 'web'"),
    ],
)
def test_object_managed_by_tool_names_source(metadata: Json, place: str) -> None:
    raw = workload()
    raw["metadata"].update(metadata)
    (decision,) = [each for each in plan(raw).decisions if each.code == "ManagedByTool"]
    assert place in decision.resolution


IMDS: Json = {"args": ["curl 169.254.169.254"]}


def test_proxy_sidecar_for_needed_or_named_workloads() -> None:
    there = (workload(container=IMDS), workload("plain", account="plain"))
    sidecars = {step.workload.key.name: step.proxy_sidecar for step in plan(*there, proxy_sidecar=()).workloads}
    assert sidecars == {"web": True, "plain": False}
    sidecars = {
        step.workload.key.name: step.proxy_sidecar
        for step in plan(workload("plain", account="plain"), proxy_sidecar=(f"{NAMESPACE}/plain",)).workloads
    }
    assert sidecars == {"plain": True}


@pytest.mark.parametrize(("spec", "why"), [({"hostNetwork": True}, "host"), ({"os": {"name": "windows"}}, "Windows")])
def test_proxy_sidecar_not_possible(spec: Json, why: str) -> None:
    raw = workload(container=IMDS)
    raw["spec"]["template"]["spec"].update(spec)
    made = plan(raw, proxy_sidecar=())
    assert why in reasons(made)["ProxySidecarNotPossible"]
    assert not made.workloads


@pytest.mark.parametrize(("version", "warned"), [("1.31.4", True), ("1.32.0", False), (None, True)])
def test_proxy_sidecar_limits_are_reported(version: str | None, warned: bool) -> None:
    raw = workload(kind="CronJob", container=IMDS)
    raw["spec"]["jobTemplate"]["spec"]["template"]["spec"]["initContainers"] = [{"name": "first"}]
    limits = reasons(plan(raw, proxy_sidecar=(), of_cluster=replace(cluster(), kubernetes_version=version)))
    assert "init containers" in limits["ProxySidecarLimits"]
    assert "Pod Security" in limits["ProxySidecarLimits"]
    assert ("keeps a job from ending" in limits["ProxySidecarLimits"]) == warned


def test_new_service_account_copies_image_pull_secrets() -> None:
    old = {**account("default"), "imagePullSecrets": [{"name": "registry"}]}
    subject = {"kind": "ServiceAccount", "name": "default", "namespace": NAMESPACE}
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"namespace": NAMESPACE, "name": "readers"},
        "subjects": [subject],
    }
    there = (workload(account=None), old, binding)

    made = plan(*there, new_service_accounts=True)

    files = render(made, inventory(*there), None, None).files
    patch = yaml.safe_load(files[f"patches/{NAMESPACE}_serviceaccount_my-pod-identity.yaml"])
    assert patch["imagePullSecrets"] == [{"name": "registry"}]
    assert "RoleBinding readers" in reasons(made)["RoleBindings"]


def test_unlabelled_workload_with_shared_service_account() -> None:
    made = plan(workload(), workload("other", None, account="web"), account("web", CLIENT))
    assert "Deployment other" in reasons(made)["SharedWithUnlabelled"]


def test_pods_of_unread_owner_with_differing_accounts() -> None:
    pods = [workload(f"x-{name}", kind="Pod", account=name, **made_by("Widget", "x")) for name in ("a", "b")]
    made = plan(*pods)
    assert "several service accounts: a, b" in reasons(made)["PodsDiffer"]
    assert not made.workloads


def open_source(selector: str = "shared", namespace: str = "identities") -> tuple[Json, Json]:
    """Return an AzureIdentity and its binding, created by hand."""
    head = {"apiVersion": "aadpodidentity.k8s.io/v1"}
    metadata = {"namespace": namespace, "name": "shared"}
    spec = {"type": 0, "resourceID": identity_id(), "clientID": CLIENT}
    binding = {"azureIdentity": "shared", "selector": selector}
    return (
        {**head, "kind": "AzureIdentity", "metadata": metadata, "spec": spec},
        {**head, "kind": "AzureIdentityBinding", "metadata": metadata, "spec": binding},
    )


def test_manual_bindings_without_add_on() -> None:
    without = cluster_of(enabled=False, **ENABLED)
    there = (workload(selector="shared"), *open_source())

    assert needed_identities(without.profile, inventory(*there)) == [identity_id()]
    made = plan(*there, of_cluster=without)

    (step,) = made.workloads
    assert [each.resource_id for each in step.identities] == [identity_id()]
    assert "AddOnDisabled" in reasons(made)
    lost = plan(workload(selector="shared"), of_cluster=without)
    assert all("remove the label if" not in each.resolution for each in lost.decisions)


def test_manual_binding_with_add_on_matches_own_namespace() -> None:
    assert plan(workload(selector="shared"), *open_source(namespace=NAMESPACE)).workloads
    assert not plan(workload(selector="shared"), *open_source()).workloads


def test_former_issuer_credentials_suggest_undo() -> None:
    former = credential_for("https://former.example/", NAMESPACE, "web")
    theirs = FederatedCredential("theirs", "https://former.example/", "other")
    made = plan(workload(), credentials=(CREDENTIAL, former, theirs))
    (decision,) = [each for each in made.decisions if each.code == "FormerIssuer"]
    assert "1 federated identity credential that" in decision.reason
    assert decision.command is not None
    assert decision.command.endswith("--undo --issuer https://former.example/")


def test_kubectl_namespace_omitted_for_several_namespaces() -> None:
    nameless = workload()
    del nameless["metadata"]["namespace"]
    other = workload("b", account="b", namespace="other")
    objects = [each for raw in (nameless, other) for each in read_objects(json.dumps(raw), "a.json")]
    read = Inventory.of(objects, NAMESPACE)
    entries = [identity_entry(EntryKey(each, "my-pod-identity")) for each in (NAMESPACE, "other")]
    made = plan_migration(cluster_of(entries, **ENABLED), read, {}, Options())

    output = render(made, read, NAMESPACE, None)

    assert output.namespace is None
    assert all(f'"{NAMESPACE}"' in text or NAMESPACE in text or "other" in text for text in output.files.values())
    originals = [yaml.safe_load(text) for name, text in output.files.items() if name.startswith("original")]
    assert {each["metadata"]["namespace"] for each in originals} == {NAMESPACE, "other"}
