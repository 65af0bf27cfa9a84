# SPDX-License-Identifier: MIT
"""Splitting a change that adds more managed identities than Azure accepts in one request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_podidentity.profile.entries import EntryKey, Profile
from azext_podidentity.profile.portions import first_portion, limit_in, new_identities
from tests.support.builders import cluster_of, identity_entry, identity_id

bindings = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("123456"))


def profile_of(bound: dict[str, str]) -> Profile:
    wire = [identity_entry(EntryKey("my-app", name), identity_id(f"id-{number}")) for name, number in bound.items()]
    return cluster_of(wire).profile


@given(bindings, bindings, st.integers(1, 6))
def test_portions_respect_limit_and_reach_goal(before: dict[str, str], wanted: dict[str, str], limit: int) -> None:
    now, goal = profile_of(before), profile_of(wanted)
    for _ in range(7):
        portion = first_portion(now, goal, limit)
        assert len(new_identities(now, portion)) <= limit
        assert {entry.key for entry in portion.identities} <= {entry.key for entry in goal.identities}
        now = portion
    assert {entry.key: entry.identity.resource_id for entry in now.identities} == {
        entry.key: entry.identity.resource_id for entry in goal.identities
    }


@pytest.mark.parametrize(
    ("message", "limit"),
    [
        ("User Assigned Identities Number '200' Assign exceed limit '150' in one request.", 150),
        ("Assign exceed limit '0' in one request.", None),
        ("Something else.", None),
    ],
)
def test_limit_in_service_message(message: str, limit: int | None) -> None:
    assert limit_in(message) == limit
