# SPDX-License-Identifier: MIT
"""The profile that results when manifests are applied."""

from __future__ import annotations

from dataclasses import replace

import pytest
from azure.cli.core.azclierror import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from azext_podidentity.manifest.apply_plan import ApplyManifest, prunable
from azext_podidentity.manifest.parser import Manifest
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import (
    Entries,
    EntryKey,
    ManagedIdentity,
    PodIdentity,
    PodIdentityException,
    Profile,
)
from azext_podidentity.profile.entry_types import EXCEPTION, IDENTITY, SERVICE_EXCEPTION
from tests.support import json_strategies
from tests.support.builders import KEY, cluster_of, exception_entry, identity_entry, identity_id, text_of

# So few that files and clusters have the same ones.
keys = st.builds(EntryKey, st.sampled_from(["one", "two"]), st.sampled_from(["x", "y", "z"]))
resource_ids = st.sampled_from([identity_id(name) for name in ("a", "b", "B")])
selectors = st.sampled_from([None, "x", "Some_selector"])
labels = st.sampled_from([{"app": "a"}, {"app": "b", "tier": "c"}])
cluster_identities = st.builds(
    lambda entry, key, resource_id, object_id, selector: {
        **entry,
        **key._asdict(),
        "identity": {"resourceId": resource_id, "objectId": object_id},
        **({"bindingSelector": selector} if selector else {}),
    },
    json_strategies.identity_entries(),
    keys,
    resource_ids,
    st.sampled_from(["old", "now"]),
    selectors,
)
cluster_exceptions = st.builds(lambda entry, key: {**entry, **key._asdict()}, json_strategies.exception_entries(), keys)
clusters = st.builds(
    cluster_of,
    st.lists(cluster_identities, max_size=4, unique_by=json_strategies.key_of),
    st.lists(cluster_exceptions, max_size=4, unique_by=json_strategies.key_of),
)
manifests = st.builds(
    lambda identities, exceptions: Manifest(Entries(identities), Entries(exceptions)),
    st.lists(
        st.builds(PodIdentity, keys, resource_ids.map(ManagedIdentity), selectors),
        max_size=4,
        unique_by=lambda entry: entry.key,
    ),
    st.lists(st.builds(PodIdentityException, keys, labels), max_size=4, unique_by=lambda entry: entry.key),
)


def found(manifest: Manifest) -> dict[str, ManagedIdentity]:
    """Return the current managed identities of the manifest."""
    ids = {entry.identity.resource_id.lower(): entry.identity.resource_id for entry in manifest.identities}
    return {key: ManagedIdentity(resource_id, "client", "now") for key, resource_id in ids.items()}


def written(cluster: Cluster, profile: Profile) -> Cluster:
    """Return the cluster after the profile was sent and read again."""
    return replace(cluster, profile=Profile.from_json(profile.to_json()))


@given(clusters, manifests, st.booleans())
def test_second_apply_changes_nothing(cluster: Cluster, manifest: Manifest, prune: bool) -> None:
    pruned = prunable(cluster.profile, manifest) if prune else frozenset()
    change = ApplyManifest(manifest, found(manifest), pruned)
    after = written(cluster, change.apply(cluster))
    assert change.is_done(after.profile)
    assert change.apply(after) == after.profile


@given(clusters, manifests)
def test_prune_leaves_only_manifest_entries(cluster: Cluster, manifest: Manifest) -> None:
    after = ApplyManifest(manifest, found(manifest), prunable(cluster.profile, manifest)).apply(cluster)
    assert {entry.key for entry in after.identities} == {entry.key for entry in manifest.identities}
    assert {entry.key: entry.pod_labels for entry in after.exceptions} == {
        entry.key: entry.pod_labels for entry in manifest.exceptions
    }
    bound = {entry.key: entry for entry in after.identities}
    assert all(bound[entry.key].binds_as(entry) and not bound[entry.key].failed for entry in manifest.identities)


@given(clusters, manifests)
def test_apply_refreshes_ids_of_managed_identities(cluster: Cluster, manifest: Manifest) -> None:
    today = found(manifest)
    for entry in ApplyManifest(manifest, today).apply(cluster).identities:
        if entry.identity.resource_id.lower() in today:
            assert entry.identity.object_id == "now"


@given(clusters, manifests)
def test_unlisted_entries_and_order_are_kept(cluster: Cluster, manifest: Manifest) -> None:
    today = found(manifest)
    after = ApplyManifest(manifest, today).apply(cluster)
    keys = [entry.key for entry in cluster.profile.identities]
    assert [entry.key for entry in after.identities][: len(keys)] == keys
    for entry in cluster.profile.identities:
        if entry.key not in {each.key for each in manifest.identities} and (
            entry.identity.resource_id.lower() not in today or entry.identity.object_id == "now"
        ):
            assert after.identities.find(entry.key) == entry
    for exception in cluster.profile.exceptions:
        if exception.key not in {each.key for each in manifest.exceptions}:
            assert after.exceptions.find(exception.key) == exception


@given(clusters, manifests)
def test_unknown_fields_are_kept(cluster: Cluster, manifest: Manifest) -> None:
    after = ApplyManifest(manifest, found(manifest)).apply(cluster).to_json()
    known = {"identity", "bindingSelector", "podLabels", "provisioningState", "provisioningInfo"}
    for kind in ("userAssignedIdentities", "userAssignedIdentityExceptions"):
        sent = {json_strategies.key_of(entry): entry for entry in after[kind]}
        for entry in cluster.profile.raw[kind]:
            extra = {name: value for name, value in entry.items() if name not in known}
            assert extra.items() <= sent[json_strategies.key_of(entry)].items()


def test_service_exception_is_never_pruned() -> None:
    cluster = cluster_of([identity_entry()], [exception_entry(SERVICE_EXCEPTION), exception_entry()])
    assert prunable(cluster.profile, Manifest()) == {(IDENTITY, KEY), (EXCEPTION, KEY)}


def test_limit_is_counted_after_pruning() -> None:
    names = [EntryKey("my-app", f"name-{number}") for number in range(200)]
    cluster = cluster_of([identity_entry(key) for key in names])
    manifest = Manifest(Entries([PodIdentity(KEY, ManagedIdentity(identity_id()))]))
    with pytest.raises(ValidationError) as caught:
        ApplyManifest(manifest, {}).apply(cluster)
    assert "has 200 and would have 201" in text_of(caught.value)
    assert len(ApplyManifest(manifest, {}, prunable(cluster.profile, manifest)).apply(cluster).identities) == 1


def test_only_listed_failed_entries_are_retried() -> None:
    theirs = EntryKey("their-app", "theirs")
    cluster = cluster_of([identity_entry(state="Failed"), identity_entry(theirs, state="Failed")])
    change = ApplyManifest(Manifest(Entries([PodIdentity(KEY, ManagedIdentity(identity_id()))])), {})
    assert not change.is_done(cluster.profile)
    assert {entry.key: entry.failed for entry in change.apply(cluster).identities} == {KEY: False, theirs: True}
