# SPDX-License-Identifier: MIT
"""Migration to identity bindings: plan, files and status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import yaml
from azure.cli.core.azclierror import AzCLIError, InvalidArgumentValueError, ValidationError

from azext_podidentity.migration.binding_options import check_options
from azext_podidentity.migration.binding_roles import BindingRoles
from azext_podidentity.migration.output_files import render
from azext_podidentity.migration.plan import plan_migration
from azext_podidentity.migration.report import plan_report
from azext_podidentity.migration.status import statuses
from azext_podidentity.migration.steps import IDENTITY_BINDING, ONE_STEP, REMOVE_LABELS, MigrationPlan, Options
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity
from azext_podidentity.profile.identity_bindings import AKS_CREDENTIAL, IdentityBinding, binding_name
from azext_podidentity.profile.labels import IDENTITY_BINDING_ANNOTATION as BINDING
from azext_podidentity.profile.labels import PROXY_ANNOTATION, TENANT_ID_ANNOTATION, USE_LABEL
from azext_podidentity.profile.workload_credentials import FederatedCredential, IdentityCredentials, credential_for
from tests.support.builders import Json, cluster_of, command_words, identity_entry, identity_id, option
from tests.support.kubernetes_objects import NAMESPACE, account, inventory, made_by, migrated, workload

ISSUER = "https://issuer.example/"
ENABLED: Json = {
    "oidcIssuerProfile": {"enabled": True, "issuerURL": ISSUER},
    "securityProfile": {"workloadIdentity": {"enabled": True}},
}
BIND = Options(target=IDENTITY_BINDING)
CLIENT = f"client of {identity_id()}"
TENANT = "the tenant"
FULL = [FederatedCredential(f"other-{n}", "https://other", f"subject-{n}") for n in range(20)]
MOUNT: Json = {
    "name": "secrets",
    "csi": {"driver": "secrets-store.csi.k8s.io", "volumeAttributes": {"secretProviderClass": "secrets"}},
}
SECRETS: Json = {
    "apiVersion": "secrets-store.csi.x-k8s.io/v1",
    "kind": "SecretProviderClass",
    "metadata": {"namespace": NAMESPACE, "name": "secrets"},
    "spec": {"provider": "azure", "parameters": {"usePodIdentity": "true"}},
}

TRIGGER: Json = {
    "apiVersion": "keda.sh/v1alpha1",
    "kind": "TriggerAuthentication",
    "metadata": {"namespace": NAMESPACE, "name": "queue"},
    "spec": {"podIdentity": {"provider": "azure"}},
}


def bound(name: str | None = None, **more: str) -> IdentityBinding:
    binding = IdentityBinding(name or binding_name(identity_id()), identity_id(), CLIENT, TENANT)
    return replace(binding, **more)


def plan(
    *objects: Json,
    options: Options = BIND,
    bindings: Sequence[IdentityBinding] = (),
    credentials: Sequence[FederatedCredential] = (),
    names: Sequence[str] = ("app-identity",),
    **properties: Json,
) -> MigrationPlan:
    entries = [identity_entry(EntryKey(NAMESPACE, name), identity_id(name)) for name in names]
    lookups = {
        identity_id(name): IdentityCredentials(
            ManagedIdentity(identity_id(name), f"client of {identity_id(name)}", "object", TENANT), tuple(credentials)
        )
        for name in names
    }
    return plan_migration(
        cluster_of(entries, **{**ENABLED, **properties}), inventory(*objects), lookups, options, bindings
    )


def uses(name: str = "web", selector: str = "app-identity", **more: Any) -> Json:
    return workload(name, selector, account=name, **more)


def mounting(name: str = "web") -> Json:
    made = uses(name)
    made["spec"]["template"]["spec"]["volumes"] = [MOUNT]
    return made


def codes(made: MigrationPlan) -> list[str]:
    return [each.code for each in made.decisions]


def objects_in(made: MigrationPlan, *there: Json) -> list[Json]:
    files = render(made, inventory(*there), None, None).files
    return [each for text in files.values() if text.startswith("# W") for each in yaml.safe_load_all(text) if each]


def role(*resources: str, verbs: Sequence[str] = ("use-managed-identity",), name: str = "r") -> Json:
    rule = {"apiGroups": ["cid.wi.aks.azure.com"], "resources": list(resources), "verbs": list(verbs)}
    return {"kind": "ClusterRole", "apiVersion": "rbac/v1", "metadata": {"name": name}, "rules": [rule]}


def grant(*subjects: Json, name: str = "r") -> Json:
    head = {"kind": "ClusterRoleBinding", "apiVersion": "rbac/v1", "metadata": {"name": f"b-{name}"}}
    return {**head, "roleRef": {"kind": "ClusterRole", "name": name}, "subjects": list(subjects)}


WEB: Json = {"kind": "ServiceAccount", "namespace": NAMESPACE, "name": "web"}
ALLOWED = [role(CLIENT), grant(WEB)]


def annotated(tenant: str | None = TENANT) -> Json:
    made = account("web", CLIENT)
    made["metadata"]["annotations"].update({TENANT_ID_ANNOTATION: tenant} if tenant else {})
    return made


class TestPlan:
    def test_binding_per_managed_identity_without_credentials(self) -> None:
        made = plan(uses("a"), uses("b"))
        assert not made.credentials
        report = plan_report(made)
        assert report["identityBindings"] == [
            {"identity": identity_id(), "name": binding_name(identity_id()), "state": "Pending"}
        ]
        assert not made.approved
        assert [each["annotations"] for each in report["workloads"]] == [{BINDING: "true"}] * 2
        assert [(each.client_id, each.tenant_id) for each in made.accounts] == [(CLIENT, TENANT)] * 2

    @pytest.mark.parametrize("name", [None, "of-another-client"])
    def test_existing_binding_of_any_name_is_kept(self, name: str | None) -> None:
        made = plan(uses(), bindings=[bound(name)])
        assert [(each.exists, each.name) for each in made.bindings] == [(True, name or binding_name(identity_id()))]
        assert made.approved

    def test_identities_option_limits_bindings(self) -> None:
        for chosen in ("App-Identity", identity_id().upper()):
            made = plan(
                uses("a"),
                uses("b", "other"),
                names=("app-identity", "other"),
                options=replace(BIND, identities=(chosen,)),
            )
            assert [each.identity.name for each in made.bindings] == ["app-identity"]
            assert [each.identity.name for each in made.credentials] == ["other"]
            assert [bool(each.annotations) for each in made.workloads] == [True, False]

    def test_annotated_workload_keeps_binding_without_option(self) -> None:
        moved = uses(labels={USE_LABEL: "true"}, annotations={BINDING: "true"})
        made = plan(moved, options=Options(), bindings=[bound()])
        assert made.bindings
        assert not made.credentials

    def test_opt_in_decision_unless_only_secrets_mounted(self) -> None:
        made = plan(uses("a"), mounting("b"), SECRETS, options=replace(BIND, stage=ONE_STEP))
        assert codes(made) == ["CodeMustOptIn", "SecretsUseBinding"]
        assert not made.blocked
        for library in ("Python", ".NET", "Go", "Java", "JavaScript"):
            assert f"({library})" in made.decisions[0].resolution
        (resource,) = made.resources
        assert resource.spec_change["parameters"] == {
            "usePodIdentity": "false",
            "clientID": CLIENT,
            "useAzureTokenProxy": "true",
        }

    def test_secret_provider_class_with_mixed_targets(self) -> None:
        moved = migrated("old", account="web")
        moved["spec"]["template"]["spec"]["volumes"] = [MOUNT]
        made = plan(mounting(), moved, annotated(), SECRETS, options=replace(BIND, stage=ONE_STEP))
        assert "SecretProviderClassUnclear" in codes(made)

    @pytest.mark.parametrize(
        ("options", "blocks"), [(BIND, False), (replace(BIND, stage=ONE_STEP), True)], ids=["prepare", "one step"]
    )
    def test_keda_operator_on_binding_is_decision(self, options: Options, blocks: bool) -> None:
        operator = uses("keda-operator")
        made = plan(operator, TRIGGER, options=options)
        (found,) = [each for each in made.decisions if each.code == "TriggerOnIdentityBinding"]
        assert found.severity == "ActionRequired"
        assert not made.resources
        assert [each.name for each in made.blocked] == (["keda-operator"] if blocks else [])

    def test_keda_operator_with_credential_beside_bindings(self) -> None:
        options = replace(BIND, stage=ONE_STEP, identities=("app-identity",))
        names = ("app-identity", "keda")
        made = plan(uses(), uses("keda-operator", "keda"), TRIGGER, options=options, names=names)
        assert [each.client_id for each in made.resources] == [f"client of {identity_id('keda')}"]
        assert not made.blocked

    @pytest.mark.parametrize("choice", [None, "true"])
    def test_sidecar_with_binding_is_decision(self, choice: str | None) -> None:
        annotations = {PROXY_ANNOTATION: choice} if choice else {}
        calls = uses(container={"command": ["az", "login", "--identity"]}, annotations=annotations)
        for options in (BIND, replace(BIND, proxy_sidecar=())):
            made = plan(calls, options=options)
            assert codes(made)[0] == "ProxySidecarNotPossible"
            assert not made.workloads
        changed = uses(container={"command": ["az", "login", "--identity"]}, annotations={PROXY_ANNOTATION: "false"})
        assert plan(changed).workloads

    @pytest.mark.parametrize(
        ("found", "credentials", "code"),
        [
            (None, FULL, "NoRoomForBinding"),
            (None, [*FULL[:19], FederatedCredential(AKS_CREDENTIAL, "i", "s")], None),
            (bound("theirs", state="Failed"), [], "IdentityBindingFailed"),
            (bound(state="Failed"), [], None),
            (bound(state="Failed"), FULL, "NoRoomForBinding"),
            (bound(client_id="former"), [], "IdentityBindingOutdated"),
            (bound(), FULL, None),
            (bound(client_id=CLIENT.upper()), FULL, None),
            (bound("theirs", state="Creating"), [], None),
        ],
    )
    def test_unusable_binding_blocks_workload(
        self, found: IdentityBinding | None, credentials: list[FederatedCredential], code: str | None
    ) -> None:
        made = plan(uses(), bindings=[found] if found else [], credentials=credentials)
        assert [each for each in codes(made) if each != "CodeMustOptIn"] == ([code] if code else [])
        assert bool(made.blocked) == bool(code)


class TestTooManyCredentials:
    def test_decision_suggests_bindings_for_all_affected_identities(self) -> None:
        options = Options(arguments=("--workloads", "my manifests"))
        made = plan(uses("a"), uses("b", "other"), names=("app-identity", "other"), credentials=FULL, options=options)
        assert codes(made) == ["TooManyCredentials"] * 2
        for each in made.decisions:
            words = command_words(each.command or "")
            assert option(words, "--target") == ["identity-binding"]
            assert option(words, "--identities") == ["app-identity", "other"]
            assert option(words, "--workloads") == ["my manifests"]
        chosen = replace(BIND, identities=("app-identity", "other"))
        again = plan(uses("a"), uses("b", "other"), names=("app-identity", "other"), options=chosen)
        assert codes(again) == ["CodeMustOptIn"] * 2

    def test_aks_credential_is_counted_and_named(self) -> None:
        made = plan(uses(), credentials=[*FULL[:19], FederatedCredential(AKS_CREDENTIAL, "i", "s")], options=Options())
        assert AKS_CREDENTIAL in made.decisions[0].reason

    def test_unsupported_bindings_are_explained(self) -> None:
        made = plan(uses(), credentials=FULL, options=Options(), apiServerAccessProfile={"enableVnetIntegration": True})
        assert made.decisions[0].command is None
        assert "VNet integration" in made.decisions[0].resolution


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "properties", "error", "words"),
        [
            (BIND, {"apiServerAccessProfile": {"enableVnetIntegration": True}}, ValidationError, "VNet integration"),
            (replace(BIND, identities=("nobody",)), {}, InvalidArgumentValueError, "nobody"),
        ],
    )
    def test_incompatible_options_are_refused(
        self, options: Options, properties: Json, error: type[AzCLIError], words: str
    ) -> None:
        with pytest.raises(error, match=words):
            check_options(cluster_of([identity_entry()], **properties), inventory(), options)

    def test_compatible_options_are_accepted(self) -> None:
        integrated = cluster_of([identity_entry()], apiServerAccessProfile={"enableVnetIntegration": True})
        check_options(integrated, inventory(), Options())
        check_options(cluster_of([identity_entry()]), inventory(), replace(BIND, identities=("app-identity",)))


class TestFiles:
    def test_only_missing_roles_and_annotations_are_written(self) -> None:
        made = plan(uses(), bindings=[bound()])
        found = {each["kind"]: each for each in objects_in(made)}
        assert found["ClusterRole"]["rules"] == role(CLIENT)["rules"]
        assert found["ClusterRoleBinding"]["subjects"] == [WEB]
        assert found["ClusterRoleBinding"]["roleRef"]["name"] == found["ClusterRole"]["metadata"]["name"]
        annotations = found["ServiceAccount"]["metadata"]["annotations"]
        assert sorted(annotations.values()) == sorted([CLIENT, TENANT])
        there = [uses(), annotated(), *ALLOWED]
        kinds = {each["kind"] for each in objects_in(plan(*there, bindings=[bound()]), *there)}
        assert not kinds & {"ClusterRole", "ClusterRoleBinding", "ServiceAccount"}

    def test_service_account_requires_tenant_annotation(self) -> None:
        assert [each.annotated for each in plan(uses(), annotated(None)).accounts] == [False]
        assert [each.annotated for each in plan(uses(), annotated()).accounts] == [True]

    def test_files_of_separate_runs_do_not_conflict(self) -> None:
        first, second = (objects_in(plan(uses(name))) for name in ("a", "b"))
        same = [each for each in first if each in second and each["kind"] != "Kustomization"]
        assert [each["kind"] for each in same] == ["ClusterRole"]
        grants = [each["metadata"]["name"] for each in (*first, *second) if each["kind"] == "ClusterRoleBinding"]
        assert len(set(grants)) == 2


class TestRoles:
    @pytest.mark.parametrize(
        ("subject", "resources", "verbs", "allowed"),
        [
            (WEB, [CLIENT.upper()], ["use-managed-identity"], True),
            (WEB, ["*"], ["*"], True),
            ({"kind": "Group", "name": f"system:serviceaccounts:{NAMESPACE}"}, [CLIENT], ["*"], True),
            ({"kind": "Group", "name": "system:serviceaccounts"}, [CLIENT], ["*"], True),
            ({"kind": "Group", "name": "system:serviceaccounts:other"}, [CLIENT], ["*"], False),
            ({"kind": "User", "name": f"system:serviceaccount:{NAMESPACE}:web"}, [CLIENT], ["*"], True),
            ({"kind": "User", "name": "web"}, [CLIENT], ["*"], False),
            ({**WEB, "namespace": "other"}, [CLIENT], ["*"], False),
            ({**WEB, "name": "other"}, [CLIENT], ["*"], False),
            (WEB, ["another client"], ["*"], False),
            (WEB, [CLIENT], ["get"], False),
        ],
    )
    def test_binding_role_subjects_and_verbs(
        self, subject: Json, resources: list[str], verbs: list[str], allowed: bool
    ) -> None:
        roles = BindingRoles.of([role(*resources, verbs=verbs), grant(subject)])
        assert roles.allows(NAMESPACE, "web", CLIENT) == allowed

    def test_role_of_other_group_or_name_is_ignored(self) -> None:
        other = role(CLIENT)
        other["rules"][0]["apiGroups"] = ["apps"]
        assert not BindingRoles.of([other, grant(WEB)]).allows(NAMESPACE, "web", CLIENT)
        assert not BindingRoles.of([role(CLIENT, name="x"), grant(WEB)]).allows(NAMESPACE, "web", CLIENT)


MOVED = migrated(annotations={BINDING: "true"})


class TestStatus:
    @pytest.mark.parametrize(
        ("objects", "bindings", "reason"),
        [
            ([annotated(), *ALLOWED], [bound()], ""),
            ([annotated(), *ALLOWED], [], "no identity binding"),
            ([annotated(), *ALLOWED], [bound("x", state="Failed")], "'x' is in state Failed"),
            ([annotated(), *ALLOWED], [bound(client_id="former")], "former managed identity"),
            ([annotated(None), *ALLOWED], [bound()], "tenant-id"),
            ([annotated()], [bound()], "No ClusterRole"),
        ],
    )
    def test_ready_requires_binding_role_and_annotations(
        self, objects: list[Json], bindings: list[IdentityBinding], reason: str
    ) -> None:
        lookups = {identity_id(): IdentityCredentials(ManagedIdentity(identity_id(), CLIENT, "object"))}
        cluster = cluster_of([identity_entry()], **ENABLED)
        (found,) = statuses(cluster, inventory(MOVED, *objects), lookups, bindings)
        assert found.state == ("NotReady" if reason else "Ready")
        assert reason in found.reason

    @pytest.mark.parametrize(
        ("objects", "bindings", "reason"),
        [
            ([annotated(), *ALLOWED], [bound()], None),
            ([annotated(), *ALLOWED], [], "identity binding does not exist"),
            ([annotated(None), *ALLOWED], [bound()], "tenant ID"),
            ([annotated()], [bound()], "No ClusterRole"),
        ],
    )
    def test_label_is_kept_until_prepared(
        self, objects: list[Json], bindings: list[IdentityBinding], reason: str | None
    ) -> None:
        prepared = uses(labels={USE_LABEL: "true"}, annotations={BINDING: "true"})
        made = plan(prepared, *objects, bindings=bindings, options=replace(BIND, stage=REMOVE_LABELS))
        reasons = [each.reason for each in made.decisions if each.code == "NotPrepared"]
        assert bool(reasons) == bool(reason)
        assert not reason or reason in reasons[0]

    def test_template_without_annotation_is_not_prepared(self) -> None:
        prepared = uses(labels={USE_LABEL: "true"})
        options = replace(BIND, stage=REMOVE_LABELS)
        made = plan(prepared, annotated(), *ALLOWED, bindings=[bound()], options=options)
        assert "does not use the identity binding yet" in made.decisions[0].reason


@pytest.mark.parametrize("proxy", [True, False], ids=["with proxy", "before the binding"])
def test_pod_older_than_binding_is_not_ready(proxy: bool) -> None:
    variables = ["AZURE_FEDERATED_TOKEN_FILE", *(["AZURE_KUBERNETES_TOKEN_PROXY"] if proxy else [])]
    container = {"env": [{"name": each} for each in variables]}
    owner = migrated(account="web", annotations={BINDING: "true"}, uid="1")
    pod = migrated("web-1", account="web", kind="Pod", container=container, uid="2", **made_by("Deployment", "web"))
    lookups = {identity_id(): IdentityCredentials(ManagedIdentity(identity_id(), CLIENT, "object"))}
    read = inventory(owner, pod, annotated(), *ALLOWED)
    (status,) = statuses(cluster_of([identity_entry()], **ENABLED), read, lookups, [bound()])
    assert (status.state, "identity binding yet" in status.reason) == ("Ready" if proxy else "NotReady", not proxy)


def test_bindings_beside_existing_credentials() -> None:
    there = credential_for(ISSUER, NAMESPACE, "web")
    made = plan(uses(), credentials=[there])
    assert made.bindings
    assert not made.credentials
