# SPDX-License-Identifier: MIT

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from knack.output import format_table
from knack.util import CommandResultItem

from azext_podidentity._format import difference_table, exceptions_table, per_cluster, pod_identities_table
from azext_podidentity._format_check import findings_table
from azext_podidentity._format_migrate import migration_table
from azext_podidentity.checks.registry import run_checks
from azext_podidentity.profile.validation import with_identity_names
from tests.support.builders import REFERENCE, Json, identity_id
from tests.support.json_strategies import key_of, profiles
from tests.support.snapshots import STATES


@given(profiles())
def test_tables_have_row_per_entry_in_order(profile: Json) -> None:
    identities, exceptions = (
        profile.get(name, []) for name in ("userAssignedIdentities", "userAssignedIdentityExceptions")
    )
    tables = (
        pod_identities_table({"podIdentityProfile": profile}),
        exceptions_table({"podIdentityProfile": profile}, 2000),
    )
    for entries, table in zip((identities, exceptions), tables, strict=True):
        assert [(row["Namespace"], row["Name"]) for row in table] == [key_of(entry) for entry in entries]
        assert all(isinstance(value, str) for row in table for value in row.values())
        assert len({tuple(row) for row in table}) <= 1


@pytest.mark.parametrize(
    "cluster",
    [
        {},
        {"podIdentityProfile": None},
        {"podIdentityProfile": {}},
        {"podIdentityProfile": {"userAssignedIdentities": None, "userAssignedIdentityExceptions": None}},
    ],
)
def test_tables_are_empty_without_entries(cluster: Json) -> None:
    assert pod_identities_table(cluster) == exceptions_table(cluster, 100) == []


def test_pod_identity_columns() -> None:
    entry = {"name": "n", "namespace": "ns", "identity": {"resourceId": "/a/b/my-identity"}, "provisioningState": "S"}
    row = {"Name": "n", "Namespace": "ns", "ProvisioningState": "S", "ManagedIdentity": "my-identity"}
    cluster = {"podIdentityProfile": {"userAssignedIdentities": [entry, {**entry, "bindingSelector": "sel"}]}}
    assert [list(each.items()) for each in pod_identities_table(cluster)] == [
        list({**row, "BindingSelector": "n"}.items()),
        list({**row, "BindingSelector": "sel"}.items()),
    ]


def test_exception_columns() -> None:
    entry = {"name": "n", "namespace": "ns", "podLabels": {"tier": "", "app": "a"}}
    cluster = {"podIdentityProfile": {"userAssignedIdentityExceptions": [entry, {**entry, "podLabels": None}]}}
    assert exceptions_table(cluster, 100) == [
        {"Namespace": "ns", "Name": "n", "PodLabels": "app=a tier="},
        {"Namespace": "ns", "Name": "n", "PodLabels": ""},
    ]


def table_of(findings: list[Json]) -> list[str]:
    """Return the lines of the findings table as az prints it."""
    return str(format_table(CommandResultItem(findings, table_transformer=per_cluster(findings_table)))).splitlines()


def finding_of(message: str, subject: str = "my-app/x") -> Json:
    return {"severity": "warning", "check": "c", "subject": subject, "message": message, "command": "az x"}


def test_findings_table_shortens_managed_identity_ids() -> None:
    *_, line = table_of([finding_of(f"It is bound to {identity_id()}, which is gone.")])
    assert line.endswith("It is bound to app-identity, which is gone.")


@pytest.mark.parametrize("width", [40, 80, 100, 120, 200, 500])
def test_findings_table_fits_terminal_and_keeps_words(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    allowed = min(max(width, 80), 200)
    for _, _, make in STATES.values():
        findings = run_checks(make(REFERENCE))
        lines = table_of([each.to_json() for each in findings])
        words = {word for each in findings for word in with_identity_names(each.message).split()}
        assert set(" ".join(lines[2:]).split()) >= words
        assert max(map(len, lines)) <= allowed or max(map(len, words)) > 50
        assert lines[0].split() == ["Severity", "Subject", "Message"]


def test_findings_table_width_without_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)
    monkeypatch.setenv("COLUMNS", "200")
    assert 90 < max(map(len, table_of([finding_of("word " * 60)]))) <= 100


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_apply_table_fits_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    entry = {"kind": "podIdentity", "namespace": "my-application", "name": "my-pod-identity"}
    before = {"identity": identity_id(), "bindingSelector": "my-selector"}
    after = {"identity": identity_id("another-identity"), "bindingSelector": "my-other-selector"}
    roles = [{"role": "Managed Identity Operator", "scope": identity_id("another-identity")}]
    result = {"changed": [{**entry, "before": before, "after": after}], "roleAssignments": roles}

    text = str(format_table(CommandResultItem(result, table_transformer=per_cluster(difference_table))))

    assert max(map(len, text.splitlines())) <= width
    words = "identity: app-identity -> another-identity, bindingSelector: my-selector -> my-other-selector"
    assert set(text.split()) >= {"added", "changed", *words.split()}


def test_migration_removal_columns() -> None:
    credential = {"identity": identity_id(), "name": "made", "subject": "system:serviceaccount:my-app:web"}
    bindings = [{"identity": identity_id("other"), "name": "bound"}]
    removed = {"cluster": "c", "removedCredentials": [credential], "removedIdentityBindings": bindings}
    removed["removedPodIdentities"] = ["my-app/app"]
    role = {"role": "Managed Identity Operator", "scope": identity_id(), "removedIds": [], "command": ""}
    roles = [{**role, "state": "Kept", "reason": "It is needed."}]
    more = {"removedExceptions": ["my-app/agents"], "roleAssignments": roles, "addOnDisabled": True}
    rows = migration_table({**removed, **more}, 100)
    assert [(row["Step"], row["Subject"], " ".join(row["Details"].split())) for row in rows] == [
        ("Removed", "app-identity", "credential made for system:serviceaccount:my-app:web"),
        ("Removed", "other", "identity binding bound"),
        ("Removed", "my-app/app", "pod identity"),
        ("Removed", "my-app/agents", "exception"),
        ("Kept", "app-identity", "role Managed Identity Operator: It is needed."),
        ("Disabled", "c", "pod identity add-on"),
    ]
