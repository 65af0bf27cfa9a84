from __future__ import annotations

import re
from shlex import split

import pytest
from hypothesis import given
from knack.output import format_table
from knack.util import CommandResultItem

from azext_podidentity._format import exceptions_table, findings_table, migration_table, pod_identities_table
from azext_podidentity.checks.registry import run
from tests.support.builders import REFERENCE, Json, identity_id
from tests.support.json_strategies import key_of, profiles
from tests.support.snapshots import LONG, STATES


@given(profiles())
def test_a_table_has_a_row_an_entry_in_the_order_of_the_cluster(profile: Json) -> None:
    identities, exceptions = (
        profile.get(name, []) for name in ("userAssignedIdentities", "userAssignedIdentityExceptions")
    )
    tables = pod_identities_table({"podIdentityProfile": profile}), exceptions_table({"podIdentityProfile": profile})
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
def test_a_cluster_without_entries_has_empty_tables(cluster: Json) -> None:
    assert pod_identities_table(cluster) == exceptions_table(cluster) == []


def test_the_columns_of_a_pod_identity() -> None:
    entry = {"name": "n", "namespace": "ns", "identity": {"resourceId": "/a/b/my-identity"}, "provisioningState": "S"}
    row = {"Namespace": "ns", "Name": "n", "BindingSelector": "n", "ManagedIdentity": "my-identity"}
    cluster = {"podIdentityProfile": {"userAssignedIdentities": [entry, {**entry, "bindingSelector": "sel"}]}}
    assert pod_identities_table(cluster) == [
        {**row, "ProvisioningState": "S"},
        {**row, "BindingSelector": "sel", "ProvisioningState": "S"},
    ]


def test_the_columns_of_an_exception() -> None:
    entry = {"name": "n", "namespace": "ns", "podLabels": {"app": "a", "tier": ""}}
    cluster = {"podIdentityProfile": {"userAssignedIdentityExceptions": [entry, {**entry, "podLabels": None}]}}
    assert exceptions_table(cluster) == [
        {"Namespace": "ns", "Name": "n", "PodLabels": "app=a, tier="},
        {"Namespace": "ns", "Name": "n", "PodLabels": ""},
    ]


def shown(message: str, command: str | None, subject: str = "my-app/x") -> list[str]:
    """The lines of the table of one finding, as az prints it."""
    finding = {"severity": "warning", "check": "c", "subject": subject, "message": message, "command": command}
    return str(format_table(CommandResultItem([finding], table_transformer=findings_table))).splitlines()


def test_a_managed_identity_is_its_name_in_a_message() -> None:
    *_, line = shown(f"It is bound to {identity_id()}, which is gone.", None)
    assert line.endswith("It is bound to app-identity, which is gone.")


@pytest.mark.parametrize("state", STATES)
def test_the_table_of_findings_has_100_columns_and_commands_that_can_be_pasted(state: str) -> None:
    for finding in run(STATES[state][2](REFERENCE)):
        lines = shown(finding.message, finding.command, "a-rather-long-namespace/" + "long" * 10)
        # A name is never broken in a command.
        assert max(map(len, lines)) <= (120 if LONG in (finding.command or "") else 100)
        assert not any(line.endswith(" ") for line in lines)
        _, mend, commands = "\n".join(line[36:] for line in lines).partition("Mend it with:\n")
        assert bool(mend) == bool(finding.command)
        pasted = commands.replace("\\\n", "").splitlines()
        expected = (finding.command or "").splitlines()
        assert [split(with_ids(line)) for line in pasted] == [split(line) for line in expected]


def with_ids(line: str) -> str:
    """A command line as the shell runs it once it has asked az for the managed identity's resource id."""
    return re.sub(r'"\$\(az +identity +show .*?--name (\S+) .*?\)"', lambda match: identity_id(match[1]), line)


def test_a_word_of_a_command_is_never_broken() -> None:
    *_, option, label = shown("m", f"az aks pod-identity exception add --name {'n' * 200} --pod-labels 'a  b'")[-2:]
    assert option.strip() == f"--name {'n' * 200} \\"
    assert label.strip() == "--pod-labels 'a  b'"


def test_the_columns_of_what_a_migration_removed() -> None:
    credential = {"identity": identity_id(), "name": "made", "subject": "system:serviceaccount:my-app:web"}
    removed = {"cluster": "c", "removedCredentials": [credential], "removedPodIdentities": ["my-app/app"]}
    rows = migration_table({**removed, "removedExceptions": ["my-app/agents"], "addOnDisabled": True})
    assert [(row["Step"], row["About"], " ".join(row["What"].split())) for row in rows] == [
        ("removed", "app-identity", "credential made for system:serviceaccount:my-app:web"),
        ("removed", "my-app/app", "pod identity"),
        ("removed", "my-app/agents", "exception"),
        ("disabled", "c", "pod identity add-on"),
    ]
