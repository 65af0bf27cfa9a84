# SPDX-License-Identifier: MIT
"""The checks of pods, each in an otherwise healthy cluster."""

from __future__ import annotations

import shlex

import pytest

from azext_podidentity.checks.finding import Finding
from azext_podidentity.pod_checks.registry import POD_CHECKS, run_pod_checks
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.entries import EntryKey
from tests.support.az_parser import AzParser
from tests.support.builders import KEY, command_words, exception_entry, identity_entry, identity_id
from tests.support.kubernetes_objects import made_by, workload
from tests.support.pod_states import (
    HEALTHY,
    NODE,
    POD_STATES,
    PodState,
    agent,
    agent_set,
    assigned,
    controller,
    custom,
    identity_objects,
    node,
    pod,
    runs,
)
from tests.support.snapshots import OTHER

# Reported for all working pods, also beside other findings.
ALWAYS = {"pod-managed-identity"}
each_state = pytest.mark.parametrize("state", POD_STATES)


def found(state: PodState, check: str = "") -> list[Finding]:
    """Return the findings of one check, or of all checks."""
    return [each for each in run_pod_checks(state.snapshot()) if check in ("", each.check)]


@each_state
def test_state_yields_only_expected_finding(state: str) -> None:
    check, severity, words, cluster = POD_STATES[state]
    findings = [each for each in found(cluster) if each.check == check or each.check not in ALWAYS]
    assert [(each.check, each.severity) for each in findings] == [(check, severity)]
    assert words in findings[0].message
    assert "\n" not in findings[0].message


def test_every_check_has_failing_state() -> None:
    assert {check for check, *_ in POD_STATES.values()} == set(POD_CHECKS)


def test_healthy_cluster_has_no_findings() -> None:
    assert found(PodState()) == []
    assert found(PodState((), manifests=True)) == []


@each_state
def test_suggested_commands_are_quoted(state: str, az: AzParser) -> None:
    reference = ClusterReference("my (rg)", "it's $mine", "a sub")
    for finding in run_pod_checks(POD_STATES[state][3].snapshot(reference)):
        for words in (command_words(part) for line in finding.commands for part in line.split(" | ")):
            if words[0] == "az":
                az.parse(words)
            else:
                assert words[0] in ("kubectl", "echo")


@pytest.mark.parametrize(
    ("state", "command"),
    [
        (
            "label in other namespace",
            "az aks pod-identity add --resource-group rg --cluster-name cluster --namespace my-app "
            f"--name my-pod-identity --identity-resource-id {identity_id()}",
        ),
        (
            "label in other case",
            "kubectl label pod web --namespace my-app aadpodidbinding=my-pod-identity --overwrite",
        ),
        (
            "selector with spaces",
            "az aks pod-identity update --resource-group rg --cluster-name cluster --namespace my-app "
            "--name my-pod-identity --binding-selector app",
        ),
        (
            "exception in profile",
            "az aks pod-identity exception delete --resource-group rg --cluster-name cluster --namespace my-app "
            "--name agents",
        ),
        ("no AzureIdentity", "az aks update --resource-group rg --name cluster --yes"),
        (
            "agent not ready",
            f"kubectl describe pods --namespace kube-system --field-selector spec.nodeName={NODE}",
        ),
    ],
)
def test_suggested_command(state: str, command: str) -> None:
    check, _, _, cluster = POD_STATES[state]
    (finding,) = found(cluster, check)
    assert finding.commands == (command,)


def test_label_fix_patches_pod_template() -> None:
    (finding,) = found(runs(workload("web", "My-Pod-Identity")), "pod-label")
    patch = '{"spec":{"template":{"metadata":{"labels":{"aadpodidbinding":"my-pod-identity"}}}}}'
    assert shlex.split(finding.commands[0]) == [
        *("kubectl", "patch", "deployment", "web", "--namespace", "my-app", "--type", "merge", "--patch", patch)
    ]
    (of_manifest,) = found(PodState((workload("web", "My-Pod-Identity"),), manifests=True), "pod-label")
    assert of_manifest.commands == ()


def test_exception_fix_keeps_other_labels() -> None:
    exception = exception_entry(EntryKey("my-app", "agents"), {"app": "web", "other": "x"})
    (finding,) = found(runs(pod(), exceptions=(exception,)), "pod-exception")
    assert finding.commands[0].endswith("exception update --resource-group rg --cluster-name cluster "
                                        "--namespace my-app --name agents --pod-labels other=x")  # fmt: skip


def test_pods_with_same_cause_are_merged() -> None:
    pods = [pod("nothing", name=f"web-{number}") for number in range(7)]
    (finding,) = found(runs(*pods), "pod-label")
    assert finding.subject.startswith("Pod my-app/web-0, ")
    assert finding.subject.endswith(", and 2 more")


@pytest.mark.parametrize(
    "objects",
    [
        (agent_set("example.com:5000/mirror/nmi@sha256:abc"), agent()),
        ({**agent(), "metadata": {"namespace": "x", "name": "y", "labels": {"component": "nmi"}}},),
    ],
    ids=["mirrored image", "manifest label"],
)
def test_node_agent_with_other_name(objects: tuple[dict[str, object], ...]) -> None:
    assert found(PodState((node(), *identity_objects(), *objects)), "node-agent") == []


@pytest.mark.parametrize(
    "pods",
    [
        (pod(AZURE="x", container={"env": [{"name": "AZURE_CLIENT_ID", "value": "x"}]}),),
        (controller(), pod(), assigned("Assigned")),
        (controller(), pod(), assigned("")),
        (pod(None, spec={"hostNetwork": True}),),
        (node("win", "windows"), pod(None, node_name="win")),
        ({**pod("nothing"), "status": {"phase": "Succeeded"}},),
    ],
)
def test_healthy_pods_have_no_findings(pods: tuple[dict[str, object], ...]) -> None:
    assert {each.check for each in found(runs(*pods))} <= ALWAYS


def test_manifests_yield_no_cluster_findings() -> None:
    assert found(PodState((workload("web", KEY.name),), manifests=True)) == found(
        PodState((workload("web", KEY.name),), manifests=True), "pod-managed-identity"
    )


def test_missing_objects_only_in_read_namespaces() -> None:
    entries = (identity_entry(), identity_entry(EntryKey("other", "app")), identity_entry(OTHER))
    state = PodState(HEALTHY, entries)
    (finding,) = found(state, "azure-identity-missing")
    assert finding.subject == f"other/app, {OTHER}"


def test_no_managed_identity_finding_for_broken_pods() -> None:
    exception = exception_entry(EntryKey("my-app", "agents"), {"app": "web"})
    for state in (
        runs(pod(), exceptions=(exception,)),
        runs(pod(spec={"hostNetwork": True})),
        runs(pod(), identities=(identity_entry(state="Failed"),)),
    ):
        assert found(state, "pod-managed-identity") == []


def test_pods_are_named_by_workload() -> None:
    owned = pod(name="web-1", **made_by("Deployment", "web"))
    (finding,) = found(runs(workload("web", KEY.name), owned), "pod-managed-identity")
    assert finding.subject == "Deployment my-app/web"


def test_manual_bindings_count() -> None:
    key = EntryKey("my-app", "by-hand")
    objects = identity_objects(key, identity_id("other"))
    assert found(runs(*objects, pod("by-hand")), "pod-label") == []
    assert custom("AzureIdentity", key, {})["kind"] == objects[0]["kind"]
