# SPDX-License-Identifier: MIT

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_podidentity.profile.entries import (
    Entries,
    EntryKey,
    ManagedIdentity,
    PodIdentity,
    PodIdentityException,
    Profile,
)
from tests.support import grammars as g
from tests.support.builders import KEY, Json, exception_entry, identity_entry, identity_id
from tests.support.json_strategies import READ_ONLY, identity_entries, profiles, unknown_fields

few_keys = st.builds(EntryKey, st.sampled_from("ab"), st.sampled_from("xy"))
exceptions = st.builds(
    PodIdentityException, few_keys, st.dictionaries(st.just("app"), st.sampled_from("12"), min_size=1)
)
lists = st.lists(exceptions, max_size=5, unique_by=lambda entry: entry.key).map(Entries)


def without_read_only(profile: Json) -> Json:
    """Return the writable part of a profile, the expected result of the round trip."""
    sent = deepcopy(profile)
    for entry in sent.get("userAssignedIdentities", ()):
        for name in READ_ONLY:
            entry.pop(name, None)
    return sent


@given(profiles())
def test_round_trip_drops_read_only_fields(profile: Json) -> None:
    before = deepcopy(profile)
    assert Profile.from_json(profile).to_json() == without_read_only(profile)
    assert profile == before


@given(profiles())
def test_sent_profile_parses_equally(profile: Json) -> None:
    read = Profile.from_json(profile)
    again = Profile.from_json(read.to_json())
    assert [entry.to_json() for entry in again.identities] == [entry.to_json() for entry in read.identities]
    assert [entry.key for entry in again.exceptions] == [entry.key for entry in read.exceptions]
    assert again.to_json() == read.to_json()


@given(profiles())
def test_serialized_copy_is_independent(profile: Json) -> None:
    read = Profile.from_json(profile)
    read.to_json().clear()
    for sent in [*(each.to_json() for each in read.identities), *(each.to_json() for each in read.exceptions)]:
        sent["namespace"] = "another"
        sent.get("podLabels", {}).clear()
        sent.get("identity", {}).clear()
    assert read.to_json() == without_read_only(profile)


@pytest.mark.parametrize("wire", [None, {}, {"enabled": False}, {"enabled": None}])
def test_missing_profile_is_disabled(wire: Json | None) -> None:
    profile = Profile.from_json(wire)
    assert not profile.enabled
    assert not (*profile.identities, *profile.exceptions)


@given(profiles())
def test_disabled_profile_has_single_field(profile: Json) -> None:
    assert replace(Profile.from_json(profile), enabled=False).to_json() == {"enabled": False}
    assert Profile.from_json({**profile, "enabled": False}).to_json() == {"enabled": False}


def test_new_profile_is_minimal() -> None:
    assert Profile(enabled=True).to_json() == {"enabled": True}
    consent = Profile(enabled=True, allow_network_plugin_kubenet=True)
    assert consent.to_json() == {"enabled": True, "allowNetworkPluginKubenet": True}


def test_emptied_list_is_sent() -> None:
    """The service keeps a list that is omitted."""
    profile = Profile.from_json({"enabled": True, "userAssignedIdentities": [identity_entry()]})
    sent = replace(profile, identities=profile.identities.remove(KEY)).to_json()
    assert sent == {"enabled": True, "userAssignedIdentities": []}


@given(unknown_fields)
def test_null_labels_are_sent_as_empty(more: Json) -> None:
    """The service refuses null."""
    entry = PodIdentityException.from_json({**more, **exception_entry(labels=None)})
    assert entry.pod_labels == {}
    assert entry.to_json() == {**more, **exception_entry(labels={})}


@given(identity_entries(), st.uuids().map(str), st.uuids().map(str))
def test_found_ids_are_merged_into_identity(wire: Json, client: str, other: str) -> None:
    entry = PodIdentity.from_json(wire)
    found = replace(entry, identity=ManagedIdentity(entry.identity.resource_id, client, other))
    assert found.to_json()["identity"] == {**wire["identity"], "clientId": client, "objectId": other}


def test_new_entry_json() -> None:
    entry = PodIdentity(KEY, ManagedIdentity(identity_id(), "client", "object"))
    sent: Json = {
        "namespace": KEY.namespace,
        "name": KEY.name,
        "identity": {"resourceId": identity_id(), "clientId": "client", "objectId": "object"},
    }
    assert entry.to_json() == sent
    assert replace(entry, binding_selector="my_selector").to_json() == {**sent, "bindingSelector": "my_selector"}


@given(g.keys, st.none() | g.label_values)
def test_effective_selector_defaults_to_name(key: EntryKey, selector: str | None) -> None:
    entry = PodIdentity.from_json(identity_entry(key, bindingSelector=selector))
    assert entry.effective_selector == (selector if selector else key.name)


def test_binds_as_ignores_case_and_default_selector() -> None:
    entry = PodIdentity.from_json(identity_entry())
    assert entry.binds_as(PodIdentity(KEY, ManagedIdentity(identity_id().upper()), KEY.name))
    for other in (
        PodIdentity(EntryKey("other", KEY.name), entry.identity),
        PodIdentity(EntryKey(KEY.namespace, "other"), entry.identity, KEY.name),
        PodIdentity(KEY, ManagedIdentity(identity_id("other"))),
        PodIdentity(KEY, entry.identity, "other"),
        PodIdentity(KEY, entry.identity, KEY.name.upper()),
    ):
        assert not entry.binds_as(other)
        assert not other.binds_as(entry)


REASON = {"code": "SomeCode", "message": "Some words."}


@pytest.mark.parametrize(
    ("info", "error"),
    [
        ({"error": {"error": REASON}}, ("SomeCode", "Some words.")),
        ({"error": REASON}, ("SomeCode", "Some words.")),
        ({"error": {"error": {"message": "Some words."}}}, ("", "Some words.")),
        ({"error": {"error": {"code": "SomeCode", "message": None, "details": None}}}, ("SomeCode", "")),
        (None, None),
        ({}, None),
        ({"error": None}, None),
        ({"error": {}}, None),
        ({"error": {"error": None}}, None),
        ({"error": {"error": {}}}, None),
    ],
)
def test_error_of_failed_entry(info: Json | None, error: tuple[str, str] | None) -> None:
    entry = PodIdentity.from_json(identity_entry(state="Failed", provisioningInfo=info))
    assert entry.failed
    assert entry.error == error


@given(lists, exceptions)
def test_put_keeps_order_of_other_entries(entries: Entries[PodIdentityException], entry: PodIdentityException) -> None:
    put = entries.put(entry)
    assert put.find(entry.key) is entry
    assert put.remove(entry.key) == entries.remove(entry.key)
    assert put.put(entry) == put
    keys = [each.key for each in entries]
    assert [each.key for each in put] == (keys if entry.key in keys else [*keys, entry.key])


@given(lists, few_keys)
def test_remove_keeps_order_of_other_entries(entries: Entries[PodIdentityException], key: EntryKey) -> None:
    removed = entries.remove(key)
    assert removed.find(key) is None
    assert list(removed) == [each for each in entries if each.key != key]
    assert removed.remove(key) == removed
    if entries.find(key) is None:
        assert removed == entries


@given(st.lists(identity_entries(), max_size=4), st.sampled_from("abcd"))
def test_bound_to_managed_identity(wires: list[Json], letter: str) -> None:
    profile = Profile.from_json({"enabled": True, "userAssignedIdentities": wires})
    bound = profile.bound_to(identity_id(letter * 3).upper())
    expected = [wire for wire in wires if wire["identity"]["resourceId"].endswith(f"/{letter * 3}")]
    assert [entry.raw for entry in bound] == expected


def test_key_as_string() -> None:
    assert str(EntryKey("my-app", "my-name")) == "my-app/my-name"
