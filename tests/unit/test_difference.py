from __future__ import annotations

from azext_podidentity.profile.entries import EntryKey, Profile
from azext_podidentity.profile.manifest.difference import difference

from .support import exception_entry, identity_entry, identity_id


def profile_of(*identities: object, exceptions: tuple[object, ...] = ()) -> Profile:
    return Profile.from_wire(
        {"enabled": True, "userAssignedIdentities": identities, "userAssignedIdentityExceptions": exceptions}
    )


def test_a_profile_does_not_differ_from_itself() -> None:
    profile = profile_of(identity_entry(), exceptions=(exception_entry(),))
    assert difference(profile, profile) == []


def test_what_is_added_changed_and_removed_is_shown_in_the_order_of_keys() -> None:
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
    assert "\n".join(map(str, difference(before, after))) == (
        f"~ pod identity my-app/one\n"
        f"    identity: {identity_id()} -> {identity_id('other')}\n"
        f"+ pod identity my-app/three\n"
        f"    identity: {identity_id()}\n"
        f"    bindingSelector: three\n"
        f"- pod identity my-app/two\n"
        f"    identity: {identity_id()}\n"
        f"    bindingSelector: two\n"
        f"~ pod identity exception my-app/one\n"
        f"    podLabels: a=b, b=c -> a=b"
    )


def test_an_entry_that_is_tried_again_is_a_change_of_its_state() -> None:
    before = profile_of(identity_entry(state="Failed"))
    after = Profile(enabled=True, identities=before.identities.put(before.identities[0].renewed()))
    (step,) = difference(before, after)
    assert str(step) == "~ pod identity my-app/my-pod-identity\n    provisioningState: Failed -> (none)"
    assert step.to_json() == {
        "action": "change",
        "kind": "podIdentity",
        "namespace": "my-app",
        "name": "my-pod-identity",
        "before": {"identity": identity_id(), "bindingSelector": "my-pod-identity", "provisioningState": "Failed"},
        "after": {"identity": identity_id(), "bindingSelector": "my-pod-identity"},
    }
