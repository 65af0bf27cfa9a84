# SPDX-License-Identifier: MIT
"""A write changes nothing but the profile of any cluster, and in the profile nothing but its entry."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azext_podidentity.actions.change import change_cluster
from azext_podidentity.actions.role_grants import RoleGrants
from azext_podidentity.arm import managed_identities
from azext_podidentity.arm.cluster_writer import ClusterWriter
from azext_podidentity.profile.add_on_changes import Enable
from azext_podidentity.profile.changes import AddException, AddIdentity, Change, Delete, UpdateException
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, PodIdentityException
from azext_podidentity.profile.entry_types import EXCEPTION, IDENTITY
from azext_podidentity.profile.update_identity import UpdateIdentity
from tests.support import json_strategies
from tests.support.builders import REFERENCE, Json, cluster_json, exception_entry, identity_entry, identity_id
from tests.support.comparison import without_profile, without_read_only
from tests.support.fake_azure import CLI
from tests.support.http_exchange import Exchange
from tests.support.recorded_clusters import recorded_clusters, without_recordings

LISTS = ("userAssignedIdentities", "userAssignedIdentityExceptions")
OURS = EntryKey("ours", "ours")
RESOURCE_ID = identity_id("ours")
FOUND = {RESOURCE_ID.lower(): ManagedIdentity(RESOURCE_ID, "a-client", "an-object")}
EXCEPTION_OF_OURS = PodIdentityException(OURS, {"app": "new"})
# Each change, and whether each list has our entry beforehand.
CHANGES: dict[str, tuple[Change, tuple[bool, bool]]] = {
    "add": (AddIdentity.of(OURS, RESOURCE_ID), (False, True)),
    "update": (UpdateIdentity(OURS, RESOURCE_ID, "another"), (True, True)),
    "delete": (Delete(IDENTITY, (OURS,)), (True, True)),
    "exception add": (AddException(EXCEPTION_OF_OURS), (True, False)),
    "exception update": (UpdateException(EXCEPTION_OF_OURS), (True, True)),
    "exception delete": (Delete(EXCEPTION, (OURS,)), (True, True)),
    "enable": (Enable(), (True, True)),
}
_OTHERS = st.sampled_from([EntryKey(f"ns-{number % 7}", f"name-{number}") for number in range(400)])
_texts = st.text(max_size=6) | st.sampled_from(["é", "日本", "\u202e", "🙂", "İ", "\\", '"'])


@pytest.fixture(autouse=True, scope="module")
def azure_stand_in() -> Iterator[None]:
    """Let operations end immediately and every managed identity exist."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            managed_identities, "find", lambda _, resource_id: ManagedIdentity(resource_id, "a-client", "an-object")
        )
        patch.setattr(managed_identities, "find_many", lambda *_: FOUND)
        patch.setattr("azext_podidentity.arm.cluster_writer.follow", lambda _, poller, *__: poller.result())
        yield


@st.composite
def clusters(draw: st.DrawFn) -> Json:
    """Draw a cluster of a later service version, with unknown fields at every level and any number of entries."""
    body = cluster_json(networkProfile={"networkPlugin": "azure", **draw(json_strategies.unknown_fields)})
    pools = draw(st.lists(json_strategies.unknown_fields, min_size=1, max_size=3))
    body["properties"]["agentPoolProfiles"] = [
        {"name": f"pool{number}", "type": "VirtualMachineScaleSets", "osType": "Linux", **pool}
        for number, pool in enumerate(pools)
    ]
    body["properties"].update(draw(json_strategies.unknown_fields))
    body.update(draw(json_strategies.unknown_fields), location="westeurope")
    body["tags"] = draw(st.none() | st.dictionaries(_texts, _texts, max_size=3))
    body["properties"]["podIdentityProfile"] = draw(profiles())
    return body


@st.composite
def profiles(draw: st.DrawFn) -> Json:
    """Draw a profile with lists that are absent, null, short or nearly full; exceptions may have null labels."""
    profile: Json = {**draw(json_strategies.unknown_fields), "enabled": True}
    entries = json_strategies.identity_entries(_OTHERS), json_strategies.exception_entries(_OTHERS)
    many: list[Callable[[EntryKey], Json]] = [identity_entry, exception_entry]
    for name, strategy, make in zip(LISTS, entries, many, strict=True):
        form = draw(st.sampled_from(["absent", "null", "short", "short", "short", "nearly full"]))
        if form == "null":
            profile[name] = None
        elif form == "short":
            profile[name] = draw(st.lists(strategy, max_size=3, unique_by=json_strategies.key_of))
        elif form == "nearly full":
            profile[name] = [make(EntryKey("many", f"name-{number}")) for number in range(198)]
    for entry in profile.get(LISTS[1]) or ():
        entry["podLabels"] = draw(st.sampled_from([None, {}, {"app": "x"}, entry["podLabels"]]))
    for entry in profile.get(LISTS[0]) or ():
        resource_id = entry["identity"]["resourceId"]
        entry["identity"]["resourceId"] = draw(st.sampled_from([resource_id, resource_id.upper(), resource_id.title()]))
    return profile


def check(body: Json, name: str) -> None:
    """Make the change on a cluster with the body. Assert what was sent."""
    change, there = CHANGES[name]
    profile = body["properties"]["podIdentityProfile"]
    own = (identity_entry(OURS, RESOURCE_ID), exception_entry(OURS, {"app": "old"}))
    for list_name, entry, is_there in zip(LISTS, own, there, strict=True):
        if is_there:
            profile[list_name] = [*(profile.get(list_name) or ()), entry]
    if name == "enable":
        profile["enabled"] = False
    exchange = Exchange(deepcopy(body))

    grants = RoleGrants(CLI, skip_role_assignment=True, found=FOUND)
    change_cluster(CLI, ClusterWriter(CLI, exchange.client, REFERENCE), change, grants)

    (written,) = exchange.written
    assert without_profile(written) == without_profile(without_read_only(json.loads(json.dumps(body))))
    sent = written["properties"]["podIdentityProfile"]
    for list_name in LISTS:
        assert _of_others(sent, list_name) == [_as_sent(entry) for entry in _of_others(profile, list_name)]
    assert _rest(sent) == {**_rest(profile), "enabled": True}


def _of_others(profile: Json, name: str) -> list[Json]:
    return [entry for entry in profile.get(name) or () if json_strategies.key_of(entry) != OURS]


def _as_sent(entry: Json) -> Json:
    """Return an entry as it must be sent: the service refuses its read-only fields and null labels."""
    sent = {name: value for name, value in entry.items() if name not in json_strategies.READ_ONLY}
    return {**sent, "podLabels": entry["podLabels"] or {}} if "podLabels" in entry else sent


def _rest(profile: Json) -> Json:
    return {name: value for name, value in profile.items() if name not in LISTS}


@pytest.mark.parametrize("name", CHANGES)
# Each example is sent through the SDK, with up to 200 entries, and each change has its own examples.
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example])
@given(body=clusters())
def test_generated_cluster_changes_only_own_entry(name: str, body: Json) -> None:
    check(body, name)


@without_recordings
@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("recorded", recorded_clusters().items(), ids=lambda item: item[0])
def test_recorded_cluster_changes_only_own_entry(recorded: tuple[str, Any], name: str) -> None:
    body = deepcopy(recorded[1])
    body["properties"].setdefault("podIdentityProfile", {}).update(enabled=True, allowNetworkPluginKubenet=True)
    check(body, name)
