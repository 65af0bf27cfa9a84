# SPDX-License-Identifier: MIT

from __future__ import annotations

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError, RequiredArgumentMissingError
from hypothesis import given
from hypothesis import strategies as st

from azext_podidentity.profile.validation import (
    check_managed_identity_id,
    check_name,
    managed_identity_parts,
    name_from_managed_identity,
)
from tests.support import grammars as g
from tests.support.builders import identity_id

VALID = identity_id("my-identity", "my-group")


def refused(value: str) -> str:
    """Return the error for a resource ID. Assert that it shows the ID and a valid example."""
    with pytest.raises(InvalidArgumentValueError) as caught:
        check_managed_identity_id(value)
    assert repr(value) in caught.value.error_msg
    advice = "\n".join(caught.value.recommendations)
    assert "/userAssignedIdentities/" in advice
    assert "az identity show" in advice
    return str(caught.value.error_msg)


@given(g.identity_ids())
def test_parts_ignore_case_of_keywords(made: tuple[str, tuple[str, str, str]]) -> None:
    resource_id, parts = made
    assert check_managed_identity_id(resource_id) == resource_id
    assert managed_identity_parts(resource_id) == parts


@given(g.identity_ids(), st.data())
def test_missing_repeated_or_empty_segment_is_refused(
    made: tuple[str, tuple[str, str, str]], data: st.DataObject
) -> None:
    segments = made[0].split("/")[1:]
    at = data.draw(st.integers(0, len(segments) - 1))
    for broken in ([], [segments[at]] * 2, [""]):
        refused("/" + "/".join([*segments[:at], *broken, *segments[at + 1 :]]))


@given(g.identity_ids(), st.sampled_from(["/", " ", "\n", "\t", "\u2028", "/x", "//"]))
def test_trailing_text_is_refused(made: tuple[str, tuple[str, str, str]], tail: str) -> None:
    refused(made[0] + tail)


@given(g.identity_ids(), st.integers(0), st.sampled_from("\x00\x7f?#%\"'\\<>*:&"))
def test_invalid_character_in_name_is_refused(
    made: tuple[str, tuple[str, str, str]], position: int, character: str
) -> None:
    resource_id, (_, _, name) = made
    at = len(resource_id) - position % (len(name) + 1)
    refused(resource_id[:at] + character + resource_id[at:])


@pytest.mark.parametrize(
    ("letter", "lookalike"), [("s", "\u017f"), ("I", "\u0131"), ("I", "\u0130")], ids=["long-s", "dotless", "dotted"]
)
def test_non_ascii_keyword_is_refused(letter: str, lookalike: str) -> None:
    assert letter in VALID
    refused(VALID.replace(letter, lookalike))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "/subscriptions/"),
        ("my-identity", "/subscriptions/"),
        (VALID[1:], "/subscriptions/"),
        (f" {VALID}", "white space"),
        (f"{VALID}\n", "white space"),
        (VALID.replace("my-group", "my group"), "white space"),
        (VALID.replace("userAssignedIdentities", "systemAssignedIdentities"), "userAssignedIdentities"),
        (VALID.replace("ManagedIdentity", "Compute"), "Microsoft.ManagedIdentity"),
        (VALID.rpartition("/")[0], "part"),
        (f"{VALID}/federatedIdentityCredentials/name", "missing or extra"),
        (VALID.replace(VALID.split("/")[2], "my-subscription"), "'my-subscription'"),
        (VALID.replace(VALID.split("/")[2], VALID.split("/")[2].replace("-", "")), "subscription ID"),
    ],
)
def test_error_names_problem(value: str, reason: str) -> None:
    assert reason in refused(value)


@given(st.uuids().map(str), st.integers(0, 35), st.sampled_from("g\u0661-{ "))
def test_subscription_must_be_guid(subscription: str, at: int, wrong: str) -> None:
    broken = subscription[:at] + wrong + subscription[at + 1 :]
    if broken != subscription:
        refused(VALID.replace(VALID.split("/")[2], broken))


@given(st.text(max_size=200) | g.inserted(st.just(VALID), g.FOREIGN + "/"))
def test_arbitrary_text_is_accepted_or_refused(value: str) -> None:
    try:
        assert check_managed_identity_id(value) == value
    except InvalidArgumentValueError as error:
        assert repr(value) in error.error_msg


def test_very_long_id_is_refused() -> None:
    refused("/subscriptions/" + "a" * 100_000)
    refused(VALID + "/a" * 50_000)


@given(g.identity_ids())
def test_derived_name_is_valid(made: tuple[str, tuple[str, str, str]]) -> None:
    resource_id, (_, _, identity_name) = made
    name = name_from_managed_identity(resource_id)
    assert check_name(name) == name
    assert [letter for letter in name if letter != "-"] == [
        letter for letter in identity_name.lower() if letter not in "-_"
    ]


@pytest.mark.parametrize(
    ("identity_name", "name"),
    [("My_App-Identity", "my-app-identity"), ("a__b", "a--b"), ("_a_", "a"), ("7", "7"), ("a" * 128, "a" * 128)],
)
def test_derived_name_examples(identity_name: str, name: str) -> None:
    assert name_from_managed_identity(identity_id(identity_name)) == name


def test_underivable_name_requires_name_option() -> None:
    with pytest.raises(RequiredArgumentMissingError) as caught:
        name_from_managed_identity(identity_id("__"))
    assert "--name" in caught.value.recommendations[0]


@given(st.text(st.characters(exclude_characters="/"), max_size=40))
def test_derived_name_of_arbitrary_text(identity_name: str) -> None:
    try:
        name = name_from_managed_identity(identity_id(identity_name))
    except (InvalidArgumentValueError, RequiredArgumentMissingError):
        return
    assert check_name(name) == name
