# SPDX-License-Identifier: MIT
"""The steps from a pod to its managed identity, and the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from azure.cli.core.azclierror import ResourceNotFoundError

from azext_podidentity.checks.snapshot import BoundIdentity
from azext_podidentity.migration.binding_roles import API_GROUP, VERB
from azext_podidentity.pod_checks.chain import follow_pod
from azext_podidentity.pod_checks.step import Step
from azext_podidentity.pod_checks.subject import find_subject
from azext_podidentity.pod_checks.workload_identity_chain import WorkloadIdentity
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, NotFound, Unreadable
from azext_podidentity.profile.identity_bindings import IdentityBinding
from azext_podidentity.profile.labels import IDENTITY_BINDING_ANNOTATION, USE_LABEL
from azext_podidentity.profile.workload_credentials import IdentityCredentials, credential_for
from tests.support.builders import KEY, exception_entry, identity_entry, identity_id
from tests.support.kubernetes_objects import account, made_by, workload
from tests.support.pod_states import POD_STATES, PodState, agent_set, identity_objects, node, pod, runs
from tests.support.snapshots import FORBIDDEN

WEB = EntryKey("my-app", "web")
CLIENT_ID = f"client of {identity_id()}"
ISSUER = "https://issuer.example/"
FEATURES: Mapping[str, Any] = {
    "oidcIssuerProfile": {"enabled": True, "issuerURL": ISSUER},
    "securityProfile": {"workloadIdentity": {"enabled": True}},
}
NOTHING = WorkloadIdentity()
HAS_TOKEN = {"env": [{"name": "AZURE_FEDERATED_TOKEN_FILE", "value": "/var/run/token"}]}


def chain(state: PodState, key: EntryKey = WEB, identity: WorkloadIdentity = NOTHING) -> dict[str, Step]:
    """Return the steps by name."""
    snapshot = state.snapshot()
    return {each.step: each for each in follow_pod(snapshot, find_subject(snapshot.inside, key), identity)}


def states(steps: Mapping[str, Step]) -> dict[str, str]:
    """Return the states of the steps that are not Ok."""
    return {name: each.state for name, each in steps.items() if each.state != "Ok"}


def test_complete_chain() -> None:
    steps = chain(runs(pod()))
    assert list(steps) == [
        *("Pod", "Label", "Add-on", "Pod identity", "Managed identity", "Role", "AzureIdentity", "Client ID"),
        *("Network", "Exceptions", "Node", "Node agent", "Result"),
    ]
    assert states(steps) == {}
    assert steps["Result"].detail == f"The pod gets managed identity 'app-identity' by client ID {CLIENT_ID}."
    assert steps["Result"].command is None


_GONE = {"identities": {identity_id().lower(): NotFound()}}
_RECREATED = {"identities": {identity_id().lower(): ManagedIdentity(identity_id(), "new", "another object")}}
_NO_ROLE = {"roles": {identity_id().lower(): ()}}
# The step that fails, part of its detail, part of its command, and the cluster.
BROKEN: dict[str, tuple[str, str, str, PodState]] = {
    "no label": ("Label", "'my-pod-identity'", "aadpodidbinding=my-pod-identity", runs(pod(None))),
    "unknown label": ("Pod identity", "'nothing'", "", POD_STATES["unknown label"][3]),
    "letter case": (
        "Pod identity",
        "Similar",
        "kubectl label pod web",
        POD_STATES["label in other case"][3],
    ),
    "add-on is off": ("Add-on", "not enabled", "--enable-pod-identity", runs(pod(), properties={"enabled": False})),
    "entry failed": ("Pod identity", "Failed", "add", runs(pod(), identities=(identity_entry(state="Failed"),))),
    "managed identity deleted": ("Managed identity", "no longer exists", "identity create", runs(pod(), azure=_GONE)),
    "managed identity recreated": ("Managed identity", "recreated", "--force", runs(pod(), azure=_RECREATED)),
    "no role": ("Role", "no role", "role assignment create", runs(pod(), azure=_NO_ROLE)),
    "no AzureIdentity": ("AzureIdentity", "no AzureIdentity", "az aks update", runs(pod(), without="AzureIdentity")),
    "not assigned": ("AzureAssignedIdentity", "Created", "describe", POD_STATES["not assigned"][3]),
    "Windows": ("Node", "Windows", "migrate", POD_STATES["Windows node"][3]),
    "agent": ("Node agent", "not ready", "describe pods", POD_STATES["agent not ready"][3]),
    "exception": ("Exceptions", "bypass", "exception delete", POD_STATES["exception in profile"][3]),
}


@pytest.mark.parametrize("cause", BROKEN)
def test_broken_step_is_result(cause: str) -> None:
    step, words, command, state = BROKEN[cause]
    steps = chain(state)
    assert steps[step].state == "Error"
    assert words in steps[step].detail
    assert command in (steps[step].command or "")
    result = steps["Result"]
    assert result.state == "Error"
    assert result.detail == f"The pod gets no managed identity. {steps[step].detail}"
    assert result.command == steps[step].command


def test_unreadable_steps_are_unknown() -> None:
    forbidden = {"identities": {identity_id().lower(): FORBIDDEN}, "roles": {identity_id().lower(): FORBIDDEN}}
    steps = chain(runs(pod(), azure=forbidden))
    assert states(steps) == {"Managed identity": "Unknown", "Role": "Unknown", "Result": "Unknown"}
    assert steps["Result"].detail.endswith("Unknown: Managed identity, Role.")


def test_chain_of_manifest() -> None:
    steps = chain(PodState((workload("web", KEY.name),), manifests=True))
    assert states(steps) == dict.fromkeys(("AzureIdentity", "Node", "Node agent", "Result"), "Unknown")
    assert "Deployment my-app/web was read from pods.json" in steps["Pod"].detail
    assert "gets managed identity 'app-identity'" in steps["Result"].detail


def test_host_network_pod() -> None:
    steps = chain(runs(pod(spec={"hostNetwork": True})))
    assert states(steps) == {"Network": "Warning", "Result": "Warning"}
    assert "only if it asks with that client ID" in steps["Result"].detail


def test_several_identities_warning() -> None:
    steps = chain(POD_STATES["several identities"][3])
    assert states(steps) == {"Client ID": "Warning", "Result": "Warning"}
    assert "2 managed identities" in steps["Result"].detail


def test_several_stale_entries_block_each_other() -> None:
    entries = (identity_entry(), identity_entry(EntryKey("my-app", "other"), identity_id("other")))
    azure = {"identities": {identity_id(each).lower(): NotFound() for each in ("app-identity", "other")}}
    steps = chain(runs(pod(), identities=entries, azure=azure))
    assert "block each other" in steps["Managed identity"].detail


def test_pod_is_found_by_workload() -> None:
    owned = pod("nothing", name="web-1", **made_by("Deployment", "web"))
    state = runs(workload("web", "My-Pod-Identity"), owned)
    assert "Pod my-app/web-1 of Deployment my-app/web" in chain(state)["Pod"].detail
    assert "kubectl patch deployment web" in (chain(runs(workload("web", "My-Pod-Identity")))["Result"].command or "")


def test_unknown_pod_error_suggests_similar_pods() -> None:
    with pytest.raises(ResourceNotFoundError, match="Similar: my-app/web, other/web-2"):
        chain(runs(pod(), pod(name="web-2", namespace="other")), EntryKey("other", "web"))
    with pytest.raises(ResourceNotFoundError, match="Read: kube-system/nmi"):
        chain(PodState((node(), agent_set(), *identity_objects())))


def on_workload_identity(
    *, client_id: str | None = CLIENT_ID, token: bool = True, label: str | None = None, **more: Any
) -> PodState:
    """Return a pod that requests workload identity and its annotated service account."""
    container = HAS_TOKEN if token else {}
    of_pod = {"labels": {USE_LABEL: "true"}, "container": container, **more}
    return runs(account("web", client_id), pod(label, **of_pod), properties=FEATURES)


def leads_to(*subjects: str) -> WorkloadIdentity:
    """Return the managed identity with credentials for the service accounts."""
    identity = ManagedIdentity(identity_id(), CLIENT_ID, "object")
    credentials = tuple(credential_for(ISSUER, "my-app", each) for each in subjects)
    return WorkloadIdentity(CLIENT_ID, IdentityCredentials(identity, credentials))


def test_workload_identity_chain() -> None:
    steps = chain(on_workload_identity(), identity=leads_to("web"))
    assert list(steps) == [
        *("Pod", "Workload identity", "Cluster features", "Service account", "Managed identity", "Credential"),
        *("Token", "Result"),
    ]
    assert states(steps) == {}
    assert steps["Result"].detail == (
        f"The pod gets managed identity 'app-identity' by client ID {CLIENT_ID} by workload identity."
    )


def test_disabled_oidc_issuer_warns_of_restart() -> None:
    steps = chain(runs(pod(None, labels={USE_LABEL: "true"})), identity=leads_to())
    assert "restarts the API server" in steps["Cluster features"].detail


WORKLOAD_IDENTITY: dict[str, tuple[str, str, PodState, WorkloadIdentity]] = {
    "features": ("Cluster features", "--enable-oidc-issuer", runs(pod(None, labels={USE_LABEL: "true"})), leads_to()),
    "annotation": ("Service account", "kubectl annotate", on_workload_identity(client_id=None), WorkloadIdentity()),
    "managed identity": ("Managed identity", "", on_workload_identity(), WorkloadIdentity(CLIENT_ID, NotFound())),
    "credential": ("Credential", "federated-credential create", on_workload_identity(), leads_to("other")),
    "token": ("Token", "", on_workload_identity(token=False), leads_to("web")),
}


@pytest.mark.parametrize("cause", WORKLOAD_IDENTITY)
def test_broken_workload_identity_step(cause: str) -> None:
    step, command, state, identity = WORKLOAD_IDENTITY[cause]
    steps = chain(state, identity=identity)
    assert steps[step].state == "Error"
    assert command in (steps[step].command or "")
    assert steps["Result"].state == "Error"
    assert steps["Result"].detail.startswith("The pod gets no managed identity by workload identity.")


@pytest.mark.parametrize(
    ("state", "identity", "unknown"),
    [
        (on_workload_identity(), WorkloadIdentity(CLIENT_ID, Unreadable("no.")), "Managed identity"),
        (on_workload_identity(), WorkloadIdentity(CLIENT_ID), "Managed identity"),
    ],
    ids=["unreadable", "other subscription"],
)
def test_unknown_workload_identity_step(state: PodState, identity: WorkloadIdentity, unknown: str) -> None:
    steps = chain(state, identity=identity)
    assert states(steps) == {unknown: "Unknown", "Result": "Unknown"}


def on_identity_binding(*bindings: IdentityBinding, granted: bool = True, **azure: Any) -> PodState:
    """Return a pod that uses an identity binding, in a cluster with the bindings and their ClusterRole."""
    state = on_workload_identity(annotations={IDENTITY_BINDING_ANNOTATION: "true"})
    found = leads_to().lookup
    assert found is not None
    bound = tuple(BoundIdentity(each, found) for each in bindings)
    roles = cluster_role(CLIENT_ID, ("my-app", "web")) if granted else []
    return replace(state, objects=(*state.objects, *roles), azure={"bindings": bound, **azure})


def cluster_role(client_id: str, *accounts: tuple[str, str]) -> list[dict[str, Any]]:
    """Return the ClusterRole and its binding that allow service accounts to use an identity binding."""
    group = "rbac.authorization.k8s.io"
    rule = {"apiGroups": [API_GROUP], "resources": [client_id], "verbs": [VERB]}
    head = {"apiVersion": f"{group}/v1", "metadata": {"name": "bound"}}
    subjects = [{"kind": "ServiceAccount", "namespace": namespace, "name": name} for namespace, name in accounts]
    reference = {"apiGroup": group, "kind": "ClusterRole", "name": "bound"}
    return [
        {**head, "kind": "ClusterRole", "rules": [rule]},
        {**head, "kind": "ClusterRoleBinding", "roleRef": reference, "subjects": subjects},
    ]


BOUND = IdentityBinding("bound", identity_id(), CLIENT_ID)


def test_identity_binding_chain() -> None:
    steps = chain(on_identity_binding(BOUND), identity=leads_to())
    assert "Credential" not in steps
    assert states(steps) == {}
    assert steps["Identity binding"].detail == "Identity binding 'bound' binds managed identity 'app-identity'."


@pytest.mark.parametrize(
    ("state", "step", "expected", "command"),
    [
        (on_identity_binding(), "Identity binding", "Error", "az aks identity-binding create"),
        (
            on_identity_binding(IdentityBinding("bound", identity_id("other"))),
            *("Identity binding", "Error", "az aks identity-binding create"),
        ),
        (
            on_identity_binding(replace(BOUND, state="Failed")),
            *("Identity binding", "Error", "az aks identity-binding delete"),
        ),
        (
            on_identity_binding(replace(BOUND, client_id="former")),
            *("Identity binding", "Error", "az aks identity-binding delete"),
        ),
        (on_identity_binding(replace(BOUND, state="Creating")), "Identity binding", "Unknown", ""),
        (on_identity_binding(bindings=FORBIDDEN), "Identity binding", "Unknown", ""),
        (on_identity_binding(BOUND, granted=False), "Cluster role", "Error", "echo "),
        (
            replace(on_identity_binding(BOUND, granted=False), roles_unreadable="forbidden"),
            *("Cluster role", "Unknown", "kubectl auth can-i"),
        ),
    ],
    ids=[
        "none",
        "other identity",
        "failed",
        "recreated",
        "creating",
        "unreadable",
        "no role",
        "forbidden",
    ],
)
def test_broken_identity_binding_step(state: PodState, step: str, expected: str, command: str) -> None:
    steps = chain(state, identity=leads_to())
    assert states(steps) == {step: expected, "Result": expected}
    assert (steps[step].command or "").startswith(command)


def test_role_is_unknown_in_manifests_without_roles() -> None:
    state = replace(on_identity_binding(BOUND, granted=False), manifests=True)
    assert states(chain(state, identity=leads_to()))["Cluster role"] == "Unknown"


def test_pod_with_label_and_workload_identity() -> None:
    steps = chain(on_workload_identity(label=KEY.name), identity=leads_to("web"))
    assert {"Label", "Workload identity"} <= set(steps)
    assert states(steps) == {}
    assert "by workload identity. By its label: The pod gets managed identity" in steps["Result"].detail


def test_exception_does_not_affect_workload_identity() -> None:
    state = on_workload_identity()
    caught = PodState(state.objects, state.identities, (exception_entry(KEY, {"app": "web"}),), properties=FEATURES)
    assert states(chain(caught, identity=leads_to("web"))) == {}
