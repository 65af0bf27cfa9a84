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
    """What is said of an id that is refused; AssertionError where it does not show the id and a right one."""
    with pytest.raises(InvalidArgumentValueError) as caught:
        check_managed_identity_id(value)
    assert repr(value) in caught.value.error_msg
    advice = "\n".join(caught.value.recommendations)
    assert "/userAssignedIdentities/" in advice
    assert "az identity show" in advice
    return str(caught.value.error_msg)


@given(g.identity_ids())
def test_takes_an_id_apart_whatever_the_case_of_its_keywords(made: tuple[str, tuple[str, str, str]]) -> None:
    resource_id, parts = made
    assert check_managed_identity_id(resource_id) == resource_id
    assert managed_identity_parts(resource_id) == parts


@given(g.identity_ids(), st.data())
def test_refuses_an_id_with_a_segment_missing_doubled_or_empty(
    made: tuple[str, tuple[str, str, str]], data: st.DataObject
) -> None:
    segments = made[0].split("/")[1:]
    at = data.draw(st.integers(0, len(segments) - 1))
    for broken in ([], [segments[at]] * 2, [""]):
        refused("/" + "/".join([*segments[:at], *broken, *segments[at + 1 :]]))


@given(g.identity_ids(), st.sampled_from(["/", " ", "\n", "\t", "\u2028", "/x", "//"]))
def test_refuses_anything_after_an_id(made: tuple[str, tuple[str, str, str]], tail: str) -> None:
    refused(made[0] + tail)


@given(g.identity_ids(), st.integers(0), st.sampled_from("\x00\x7f?#%\"'\\<>*:&"))
def test_refuses_a_character_that_no_managed_identity_has_in_its_name(
    made: tuple[str, tuple[str, str, str]], position: int, character: str
) -> None:
    resource_id, (_, _, name) = made
    at = len(resource_id) - position % (len(name) + 1)
    refused(resource_id[:at] + character + resource_id[at:])


@pytest.mark.parametrize(
    ("letter", "lookalike"), [("s", "\u017f"), ("I", "\u0131"), ("I", "\u0130")], ids=["long-s", "dotless", "dotted"]
)
def test_a_keyword_is_written_in_ascii(letter: str, lookalike: str) -> None:
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
def test_says_what_is_wrong_with_an_id(value: str, reason: str) -> None:
    assert reason in refused(value)


@given(st.uuids().map(str), st.integers(0, 35), st.sampled_from("g\u0661-{ "))
def test_a_subscription_is_a_guid(subscription: str, at: int, wrong: str) -> None:
    broken = subscription[:at] + wrong + subscription[at + 1 :]
    if broken != subscription:
        refused(VALID.replace(VALID.split("/")[2], broken))


@given(st.text(max_size=200) | g.inserted(st.just(VALID), g.FOREIGN + "/"))
def test_says_yes_or_explains_and_never_breaks(value: str) -> None:
    try:
        assert check_managed_identity_id(value) == value
    except InvalidArgumentValueError as error:
        assert repr(value) in error.error_msg


def test_refuses_an_endless_id_at_once() -> None:
    refused("/subscriptions/" + "a" * 100_000)
    refused(VALID + "/a" * 50_000)


@given(g.identity_ids())
def test_a_name_made_of_an_identity_is_a_name_or_refused(made: tuple[str, tuple[str, str, str]]) -> None:
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
def test_a_name_made_of_an_identity(identity_name: str, name: str) -> None:
    assert name_from_managed_identity(identity_id(identity_name)) == name


def test_a_name_that_cannot_be_derived_is_asked_for() -> None:
    with pytest.raises(RequiredArgumentMissingError) as caught:
        name_from_managed_identity(identity_id("__"))
    assert "--name" in caught.value.recommendations[0]


@given(st.text(st.characters(exclude_characters="/"), max_size=40))
def test_a_name_made_of_anything_is_a_name_or_refused(identity_name: str) -> None:
    try:
        name = name_from_managed_identity(identity_id(identity_name))
    except (InvalidArgumentValueError, RequiredArgumentMissingError):
        return
    assert check_name(name) == name
