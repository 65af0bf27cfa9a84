from __future__ import annotations

import pytest
from hypothesis import given

from azext_podidentity._format import exceptions_table, pod_identities_table

from .support import Json
from .wire import key_of, profiles


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
