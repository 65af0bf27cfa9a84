# SPDX-License-Identifier: MIT
"""The migration plan: every labelled workload has a step or a decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_podidentity.migration.plan import needed_identities, plan_migration
from azext_podidentity.migration.steps import ONE_STEP, PREPARE, REMOVE_LABELS, MigrationPlan, Options
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, NotFound, Unreadable
from azext_podidentity.profile.workload_credentials import (
    FederatedCredential,
    IdentityCredentials,
    IdentityLookup,
    credential_for,
    subject_of,
)
from tests.support.az_parser import AzParser
from tests.support.builders import Json, cluster_of, command_words, exception_entry, identity_entry, identity_id
from tests.support.kubernetes_objects import NAMESPACE, account, inventory, migrated, workload

ISSUER = "https://eastus.oic.example/tenant/cluster/"
ENABLED: Json = {
    "oidcIssuerProfile": {"enabled": True, "issuerURL": ISSUER},
    "securityProfile": {"workloadIdentity": {"enabled": True}},
}
ON_OWN_ACCOUNTS = Options(new_service_accounts=True)
KINDS = ["Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob"]


def entry(name: str = "my-pod-identity", identity: str = "app-identity", **more: Any) -> Json:
    return identity_entry(EntryKey(NAMESPACE, name), identity_id(identity), **more)


def client_of(identity: str) -> str:
    return f"client of {identity_id(identity)}"


def reading(identity: str = "app-identity", *credentials: FederatedCredential) -> dict[str, IdentityLookup]:
    resource_id = identity_id(identity)
    return {resource_id: IdentityCredentials(ManagedIdentity(resource_id, client_of(identity), "object"), credentials)}


def plan(
    entries: list[Json],
    *objects: Json,
    lookups: Mapping[str, IdentityLookup] | None = None,
    options: Options | None = None,
    exceptions: list[Json] | None = None,
    enabled: bool = True,
) -> MigrationPlan:
    cluster = cluster_of(entries, exceptions or [], **(ENABLED if enabled else {}))
    return plan_migration(cluster, inventory(*objects), lookups or {}, options)


def codes(made: MigrationPlan) -> list[str]:
    return [each.code for each in made.decisions]


def credentials(made: MigrationPlan) -> list[tuple[str, str, str, bool]]:
    return [
        (each.identity.resource_id.rpartition("/")[2], each.namespace, each.service_account, each.exists)
        for each in made.credentials
    ]


def test_plan_for_single_workload() -> None:
    made = plan([entry()], workload())
    assert credentials(made) == [("app-identity", NAMESPACE, "web", False)]
    (step,) = made.credentials
    assert step.credential == credential_for(ISSUER, NAMESPACE, "web")
    (of_account,) = made.accounts
    assert (of_account.name, of_account.client_id, of_account.exists) == ("web", client_of("app-identity"), False)
    (of_workload,) = made.workloads
    assert of_workload.labels == {"azure.workload.identity/use": "true"}
    assert not (of_workload.moves or of_workload.annotations or made.decisions)


def test_credential_is_unknown_without_issuer() -> None:
    made = plan([entry()], workload(), enabled=False)
    assert made.credentials[0].credential is None
    assert not made.approved


def test_entry_matches_namespace_and_exact_label() -> None:
    theirs = identity_entry(EntryKey("other", "my-pod-identity"))
    made = plan([theirs, entry("Other", bindingSelector="MY-POD-IDENTITY")], workload())
    assert codes(made)[0] == "NoIdentity"
    assert not made.workloads
    why = made.decisions[0].reason
    assert "other/my-pod-identity" in why
    assert "MY-POD-IDENTITY" in why


def test_selector_overrides_entry_name() -> None:
    made = plan([entry(bindingSelector="Other_one")], workload(selector="Other_one"), workload("b", account="b"))
    assert [each.workload.key.name for each in made.workloads] == ["web"]
    assert codes(made) == ["NoIdentity"]


def test_entries_of_same_managed_identity_are_merged() -> None:
    same = entry("second", bindingSelector="my-pod-identity")
    same["identity"]["resourceId"] = same["identity"]["resourceId"].upper()
    made = plan([entry(), same], workload())
    assert len(made.credentials) == 1
    assert not made.decisions


def test_default_service_account_decision() -> None:
    there = [workload(name, account=None) for name in ("a", "b")]
    made = plan([entry()], *there)
    assert codes(made) == ["DefaultServiceAccount"]
    assert [key.name for key in made.decisions[0].blocked_workloads] == ["a", "b"]
    assert "'my-pod-identity'" in made.decisions[0].resolution
    made = plan([entry()], *there, options=ON_OWN_ACCOUNTS)
    assert credentials(made) == [("app-identity", NAMESPACE, "my-pod-identity", False)]
    assert [(step.service_account, step.moves) for step in made.workloads] == [("my-pod-identity", True)] * 2


def test_annotated_default_service_account_needs_no_decision() -> None:
    made = plan([entry()], workload(account=None), account("default", client_of("app-identity")))
    assert credentials(made) == [("app-identity", NAMESPACE, "default", False)]
    assert not made.workloads[0].moves


def test_new_service_account_avoids_existing_name() -> None:
    taken = account("my-pod-identity")
    made = plan([entry()], workload(account=None), taken, options=ON_OWN_ACCOUNTS)
    assert made.accounts[0].name == "my-pod-identity-workload-identity"
    ours = account("my-pod-identity", client_of("app-identity"))
    made = plan([entry()], workload(account=None), ours, options=ON_OWN_ACCOUNTS)
    assert made.accounts[0].name == "my-pod-identity"
    assert made.accounts[0].annotated


def test_several_identities_decision() -> None:
    entries = [entry("one", "a", bindingSelector="both"), entry("two", "b", bindingSelector="both")]
    made = plan(entries, workload(selector="both"))
    assert codes(made) == ["SeveralIdentities"]
    assert not made.credentials
    made = plan(entries, workload(selector="both"), account("web", client_of("b")))
    assert credentials(made) == [("a", NAMESPACE, "web", False), ("b", NAMESPACE, "web", False)]
    assert made.accounts[0].client_id == client_of("b")
    assert not made.decisions


def test_shared_service_account_decision() -> None:
    entries = [entry("one", "a"), entry("two", "b")]
    there = [workload("x", "one", account="shared"), workload("y", "two", account="shared")]
    made = plan(entries, *there)
    assert codes(made) == ["SharedServiceAccount"]
    assert [key.name for key in made.decisions[0].blocked_workloads] == ["x", "y"]
    made = plan(entries, *there, account("shared", client_of("a")))
    assert len(made.credentials) == len(made.workloads) == 2


def test_foreign_client_id_annotation_decision() -> None:
    assert codes(plan([entry()], workload(), account("web", "another"))) == ["OtherClientId"]


def test_label_in_selector_decision() -> None:
    there = workload()
    there["spec"]["selector"] = {"matchLabels": {"aadpodidbinding": "my-pod-identity"}}
    made = plan([entry()], there)
    assert codes(made) == ["LabelInSelector"]
    assert not made.workloads


def test_missing_managed_identity_decision() -> None:
    made = plan([entry()], workload(), lookups={identity_id(): NotFound()})
    assert codes(made) == ["ManagedIdentityNotFound"]
    assert not made.credentials


def test_unreadable_managed_identity_blocks_only_own_workloads() -> None:
    there = [workload(), workload("other", "other", account="other")]
    made = plan([entry(), entry("other", "other")], *there, lookups={identity_id(): Unreadable("no right")})
    assert codes(made) == ["ManagedIdentityUnreadable"]
    assert "no right" in made.decisions[0].reason
    assert credentials(made) == [("other", NAMESPACE, "other", False)]


def test_plan_without_add_on() -> None:
    made = plan_migration(cluster_of(enabled=False), inventory(workload()), {})
    assert codes(made) == ["NoIdentity", "AddOnDisabled"]
    assert not (made.workloads or made.credentials)


def test_decision_commands_parse(az: AzParser) -> None:
    reference = ClusterReference("my (rg)", "it's $mine", "a sub")
    in_the_way = replace(credential_for(ISSUER, NAMESPACE, "web"), audiences=("api://other",))
    for lookups, words in (
        ({identity_id(): NotFound()}, "aks pod-identity check"),
        (reading("app-identity", in_the_way), "identity federated-credential delete"),
    ):
        cluster = cluster_of([entry()], reference=reference, **ENABLED)
        (decision,) = plan_migration(cluster, inventory(workload()), lookups).decisions
        assert decision.command is not None
        assert decision.command.startswith(f"az {words} ")
        az.parse(command_words(decision.command))


def test_recreated_managed_identity_uses_current_client_id() -> None:
    now = {identity_id().upper(): IdentityCredentials(ManagedIdentity(identity_id(), "new client", "new object"))}
    assert plan([entry()], workload(), lookups=now).accounts[0].client_id == "new client"


def test_equal_credential_of_any_name_is_kept() -> None:
    mine = credential_for(ISSUER, NAMESPACE, "web")
    for there in (mine, replace(mine, name="theirs")):
        made = plan([entry()], workload(), lookups=reading("app-identity", there))
        assert credentials(made) == [("app-identity", NAMESPACE, "web", True)]
        assert made.credentials[0].credential == there
        assert not made.decisions


@pytest.mark.parametrize("change", [{"audiences": ("api://other",)}, {"subject": "other"}, {"issuer": "https://other"}])
def test_conflicting_credential_decision(change: dict[str, Any]) -> None:
    there = replace(credential_for(ISSUER, NAMESPACE, "web"), **change)
    made = plan([entry()], workload(), lookups=reading("app-identity", there))
    assert codes(made) == ["ConflictingCredential"]
    assert there.name in made.decisions[0].reason
    assert not made.credentials


@pytest.mark.parametrize(("there", "fits"), [(18, True), (19, False), (20, False)])
def test_credential_limit_includes_existing_credentials(there: int, fits: bool) -> None:
    others = [FederatedCredential(f"other-{n}", "https://other", f"subject-{n}") for n in range(there)]
    made = plan(
        [entry()], workload("a", account="a"), workload("b", account="b"), lookups=reading("app-identity", *others)
    )
    assert len(made.workloads) == (2 if fits else 0)
    assert codes(made) == ([] if fits else ["TooManyCredentials"])


def test_full_identity_with_existing_credentials() -> None:
    there = [credential_for(ISSUER, NAMESPACE, f"a{n}") for n in range(20)]
    objects = [workload(f"a{n}", account=f"a{n}") for n in range(20)]
    made = plan([entry()], *objects, lookups=reading("app-identity", *there))
    assert len(made.workloads) == 20
    assert not made.decisions


def test_unused_identity_unless_migrated() -> None:
    assert codes(plan([entry()])) == ["UnusedIdentity"]
    assert codes(plan([entry()], migrated(), account("web", client_of("app-identity")))) == []


def test_exception_without_effect_ignores_service_exception() -> None:
    exceptions = [
        exception_entry(EntryKey("kube-system", "aks-addon-exception"), {"a": "b"}),
        exception_entry(EntryKey(NAMESPACE, "agents"), {"app": "WEB", "tier": "x"}),
    ]
    made = plan([entry()], workload(), exceptions=exceptions)
    assert codes(made) == ["ExceptionWithoutEffect"]
    assert "Deployment my-app/web" in made.decisions[0].reason  # it carries the label and is excepted
    assert not made.decisions[0].blocked_workloads


def test_imds_call_requires_proxy_sidecar_decision() -> None:
    container = {"args": ["http://169.254.169.254/"]}
    proxied = {"azure.workload.identity/inject-proxy-sidecar": "true"}
    made = plan([entry()], workload(container=container))
    assert codes(made) == ["CallsImds"]
    assert not made.workloads
    for decided in (proxied, dict.fromkeys(proxied, "false")):
        assert codes(plan([entry()], workload(container=container, annotations=decided))) == []
    made = plan([entry()], workload(container=container), options=Options(proxy_sidecar=()))
    assert codes(made) == ["ProxySidecarLimits"]
    assert made.workloads[0].annotations == proxied


def test_generated_name_keeps_credential_without_patch() -> None:
    job = workload()
    job["metadata"] = {"namespace": NAMESPACE, "generateName": "job-"}
    made = plan([entry()], job)
    assert codes(made) == ["GeneratedName"]
    assert len(made.credentials) == 1
    assert not made.workloads[0].patchable


def test_needed_identities_of_labelled_workloads() -> None:
    profile = cluster_of([entry(), entry("unused", "unused")]).profile
    assert needed_identities(profile, inventory(workload())) == [identity_id()]


def test_subject_of_service_account() -> None:
    assert subject_of("ns", "name") == "system:serviceaccount:ns:name"


@given(
    st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True),
    st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", fullmatch=True),
)
def test_credential_name_is_valid(namespace: str, name: str) -> None:
    made = credential_for(ISSUER, namespace, name)
    assert 3 <= len(made.name) <= 120
    assert made.name.replace("-", "").isalnum()
    assert made.created_by_us
    assert not replace(made, issuer="https://other").created_by_us
    assert not replace(made, name="theirs").created_by_us


# So few names that workloads share service accounts and selectors.
identities = st.sampled_from(["a", "b", "c"])
entries = st.lists(
    st.builds(
        lambda name, identity, selector, namespace: identity_entry(
            EntryKey(namespace, name), identity_id(identity), bindingSelector=selector
        ),
        st.sampled_from(["one", "two", "three", "default"]),
        identities,
        st.sampled_from([None, "one", "both"]),
        st.sampled_from([NAMESPACE, "other"]),
    ),
    max_size=6,
    unique_by=lambda each: (each["namespace"], each["name"]),
)
workloads = st.builds(
    lambda name, label, kind, service_account, namespace: workload(
        name, label, kind=kind, account=service_account, namespace=namespace
    ),
    st.sampled_from(["w", "x", "y", "z"]),
    st.sampled_from(["one", "two", "three", "both", "nobody", None]),
    st.sampled_from(KINDS),
    st.sampled_from([None, "one", "shared"]),
    st.sampled_from([NAMESPACE, "other"]),
)
accounts = st.builds(
    lambda name, identity, namespace: account(name, client_of(identity) if identity else None, namespace=namespace),
    st.sampled_from(["default", "one", "shared"]),
    st.none() | identities,
    st.sampled_from([NAMESPACE, "other"]),
)
objects = st.lists(
    workloads | accounts,
    max_size=12,
    unique_by=lambda each: (each["kind"], each["metadata"]["namespace"], each["metadata"]["name"]),
)
options = st.builds(
    Options, st.sampled_from([PREPARE, REMOVE_LABELS, ONE_STEP]), st.sampled_from([None, (), ("w",)]), st.booleans()
)
one_step = st.builds(Options, st.just(ONE_STEP), st.just(()), st.booleans())


@given(entries, objects, options, st.booleans(), st.randoms())
def test_labelled_workloads_have_step_or_decision(
    listed: list[Json], there: list[Json], chosen: Options, enabled: bool, random: Any
) -> None:
    made = plan(listed, *there, options=chosen, enabled=enabled)
    stepped = {step.workload.key for step in made.workloads}
    blocked = {key for each in made.decisions for key in each.blocked_workloads}
    labelled = {each.key for each in inventory(*there).workloads if each.binding is not None}
    assert stepped | blocked == labelled
    assert not stepped & blocked
    # Nothing depends on the order in which things were read.
    random.shuffle(there)
    again = plan(listed, *there, options=chosen, enabled=enabled)
    assert again == made


@given(entries, objects, one_step)
def test_plan_is_empty_after_completion(listed: list[Json], there: list[Json], chosen: Options) -> None:
    first = plan(listed, *there, options=chosen)
    cluster = cluster_of(listed, **ENABLED)
    second = plan_migration(cluster, inventory(*carried_out(first, there)), made_credentials(first, cluster), chosen)
    assert not second.workloads
    assert not second.credentials
    assert {key for each in second.decisions for key in each.blocked_workloads} == {
        key for each in first.decisions for key in each.blocked_workloads
    }


@given(entries, objects, options)
def test_plan_is_approved_once_azure_is_ready(listed: list[Json], there: list[Json], chosen: Options) -> None:
    first = plan(listed, *there, options=chosen)
    cluster = cluster_of(listed, **ENABLED)
    again = plan_migration(cluster, inventory(*there), made_credentials(first, cluster), chosen)
    assert again.approved
    if chosen.stage != REMOVE_LABELS:
        assert again.workloads == first.workloads


def made_credentials(made: MigrationPlan, cluster: Cluster) -> dict[str, IdentityLookup]:
    """Return the managed identities after the plan's credentials are created."""
    found: dict[str, IdentityLookup] = {}
    for each in cluster.profile.identities:
        resource_id = each.identity.resource_id
        new = [step.credential for step in made.credentials if step.identity.resource_id == resource_id]
        found[resource_id] = IdentityCredentials(each.identity, tuple(credential for credential in new if credential))
    return found


def carried_out(made: MigrationPlan, there: list[Json]) -> list[Json]:
    """Return the objects after the plan's service accounts and patches are applied."""
    steps = {step.workload.key: step for step in made.workloads}
    wanted = {(step.namespace, step.name): step.client_id for step in made.accounts}
    result = [account(name, client_id, namespace=namespace) for (namespace, name), client_id in wanted.items()]
    for each in there:
        metadata = each["metadata"]
        if each["kind"] == "ServiceAccount":
            if (metadata["namespace"], metadata["name"]) not in wanted:
                result.append(each)
            continue
        step = steps.get(inventory(each).workloads[0].key)
        more = {"namespace": metadata["namespace"], "kind": each["kind"]}
        result.append(migrated(metadata["name"], account=step.service_account, **more) if step else each)
    return result
