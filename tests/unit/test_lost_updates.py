# SPDX-License-Identifier: MIT
"""Detection and restoration of entries lost with writes without ETags."""

from __future__ import annotations

from hypothesis import given

from azext_podidentity.profile.entries import Entries, ManagedIdentity, Profile
from azext_podidentity.profile.entry_types import EXCEPTION, IDENTITY
from azext_podidentity.profile.lost_updates import all_restored, lost_of, restore, without
from tests.support import json_strategies
from tests.support.builders import Json, exception_entry, identity_entry, identity_id

BOTH = Profile.from_json(
    {
        "enabled": True,
        "userAssignedIdentities": [identity_entry()],
        "userAssignedIdentityExceptions": [exception_entry(labels={"app": "a"})],
    }
)
NONE = Profile(enabled=True)


def test_missing_sent_entry_is_lost() -> None:
    assert list(lost_of(BOTH, BOTH, NONE)) == [(kind, kind.entries(BOTH)[0].key) for kind in (IDENTITY, EXCEPTION)]


def test_new_or_unsent_entry_is_not_lost() -> None:
    assert not lost_of(NONE, BOTH, NONE)
    assert not lost_of(BOTH, NONE, NONE)


def test_disabled_add_on_loses_nothing() -> None:
    assert not lost_of(BOTH, BOTH, Profile())
    assert not lost_of(BOTH, Profile(identities=BOTH.identities), Profile())


def test_entry_without_role_is_not_restored() -> None:
    lost = without(lost_of(BOTH, BOTH, NONE), ManagedIdentity(identity_id().upper()))
    assert restore(NONE, lost).identities == Entries()
    assert restore(NONE, lost).exceptions == BOTH.exceptions


@given(json_strategies.profiles(), json_strategies.profiles())
def test_restore_adds_exactly_lost_entries(before: Json, now: Json) -> None:
    old, new = Profile.from_json(before), Profile.from_json(now)
    lost = lost_of(old, old, new)

    back = restore(new, lost)

    assert not lost_of(old, old, back)
    assert all_restored(back, lost)
    assert all_restored(new, lost) == (not lost)
    for kind in (IDENTITY, EXCEPTION):
        there = kind.entries(new)
        assert kind.entries(back)[: len(there)] == there
        assert all(entry in kind.entries(old) for entry in kind.entries(back)[len(there) :])
