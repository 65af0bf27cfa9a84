# SPDX-License-Identifier: MIT

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from azext_podidentity.checks.finding import SEVERITIES, Finding, at_or_above, join_keys, suggested_commands
from azext_podidentity.checks.registry import CHECKS, run_checks
from azext_podidentity.checks.snapshot import Snapshot
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, NotFound
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
    """What that check finds."""
    return [finding for finding in run_checks(snapshot) if finding.check == check]


def bound_by(*entries: Json, **changes: Any) -> Snapshot:
    """A snapshot with those pod identities."""
    return snapshot_of(cluster_of(entries), **changes)


@each_state
def test_what_is_wrong_is_found_and_nothing_else(state: str) -> None:
    check, severity, make = STATES[state]
    findings = run_checks(make(REFERENCE))
    expected = {(check, severity), ("deprecation", "info")} | ALSO.get(state, set())
    assert {(each.check, each.severity) for each in findings} == expected
    assert "\n" not in "".join(each.message for each in findings)


def test_every_check_has_a_state_in_which_it_finds_something() -> None:
    assert {check for check, *_ in STATES.values()} == set(CHECKS)


def test_a_healthy_cluster_has_nothing_but_the_deprecation() -> None:
    assert [each.check for each in run_checks(healthy())] == ["deprecation"]


@each_state
def test_the_commands_are_commands_that_az_takes_about_the_same_cluster(state: str, az: AzParser) -> None:
    reference = ClusterReference("my (rg)", "it's $mine", "a sub")
    for finding in run_checks(STATES[state][2](reference)):
        for words in map(command_words, finding.commands):
            az.parse(words)
            if words[1] in ("aks", "feature", "provider"):
                assert option(words, "--subscription") == ["a sub"]
            if words[1] == "aks":
                assert option(words, "--resource-group") == ["my (rg)"]
                assert (option(words, "--cluster-name") or option(words, "--name")) == ["it's $mine"]


# No command can mend or show them.
WITHOUT_COMMAND = {
    *("cluster deleting", "identity not told", "roles not told", "availability sets"),
    *("Windows too", "virtual machines too", "role of the resource group", "role of a group"),
    *("one selector", "exception with two labels"),
    *("identity of a binding full", "bindings not told", "identity of a binding not told"),
}


@each_state
def test_what_is_wrong_has_a_command(state: str) -> None:
    check, _, make = STATES[state]
    assert all(bool(each.commands) == (state not in WITHOUT_COMMAND) for each in found_in(make(REFERENCE), check))


def test_the_worst_comes_first_and_else_the_order_stays() -> None:
    fine, failed = identity_entry(bindingSelector="x"), identity_entry(OTHER, identity_id("other"), "Failed")
    snapshot = bound_by(fine, {**failed, "bindingSelector": "x"}, feature=FORBIDDEN)
    findings = run_checks(snapshot)
    assert [each.severity for each in findings] == ["error", "warning", "info", "info"]
    assert run_checks(snapshot) == findings


def test_a_failed_identity_binding_is_an_error_also_without_the_add_on() -> None:
    _, _, make = STATES["binding failed"]
    snapshot = replace(make(REFERENCE), cluster=cluster_of(enabled=False))
    assert {each.check: each.severity for each in run_checks(snapshot)}["identity-binding-state"] == "error"


def test_a_cluster_that_finished_its_migration_has_information_only() -> None:
    off = cluster_of(enabled=False)
    assert [(each.check, each.severity, each.commands) for each in run_checks(snapshot_of(off))] == [
        ("add-on", "info", ())
    ]
    unfit = replace(off, kubernetes_version="1.25.1", network_plugin="kubenet", identity_type="None")
    findings = run_checks(snapshot_of(unfit, feature="NotRegistered"))
    assert {each.severity for each in findings} == {"info"}
    assert not any("enable-pod-identity" in line for each in findings for line in each.commands)


def test_entries_left_on_a_cluster_without_the_add_on_are_an_error() -> None:
    left = cluster_of((), [exception_entry()], enabled=False)
    assert ("add-on", "error") in {(each.check, each.severity) for each in run_checks(snapshot_of(left))}


def test_the_suggested_commands_are_grouped_by_finding() -> None:
    findings = [
        Finding("error", "my-app/x", "m", ("az a", "az b")),
        Finding("info", "s", "m"),
        Finding("info", "t", "m", ("az c",)),
    ]
    assert suggested_commands(findings) == "# error: my-app/x\naz a\naz b\n\n# info: t\naz c"
    assert suggested_commands(findings[1:2]) == ""


def test_the_json_of_a_finding() -> None:
    finding = run_checks(STATES["add-on is off"][2](REFERENCE))[0]
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


def test_a_subject_names_few_of_many() -> None:
    keys = [EntryKey("ns", str(number)) for number in range(7)]
    assert join_keys(keys[:2]) == "ns/0, ns/1"
    assert join_keys(keys) == "ns/0, ns/1, ns/2, ns/3, ns/4, and 2 more"


@pytest.mark.parametrize("version", ["1.26", "1.26.0", "1.33.5", "2.0", "", None, "new", "1", "v1.2", "1.x"])
def test_a_new_or_strange_kubernetes_version_is_no_finding(version: str | None) -> None:
    assert found_in(snapshot_of(replace(cluster_of(), kubernetes_version=version)), "kubernetes-version") == []


def test_a_managed_identity_of_several_entries_is_one_finding() -> None:
    entries = [identity_entry(), identity_entry(OTHER, identity_id().upper().replace("SUBSCRIPTIONS", "subscriptions"))]
    snapshot = bound_by(*entries, identities={identity_id().lower(): NotFound()})
    (finding,) = found_in(snapshot, "managed-identity-missing")
    assert finding.subject == f"{KEY}, {OTHER}"


def test_several_stale_entries_go_in_one_write_and_only_those_that_can_come_back(az: AzParser) -> None:
    findings = {each.check: each for each in run_checks(STATES["two of them"][2](REFERENCE))}
    create, delete, add = map(command_words, findings["blocked-entries"].commands)
    assert (create[1], option(create, "--name")) == ("identity", ["app-identity"])
    assert az.parse(delete)
    assert [word for word in delete if word in (KEY.name, OTHER.name)] == [KEY.name, OTHER.name]
    assert az.parse(add).entry_names == [OTHER.name]
    assert findings["managed-identity-missing"].commands == ()
    assert findings["managed-identity-recreated"].commands == ()


def test_one_role_of_its_own_at_the_identity_is_enough() -> None:
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
def test_an_inherited_role_is_told_with_where_it_comes_from(scope: str, words: str) -> None:
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
    ids=["identity gone", "identity created again", "no role"],
)
def test_a_failed_entry_is_not_tried_again_where_that_cannot_help(changes: Json) -> None:
    (finding,) = found_in(bound_by(identity_entry(state="Failed"), **changes), "entry-state")
    assert finding.commands == ()
    assert "the service gave no reason" in finding.message


def test_an_entry_that_is_on_its_way_is_no_finding_while_an_operation_runs() -> None:
    cluster = cluster_of([identity_entry(state="Updating")], provisioningState="Updating")
    assert found_in(snapshot_of(cluster), "entry-state") == []


def test_the_same_name_in_another_namespace_is_no_finding() -> None:
    assert found_in(bound_by(identity_entry(), identity_entry(EntryKey("other", KEY.name))), "entry-name") == []


def test_the_same_selector_is_told_only_in_one_namespace_and_for_different_identities() -> None:
    one = identity_entry(bindingSelector="one")
    elsewhere = identity_entry(EntryKey("other", "other"), identity_id("other"), bindingSelector="one")
    same = identity_entry(OTHER, identity_id().lower(), bindingSelector="one")
    assert found_in(bound_by(one, elsewhere, same), "shared-selector") == []


def test_the_exception_of_the_service_is_left_alone() -> None:
    exception = exception_entry(EntryKey("kube-system", "aks-addon-exception"), {})
    assert [each.check for each in run_checks(snapshot_of(cluster_of((), [exception])))] == ["deprecation"]


def test_a_selector_that_no_pod_can_have_is_mended_with_one_that_it_can(az: AzParser) -> None:
    (finding,) = found_in(STATES["selector of a long name"][2](REFERENCE), "binding-selector")
    added = az.parse(command_words(finding.commands[-1]))
    assert added.binding_selector == "a" * 63
