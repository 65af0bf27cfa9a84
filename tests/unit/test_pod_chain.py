# SPDX-License-Identifier: MIT
"""The chain of one pod: each cause breaks one step, and the last sentence says it."""

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
    """The steps by name."""
    snapshot = state.snapshot()
    return {each.step: each for each in follow_pod(snapshot, find_subject(snapshot.inside, key), identity)}


def states(steps: Mapping[str, Step]) -> dict[str, str]:
    """The steps that are not Ok."""
    return {name: each.state for name, each in steps.items() if each.state != "Ok"}


def test_a_pod_that_gets_its_identity() -> None:
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
# The step that fails, a part of its detail and of its command, and the cluster.
BROKEN: dict[str, tuple[str, str, str, PodState]] = {
    "no label": ("Label", "'my-pod-identity'", "aadpodidbinding=my-pod-identity", runs(pod(None))),
    "label of nothing": ("Pod identity", "'nothing'", "", POD_STATES["label of nothing"][3]),
    "letter case": (
        "Pod identity",
        "Similar",
        "kubectl label pod web",
        POD_STATES["label in another letter case"][3],
    ),
    "add-on is off": ("Add-on", "not enabled", "--enable-pod-identity", runs(pod(), properties={"enabled": False})),
    "entry failed": ("Pod identity", "Failed", "add", runs(pod(), identities=(identity_entry(state="Failed"),))),
    "managed identity is gone": ("Managed identity", "no longer exists", "identity create", runs(pod(), azure=_GONE)),
    "managed identity is another": ("Managed identity", "recreated", "--force", runs(pod(), azure=_RECREATED)),
    "no role": ("Role", "no role", "role assignment create", runs(pod(), azure=_NO_ROLE)),
    "no AzureIdentity": ("AzureIdentity", "no AzureIdentity", "az aks update", runs(pod(), without="AzureIdentity")),
    "not assigned": ("AzureAssignedIdentity", "Created", "describe", POD_STATES["not assigned"][3]),
    "Windows": ("Node", "Windows", "migrate", POD_STATES["Windows node"][3]),
    "agent": ("Node agent", "not ready", "describe pods", POD_STATES["agent not ready"][3]),
    "exception": ("Exceptions", "bypass", "exception delete", POD_STATES["exception of the profile"][3]),
}


@pytest.mark.parametrize("cause", BROKEN)
def test_a_cause_breaks_its_step_and_is_the_result(cause: str) -> None:
    step, words, command, state = BROKEN[cause]
    steps = chain(state)
    assert steps[step].state == "Error"
    assert words in steps[step].detail
    assert command in (steps[step].command or "")
    result = steps["Result"]
    assert result.state == "Error"
    assert result.detail == f"The pod gets no managed identity. {steps[step].detail}"
    assert result.command == steps[step].command


def test_what_could_not_be_read_is_unknown() -> None:
    forbidden = {"identities": {identity_id().lower(): FORBIDDEN}, "roles": {identity_id().lower(): FORBIDDEN}}
    steps = chain(runs(pod(), azure=forbidden))
    assert states(steps) == {"Managed identity": "Unknown", "Role": "Unknown", "Result": "Unknown"}
    assert steps["Result"].detail.endswith("Not known: Managed identity, Role.")


def test_a_manifest_says_what_its_pods_will_get() -> None:
    steps = chain(PodState((workload("web", KEY.name),), manifests=True))
    assert states(steps) == dict.fromkeys(("AzureIdentity", "Node", "Node agent", "Result"), "Unknown")
    assert "Deployment my-app/web was read from pods.json" in steps["Pod"].detail
    assert "gets managed identity 'app-identity'" in steps["Result"].detail


def test_a_pod_of_the_network_of_its_node_is_told_what_it_gets() -> None:
    steps = chain(runs(pod(spec={"hostNetwork": True})))
    assert states(steps) == {"Network": "Warning", "Result": "Warning"}
    assert "only if it asks with that client ID" in steps["Result"].detail


def test_several_identities_are_all_named() -> None:
    steps = chain(POD_STATES["several identities"][3])
    assert states(steps) == {"Client ID": "Warning", "Result": "Warning"}
    assert "2 managed identities" in steps["Result"].detail


def test_several_stale_entries_are_fixed_together() -> None:
    entries = (identity_entry(), identity_entry(EntryKey("my-app", "other"), identity_id("other")))
    azure = {"identities": {identity_id(each).lower(): NotFound() for each in ("app-identity", "other")}}
    steps = chain(runs(pod(), identities=entries, azure=azure))
    assert "block each other" in steps["Managed identity"].detail


def test_a_pod_is_found_by_its_workload_and_its_label_is_changed_there() -> None:
    owned = pod("nothing", name="web-1", **made_by("Deployment", "web"))
    state = runs(workload("web", "My-Pod-Identity"), owned)
    assert "Pod my-app/web-1 of Deployment my-app/web" in chain(state)["Pod"].detail
    assert "kubectl patch deployment web" in (chain(runs(workload("web", "My-Pod-Identity")))["Result"].command or "")


def test_a_pod_that_was_not_read_is_an_error_that_names_similar_ones() -> None:
    with pytest.raises(ResourceNotFoundError, match="Similar: my-app/web, other/web-2"):
        chain(runs(pod(), pod(name="web-2", namespace="other")), EntryKey("other", "web"))
    with pytest.raises(ResourceNotFoundError, match="Read: kube-system/nmi"):
        chain(PodState((node(), agent_set(), *identity_objects())))


def on_workload_identity(
    *, client_id: str | None = CLIENT_ID, token: bool = True, label: str | None = None, **more: Any
) -> PodState:
    """A pod that requests workload identity, whose service account is annotated."""
    container = HAS_TOKEN if token else {}
    of_pod = {"labels": {USE_LABEL: "true"}, "container": container, **more}
    return runs(account("web", client_id), pod(label, **of_pod), properties=FEATURES)


def leads_to(*subjects: str) -> WorkloadIdentity:
    """The managed identity, with credentials for those service accounts."""
    identity = ManagedIdentity(identity_id(), CLIENT_ID, "object")
    credentials = tuple(credential_for(ISSUER, "my-app", each) for each in subjects)
    return WorkloadIdentity(CLIENT_ID, IdentityCredentials(identity, credentials))


def test_a_pod_on_workload_identity() -> None:
    steps = chain(on_workload_identity(), identity=leads_to("web"))
    assert list(steps) == [
        *("Pod", "Workload identity", "Cluster features", "Service account", "Managed identity", "Credential"),
        *("Token", "Result"),
    ]
    assert states(steps) == {}
    assert steps["Result"].detail == (
        f"The pod gets managed identity 'app-identity' by client ID {CLIENT_ID} by workload identity."
    )


WORKLOAD_IDENTITY: dict[str, tuple[str, str, PodState, WorkloadIdentity]] = {
    "features": ("Cluster features", "--enable-oidc-issuer", runs(pod(None, labels={USE_LABEL: "true"})), leads_to()),
    "annotation": ("Service account", "kubectl annotate", on_workload_identity(client_id=None), WorkloadIdentity()),
    "managed identity": ("Managed identity", "", on_workload_identity(), WorkloadIdentity(CLIENT_ID, NotFound())),
    "credential": ("Credential", "federated-credential create", on_workload_identity(), leads_to("other")),
    "token": ("Token", "", on_workload_identity(token=False), leads_to("web")),
}


@pytest.mark.parametrize("cause", WORKLOAD_IDENTITY)
def test_a_cause_breaks_workload_identity(cause: str) -> None:
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
    ids=["unreadable", "another subscription"],
)
def test_what_is_not_known_of_workload_identity(state: PodState, identity: WorkloadIdentity, unknown: str) -> None:
    steps = chain(state, identity=identity)
    assert states(steps) == {unknown: "Unknown", "Result": "Unknown"}


def on_identity_binding(*bindings: IdentityBinding, granted: bool = True, **azure: Any) -> PodState:
    """A pod that uses an identity binding, in a cluster with those bindings and a ClusterRole for them."""
    state = on_workload_identity(annotations={IDENTITY_BINDING_ANNOTATION: "true"})
    found = leads_to().lookup
    assert found is not None
    bound = tuple(BoundIdentity(each, found) for each in bindings)
    roles = cluster_role(CLIENT_ID, ("my-app", "web")) if granted else []
    return replace(state, objects=(*state.objects, *roles), azure={"bindings": bound, **azure})


def cluster_role(client_id: str, *accounts: tuple[str, str]) -> list[dict[str, Any]]:
    """The ClusterRole that allows service accounts to use the identity binding of that client ID, and its binding."""
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


def test_a_pod_on_an_identity_binding() -> None:
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
        (on_identity_binding(BOUND, granted=False), "Cluster role", "Unknown", "kubectl auth can-i"),
    ],
    ids=["none", "of another identity", "failed", "recreated", "creating", "unreadable", "no role read"],
)
def test_what_breaks_an_identity_binding(state: PodState, step: str, expected: str, command: str) -> None:
    steps = chain(state, identity=leads_to())
    assert states(steps) == {step: expected, "Result": expected}
    assert (steps[step].command or "").startswith(command)


def test_a_pod_can_be_on_both() -> None:
    steps = chain(on_workload_identity(label=KEY.name), identity=leads_to("web"))
    assert {"Label", "Workload identity"} <= set(steps)
    assert states(steps) == {}
    assert "by workload identity. By its label: The pod gets managed identity" in steps["Result"].detail


def test_an_exception_of_the_pod_does_not_touch_workload_identity() -> None:
    state = on_workload_identity()
    caught = PodState(state.objects, state.identities, (exception_entry(KEY, {"app": "web"}),), properties=FEATURES)
    assert states(chain(caught, identity=leads_to("web"))) == {}
