# SPDX-License-Identifier: MIT

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from azext_podidentity.checks.finding import SEVERITIES, Finding, at_or_above, join_keys, suggested_commands
from azext_podidentity.checks.registry import CHECKS, run_checks
from azext_podidentity.checks.repair_plan import plan_repairs
from azext_podidentity.checks.snapshot import BoundIdentity, Snapshot
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, NotFound
from azext_podidentity.profile.identity_bindings import IdentityBinding
from azext_podidentity.profile.workload_credentials import IdentityCredentials
from tests.support.az_parser import AzParser
from tests.support.builders import (
    KEY,
    REFERENCE,
    Json,
    cluster_of,
    command_words,
    exception_entry,
    identity_entry,
    identity_id,
    option,
)
from tests.support.snapshots import (
    ALSO,
    FORBIDDEN,
    GROUP_SCOPE,
    OTHER,
    STATES,
    healthy,
    role,
    snapshot_of,
)

each_state = pytest.mark.parametrize("state", STATES)


def found_in(snapshot: Snapshot, check: str) -> list[Finding]:
    """Return the findings of the check."""
    return [finding for finding in run_checks(snapshot) if finding.check == check]


def bound_by(*entries: Json, **changes: Any) -> Snapshot:
    """Return a snapshot with the given pod identities."""
    return snapshot_of(cluster_of(entries), **changes)


@each_state
def test_state_yields_only_expected_findings(state: str) -> None:
    check, severity, make = STATES[state]
    findings = run_checks(make(REFERENCE))
    expected = {(check, severity), ("deprecation", "info")} | ALSO.get(state, set())
    assert {(each.check, each.severity) for each in findings} == expected
    assert "\n" not in "".join(each.message for each in findings)


def test_every_check_has_failing_state() -> None:
    assert {check for check, *_ in STATES.values()} == set(CHECKS)


def test_healthy_cluster_yields_only_deprecation() -> None:
    assert [each.check for each in run_checks(healthy())] == ["deprecation"]


@each_state
def test_suggested_commands_parse_and_name_cluster(state: str, az: AzParser) -> None:
    reference = ClusterReference("my (rg)", "it's $mine", "a sub")
    for finding in run_checks(STATES[state][2](reference)):
        for words in map(command_words, finding.commands):
            az.parse(words)
            if words[1] in ("aks", "feature", "provider"):
                assert option(words, "--subscription") == ["a sub"]
            if words[1] == "aks":
                assert option(words, "--resource-group") == ["my (rg)"]
                assert (option(words, "--cluster-name") or option(words, "--name")) == ["it's $mine"]


# States that no command can fix or show.
WITHOUT_COMMAND = {
    *("cluster deleting", "identity unreadable", "roles unreadable", "availability sets"),
    *("additional Windows pool", "additional virtual machine pool", "inherited role", "group role"),
    *("shared selector", "two labels"),
    *("bound identity full", "bindings unreadable", "bound identity unreadable"),
}


@each_state
def test_finding_has_command(state: str) -> None:
    check, _, make = STATES[state]
    assert all(bool(each.commands) == (state not in WITHOUT_COMMAND) for each in found_in(make(REFERENCE), check))


def test_findings_are_sorted_by_severity() -> None:
    fine, failed = identity_entry(bindingSelector="x"), identity_entry(OTHER, identity_id("other"), "Failed")
    snapshot = bound_by(fine, {**failed, "bindingSelector": "x"}, feature=FORBIDDEN)
    findings = run_checks(snapshot)
    assert [each.severity for each in findings] == ["error", "warning", "info", "info"]
    assert run_checks(snapshot) == findings


def test_failed_identity_binding_without_add_on() -> None:
    _, _, make = STATES["binding failed"]
    snapshot = replace(make(REFERENCE), cluster=cluster_of(enabled=False))
    assert {each.check: each.severity for each in run_checks(snapshot)}["identity-binding-state"] == "error"


def test_disabled_add_on_yields_only_information() -> None:
    off = cluster_of(enabled=False)
    assert [(each.check, each.severity, each.commands) for each in run_checks(snapshot_of(off))] == [
        ("add-on", "info", ())
    ]
    unfit = replace(off, kubernetes_version="1.25.1", network_plugin="kubenet", identity_type="None")
    findings = run_checks(snapshot_of(unfit, feature="NotRegistered"))
    assert {each.severity for each in findings} == {"info"}
    assert not any("enable-pod-identity" in line for each in findings for line in each.commands)


def test_leftover_entries_without_add_on() -> None:
    left = cluster_of((), [exception_entry()], enabled=False)
    assert ("add-on", "error") in {(each.check, each.severity) for each in run_checks(snapshot_of(left))}


def test_suggested_commands_are_grouped_by_finding() -> None:
    findings = [
        Finding("error", "my-app/x", "m", ("az a", "az b")),
        Finding("info", "s", "m"),
        Finding("info", "t", "m", ("az c",)),
    ]
    assert suggested_commands(findings) == "# error: my-app/x\naz a\naz b\n\n# info: t\naz c"
    assert suggested_commands(findings[1:2]) == ""


def test_finding_json() -> None:
    finding = run_checks(STATES["add-on disabled"][2](REFERENCE))[0]
    assert finding.to_json() == {
        "severity": "error",
        "check": "add-on",
        "subject": "cluster",
        "message": "The pod identity add-on is not enabled on cluster 'cluster'.",
        "command": "az aks update --resource-group rg --name cluster --enable-pod-identity",
    }


def test_at_or_above() -> None:
    findings = [Finding(severity, "s", "m") for severity in SEVERITIES]  # type: ignore[arg-type]
    assert [len(at_or_above(findings, severity)) for severity in SEVERITIES] == [1, 2, 3]


def test_subject_shortens_long_key_list() -> None:
    keys = [EntryKey("ns", str(number)) for number in range(7)]
    assert join_keys(keys[:2]) == "ns/0, ns/1"
    assert join_keys(keys) == "ns/0, ns/1, ns/2, ns/3, ns/4, and 2 more"


@pytest.mark.parametrize("version", ["1.26", "1.26.0", "1.33.5", "2.0", "", None, "new", "1", "v1.2", "1.x"])
def test_supported_or_unparsable_kubernetes_version_is_ignored(version: str | None) -> None:
    assert found_in(snapshot_of(replace(cluster_of(), kubernetes_version=version)), "kubernetes-version") == []


def test_missing_identity_of_several_entries_is_merged() -> None:
    entries = [identity_entry(), identity_entry(OTHER, identity_id().upper().replace("SUBSCRIPTIONS", "subscriptions"))]
    snapshot = bound_by(*entries, identities={identity_id().lower(): NotFound()})
    (finding,) = found_in(snapshot, "managed-identity-missing")
    assert finding.subject == f"{KEY}, {OTHER}"


def test_stale_entries_share_delete_and_add_commands(az: AzParser) -> None:
    findings = {each.check: each for each in run_checks(STATES["two stale entries"][2](REFERENCE))}
    create, delete, add = map(command_words, findings["blocked-entries"].commands)
    assert (create[1], option(create, "--name")) == ("identity", ["app-identity"])
    assert az.parse(delete)
    assert [word for word in delete if word in (KEY.name, OTHER.name)] == [KEY.name, OTHER.name]
    assert az.parse(add).entry_names == [OTHER.name]
    assert findings["managed-identity-missing"].commands == ()
    assert findings["managed-identity-recreated"].commands == ()


def test_unregistered_feature_says_to_wait_between_commands() -> None:
    (finding,) = found_in(STATES["feature not registered"][2](REFERENCE), "feature-registration")
    assert "wait until its state is Registered" in finding.message


def test_repair_command_for_each_entry() -> None:
    entries = [identity_entry(EntryKey("my-app", f"e-{number}")) for number in range(7)]
    now = ManagedIdentity(identity_id(), "another client", "another object")
    (finding,) = plan_repairs(bound_by(*entries, identities={identity_id().lower(): now})).findings
    assert len(finding.commands) == 7


def test_client_id_of_identity_binding_in_other_case() -> None:
    identity = ManagedIdentity(identity_id(), "abc", "object")
    bound = BoundIdentity(IdentityBinding("my-binding", identity_id(), "ABC"), IdentityCredentials(identity))
    assert found_in(snapshot_of(cluster_of(), bindings=(bound,)), "identity-binding-identity") == []


def test_direct_role_beside_inherited_role() -> None:
    granted = {identity_id().lower(): (role(GROUP_SCOPE), role(identity_id().upper()))}
    assert found_in(bound_by(identity_entry(), roles=granted), "managed-identity-role") == []


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        (GROUP_SCOPE, "from resource group 'rg'."),
        (GROUP_SCOPE.rpartition("/resourceGroups")[0], "from subscription '11111111-2222-3333-4444-555555555555'."),
        ("/providers/Microsoft.Management/managementGroups/mine", "from management group 'mine'."),
        ("/", "from the root scope."),
    ],
)
def test_inherited_role_names_scope(scope: str, words: str) -> None:
    snapshot = bound_by(identity_entry(), roles={identity_id().lower(): (role(scope),)})
    (finding,) = found_in(snapshot, "managed-identity-role")
    assert finding.message.endswith(words)


@pytest.mark.parametrize(
    "changes",
    [
        {"identities": {identity_id().lower(): NotFound()}},
        {"identities": {identity_id().lower(): ManagedIdentity(identity_id(), "another", "another")}},
        {"roles": {identity_id().lower(): ()}},
    ],
    ids=["identity missing", "identity recreated", "no role"],
)
def test_failed_entry_without_remedy_has_no_command(changes: Json) -> None:
    (finding,) = found_in(bound_by(identity_entry(state="Failed"), **changes), "entry-state")
    assert finding.commands == ()
    assert "the service gave no reason" in finding.message


def test_updating_entry_during_operation_is_ignored() -> None:
    cluster = cluster_of([identity_entry(state="Updating")], provisioningState="Updating")
    assert found_in(snapshot_of(cluster), "entry-state") == []


def test_same_name_in_other_namespace_is_ignored() -> None:
    assert found_in(bound_by(identity_entry(), identity_entry(EntryKey("other", KEY.name))), "entry-name") == []


def test_shared_selector_across_namespaces_is_ignored() -> None:
    one = identity_entry(bindingSelector="one")
    elsewhere = identity_entry(EntryKey("other", "other"), identity_id("other"), bindingSelector="one")
    same = identity_entry(OTHER, identity_id().lower(), bindingSelector="one")
    assert found_in(bound_by(one, elsewhere, same), "shared-selector") == []


def test_service_exception_is_ignored() -> None:
    exception = exception_entry(EntryKey("kube-system", "aks-addon-exception"), {})
    assert [each.check for each in run_checks(snapshot_of(cluster_of((), [exception])))] == ["deprecation"]


def test_too_long_selector_fix_is_shortened(az: AzParser) -> None:
    (finding,) = found_in(STATES["too long name as selector"][2](REFERENCE), "binding-selector")
    added = az.parse(command_words(finding.commands[-1]))
    assert added.binding_selector == "a" * 63
