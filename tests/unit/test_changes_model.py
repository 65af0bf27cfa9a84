# SPDX-License-Identifier: MIT
"""Random sequences of changes, compared with a model of the profile."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest
from azure.cli.core.azclierror import AzCLIError, ResourceNotFoundError, ValidationError
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from azext_podidentity.profile.changes import AddException, AddIdentity, Delete, ProfileChange, UpdateException
from azext_podidentity.profile.entries import EntryKey, PodIdentityException, Profile
from azext_podidentity.profile.entry_types import EXCEPTION, IDENTITY
from tests.support.builders import Json, cluster_of, exception_entry, identity_entry, identity_id

# So few that the same entry is met often.
keys = st.builds(EntryKey, st.sampled_from(["one", "two"]), st.sampled_from(["x", "y"]))
resources = st.sampled_from([identity_id("a"), identity_id("b")])
selectors = st.sampled_from([None, "x", "Some_selector"])
label_sets = st.sampled_from([{"app": "a"}, {"app": "b"}, {"app": "a", "tier": "b"}])


class Bound(NamedTuple):
    """A pod identity in the model."""

    resource_id: str
    selector: str | None
    failed: bool = False

    def same_as(self, key: EntryKey, other: Bound) -> bool:
        """Return whether both bind the same pods to the same managed identity."""
        mine, others = (self.selector or key.name, self.resource_id), (other.selector or key.name, other.resource_id)
        return mine == others


class Profiles(RuleBasedStateMachine):
    """A cluster whose profile changes while the service fails entries at times."""

    @initialize(state=st.sampled_from(["Assigned", "Failed"]))
    def begin(self, state: str) -> None:
        """Create one entry per list that no rule changes, each with an unknown field."""
        key = EntryKey("theirs", "theirs")
        self.theirs = identity_entry(key, state=state, mark=1), {**exception_entry(key, {"a": "b"}), "mark": 2}
        self.cluster = cluster_of(*([entry] for entry in self.theirs))
        self.identities: dict[EntryKey, Bound] = {}
        self.exceptions: dict[EntryKey, dict[str, str]] = {}

    @rule(key=keys, resource_id=resources, selector=selectors)
    def add(self, key: EntryKey, resource_id: str, selector: str | None) -> None:
        change, wanted = AddIdentity.of(key, resource_id, selector), Bound(resource_id, selector)
        found = self.identities.get(key)
        if found is not None and not found.same_as(key, wanted):
            self.refuse(change, ValidationError)
            return
        written = self.make(change)
        if found is None or found.failed:
            self.identities[key] = found._replace(failed=False) if found else wanted
            assert written != self.cluster.profile
        else:
            assert written == self.cluster.profile
        self.settle(written)

    @rule(key=keys)
    def delete(self, key: EntryKey) -> None:
        self._delete(Delete(IDENTITY, (key,)), self.identities)

    @rule(key=keys, labels=label_sets)
    def add_exception(self, key: EntryKey, labels: dict[str, str]) -> None:
        change = AddException(PodIdentityException(key, labels))
        if self.exceptions.get(key, labels) != labels:
            self.refuse(change, ValidationError)
        else:
            self.settle(self.make(change))
            self.exceptions[key] = labels

    @rule(key=keys, labels=label_sets)
    def update_exception(self, key: EntryKey, labels: dict[str, str]) -> None:
        change = UpdateException(PodIdentityException(key, labels))
        if key not in self.exceptions:
            self.refuse(change, ResourceNotFoundError)
        else:
            self.settle(self.make(change))
            self.exceptions[key] = labels

    @rule(key=keys)
    def delete_exception(self, key: EntryKey) -> None:
        self._delete(Delete(EXCEPTION, (key,)), self.exceptions)

    @rule(key=keys)
    def service_fails_entry(self, key: EntryKey) -> None:
        if key in self.identities:
            self.identities[key] = self.identities[key]._replace(failed=True)
            self.settle(self.cluster.profile)

    @invariant()
    def lists_match_model(self) -> None:
        if not hasattr(self, "cluster"):
            return
        sent = self.cluster.profile.to_json()
        identities, exceptions = sent["userAssignedIdentities"], sent["userAssignedIdentityExceptions"]
        assert identities[0] == {name: v for name, v in self.theirs[0].items() if name != "provisioningState"}
        assert exceptions[0] == self.theirs[1]
        assert [
            (EntryKey(each["namespace"], each["name"]), each["identity"]["resourceId"], each.get("bindingSelector"))
            for each in identities[1:]
        ] == [(key, bound.resource_id, bound.selector) for key, bound in self.identities.items()]
        assert [(EntryKey(each["namespace"], each["name"]), each["podLabels"]) for each in exceptions[1:]] == list(
            self.exceptions.items()
        )

    def _delete(self, change: Delete, there: dict[EntryKey, Bound] | dict[EntryKey, dict[str, str]]) -> None:
        (key,) = change.keys
        self.settle(self.make(change))
        there.pop(key, None)

    def make(self, change: ProfileChange) -> Profile:
        """Return the profile after the change. Assert that the change is idempotent."""
        before = self.cluster.profile.to_json()
        written = change.apply(self.cluster)
        assert change.is_done(written)
        assert self.cluster.profile.to_json() == before
        assert change.apply(replace(self.cluster, profile=written)) == written
        return written

    def refuse(self, change: ProfileChange, error: type[AzCLIError]) -> None:
        """Assert that the change raises the error and leaves the profile as it was."""
        before = self.cluster.profile.to_json()
        with pytest.raises(error) as caught:
            change.apply(self.cluster)
        assert caught.value.recommendations
        assert self.cluster.profile.to_json() == before

    def settle(self, written: Profile) -> None:
        """Replace the cluster with the one read after the write, with a state per entry."""
        wire: Json = written.to_json()
        for entry in wire["userAssignedIdentities"][1:]:
            failed = (bound := self.identities.get(EntryKey(entry["namespace"], entry["name"]))) and bound.failed
            entry["provisioningState"] = "Failed" if failed else "Assigned"
        wire["userAssignedIdentities"][0]["provisioningState"] = self.theirs[0]["provisioningState"]
        self.cluster = replace(self.cluster, profile=Profile.from_json(wire))


TestProfiles = Profiles.TestCase
TestProfiles.settings = settings(stateful_step_count=25)
