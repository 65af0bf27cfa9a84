# SPDX-License-Identifier: MIT
"""Add several pod identities in one write."""

from __future__ import annotations

from typing import Any

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError, ValidationError

from azext_podidentity.profile.add_identities import AddIdentities
from azext_podidentity.profile.entries import EntryKey
from tests.support.az_parser import AzParser
from tests.support.builders import KEY, cluster_of, identity_entry, identity_id

ADD = "aks pod-identity add --resource-group rg --cluster-name cluster --namespace my-app"
IDS = [identity_id("one"), identity_id("two")]


def keys(*names: str) -> list[EntryKey]:
    return [EntryKey("my-app", name) for name in names]


@pytest.mark.parametrize(
    ("names", "added"),
    [([], keys("one", "two")), (["first", "second"], keys("first", "second"))],
    ids=["derived", "given"],
)
def test_entry_per_managed_identity(names: list[str], added: list[EntryKey]) -> None:
    change = AddIdentities.of("my-app", IDS, names, "shared")
    profile = change.apply(cluster_of([identity_entry()]))
    assert [entry.key for entry in profile.identities] == [KEY, *added]
    assert [entry.identity.resource_id for entry in profile.identities][1:] == IDS
    assert {entry.binding_selector for entry in profile.identities} == {None, "shared"}
    assert change.is_done(profile)
    assert [entry.key for entry in change.existing_entries(profile)] == added


def test_existing_entry_is_kept() -> None:
    first = AddIdentities.of("my-app", IDS[:1])
    both = AddIdentities.of("my-app", IDS)
    cluster = cluster_of([])
    half = first.apply(cluster)
    assert not both.is_done(half)
    assert both.is_done(both.apply(cluster_of([entry.to_json() for entry in half.identities])))


def test_conflicting_entry_adds_none() -> None:
    change = AddIdentities.of(KEY.namespace, [identity_id("one"), identity_id("another")], ["one", KEY.name])
    with pytest.raises(ValidationError) as caught:
        change.apply(cluster_of([identity_entry()]))
    assert f"'{KEY.name}' in namespace '{KEY.namespace}' already exists" in caught.value.error_msg


@pytest.mark.parametrize(
    ("resource_ids", "names", "message"),
    [
        (IDS, ["one"], "--name has 1 values and --identity-resource-id has 2."),
        (IDS, ["same", "same"], "Several managed identities would be added with the name 'same'."),
        ([IDS[0], identity_id("one", "other")], [], "Several managed identities would be added with the name 'one'."),
    ],
    ids=["too few", "duplicate", "derived duplicate"],
)
def test_mismatched_names_are_refused(resource_ids: list[str], names: list[str], message: str) -> None:
    with pytest.raises(InvalidArgumentValueError) as caught:
        AddIdentities.of("my-app", resource_ids, names)
    assert caught.value.error_msg == message
    assert "--name" in caught.value.recommendations[0]


@pytest.mark.parametrize(
    "options",
    [
        f"--identity-resource-id {IDS[0]} --identity-resource-id {IDS[1]} --name a --name b",
        f"--identity-resource-id {IDS[0]} {IDS[1]} --name a b",
    ],
    ids=["repeated", "space-separated"],
)
def test_options_repeated_or_space_separated(options: str, az: AzParser) -> None:
    parsed: Any = az.parse(f"az {ADD} {options}".split())
    assert (parsed.identity_resource_ids, parsed.entry_names) == (IDS, ["a", "b"])
