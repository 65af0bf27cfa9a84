# SPDX-License-Identifier: MIT

from __future__ import annotations

from azext_podidentity.manifest.difference import Difference
from azext_podidentity.profile.entries import EntryKey, Profile
from tests.support.builders import exception_entry, identity_entry, identity_id


def profile_of(*identities: object, exceptions: tuple[object, ...] = ()) -> Profile:
    return Profile.from_json(
        {"enabled": True, "userAssignedIdentities": identities, "userAssignedIdentityExceptions": exceptions}
    )


def test_equal_profiles_have_no_difference() -> None:
    profile = profile_of(identity_entry(), exceptions=(exception_entry(),))
    difference = Difference.between(profile, profile)
    assert not difference
    assert str(difference) == "Would add 0, change 0, remove 0; 2 unchanged."


def test_difference_is_sorted_by_key() -> None:
    one, two, three = (EntryKey("my-app", name) for name in ("one", "two", "three"))
    before = profile_of(
        identity_entry(two),
        identity_entry(one, bindingSelector="s"),
        exceptions=(exception_entry(one, {"b": "c", "a": "b"}), exception_entry(two)),
    )
    after = profile_of(
        identity_entry(three),
        identity_entry(one, identity_id("other"), bindingSelector="s"),
        exceptions=(exception_entry(one, {"a": "b"}), exception_entry(two)),
    )
    assert str(Difference.between(before, after)) == (
        f"~ pod identity my-app/one\n"
        f"    identity: {identity_id()} -> {identity_id('other')}\n"
        f"+ pod identity my-app/three\n"
        f"    identity: {identity_id()}\n"
        f"    bindingSelector: three\n"
        f"- pod identity my-app/two\n"
        f"    identity: {identity_id()}\n"
        f"    bindingSelector: two\n"
        f"~ pod identity exception my-app/one\n"
        f"    podLabels: a=b, b=c -> a=b\n"
        f"Would add 1, change 2, remove 1; 1 unchanged."
    )


def test_retried_entry_changes_state() -> None:
    before = profile_of(identity_entry(state="Failed"))
    after = Profile(enabled=True, identities=before.identities.put(before.identities[0].renewed()))
    difference = Difference.between(before, after)
    assert (
        str(difference.changes[0]) == "~ pod identity my-app/my-pod-identity\n    provisioningState: Failed -> (none)"
    )
    assert difference.to_json() == {
        "added": [],
        "changed": [
            {
                "kind": "podIdentity",
                "namespace": "my-app",
                "name": "my-pod-identity",
                "before": {
                    "identity": identity_id(),
                    "bindingSelector": "my-pod-identity",
                    "provisioningState": "Failed",
                },
                "after": {"identity": identity_id(), "bindingSelector": "my-pod-identity"},
            }
        ],
        "removed": [],
        "unchanged": [],
    }


def test_recreated_managed_identity_changes_object_id() -> None:
    before, after = (
        profile_of(identity_entry(identity={"resourceId": identity_id(), "objectId": object_id}))
        for object_id in ("old", "new")
    )
    (change,) = Difference.between(before, after).changes
    assert str(change) == "~ pod identity my-app/my-pod-identity\n    objectId: old -> new"
