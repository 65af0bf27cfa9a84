# SPDX-License-Identifier: MIT

from __future__ import annotations

import pytest
from azure.cli.core.azclierror import AzCLIError, ResourceNotFoundError, ValidationError

from azext_podidentity.profile.changes import AddException, AddIdentity, Delete, ProfileChange, UpdateException
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import EntryKey, PodIdentityException
from azext_podidentity.profile.entry_types import EXCEPTION, IDENTITY, SERVICE_EXCEPTION, EntryType
from azext_podidentity.profile.update_identity import UpdateIdentity
from tests.support.az_parser import AzParser
from tests.support.builders import (
    KEY,
    Json,
    cluster_of,
    exception_entry,
    identity_entry,
    identity_id,
    only_command_in,
    option,
)

LABELS = {"app": "my-app", "app.kubernetes.io/part-of": "my-shop"}
ADD = AddIdentity.of(KEY, identity_id())
OTHER = EntryKey("other-app", "other")
ADD_EXCEPTION = AddException(PodIdentityException(KEY, LABELS))
UPDATE_EXCEPTION = UpdateException(PodIdentityException(KEY, LABELS))
kinds = pytest.mark.parametrize("kind", [IDENTITY, EXCEPTION], ids=["identity", "exception"])


def refuse(change: ProfileChange, cluster: Cluster, error: type[AzCLIError] = ValidationError) -> AzCLIError:
    """Return the error that the change raises."""
    with pytest.raises(error) as caught:
        change.apply(cluster)
    return caught.value


def with_entries(kind: EntryType, count: int) -> Cluster:
    """Return a cluster with the given number of entries."""
    keys = [EntryKey("my-app", f"name-{number:03}") for number in range(count)]
    entries = [(identity_entry if kind is IDENTITY else exception_entry)(key) for key in keys]
    return cluster_of(entries) if kind is IDENTITY else cluster_of((), entries)


@kinds
def test_entry_201_exceeds_limit(kind: EntryType, az: AzParser) -> None:
    add: ProfileChange = ADD if kind is IDENTITY else ADD_EXCEPTION
    assert len(kind.entries(add.apply(with_entries(kind, 199)))) == 200
    error = refuse(add, with_entries(kind, 200))
    assert "at most 200 entries" in error.error_msg
    az.parse(only_command_in(error))


@kinds
def test_full_list_allows_existing_entries_and_deletion(kind: EntryType) -> None:
    full = with_entries(kind, 200)
    key = EntryKey("my-app", "name-100")
    again: ProfileChange = (
        AddIdentity.of(key, identity_id()) if kind is IDENTITY else AddException(PodIdentityException(key, {}))
    )
    assert again.apply(full) == full.profile
    assert len(kind.entries(Delete(kind, (key,)).apply(full))) == 199


@kinds
@pytest.mark.parametrize("count", [0, 1, 20, 21, 200])
def test_unknown_entry_warning_lists_existing_entries(kind: EntryType, count: int, az: AzParser) -> None:
    cluster = with_entries(kind, count)
    delete = Delete(kind, (KEY,))
    assert delete.apply(cluster) == cluster.profile
    error = kind.absent(cluster, KEY)
    assert delete.warnings(cluster) == [error.error_msg]
    assert repr(KEY.name) in error.error_msg
    assert repr(KEY.namespace) in error.error_msg
    assert [entry.key for entry in kind.entries(cluster.profile) if str(entry.key) in error.error_msg] == [
        entry.key for entry in kind.entries(cluster.profile)[:20]
    ]
    assert ("The cluster has none" in error.error_msg) == (count == 0)
    assert (f"and {count - 20} more" in error.error_msg) == (count > 20)
    command = only_command_in(error)
    az.parse(command)
    assert ("exception" in command) == (kind is EXCEPTION)


def test_update_unknown_exception_lists_only_exceptions(az: AzParser) -> None:
    cluster = cluster_of([identity_entry()], [exception_entry(EntryKey("my-app", "another"))])
    error = refuse(UPDATE_EXCEPTION, cluster, ResourceNotFoundError)
    assert "my-app/another." in error.error_msg
    assert only_command_in(error)[1:5] == ["aks", "pod-identity", "exception", "list"]
    az.parse(only_command_in(error))


@pytest.mark.parametrize(
    ("resource_id", "selector"),
    [(identity_id("another"), None), (identity_id(), "another"), (identity_id("another"), "another")],
)
def test_add_differing_entry_suggests_update(resource_id: str, selector: str | None, az: AzParser) -> None:
    cluster = cluster_of([identity_entry()])
    error = refuse(AddIdentity.of(KEY, resource_id, selector), cluster)
    assert (f"for managed identity {identity_id()!r}, not {resource_id!r}" in error.error_msg) == (
        resource_id != identity_id()
    )
    assert (f"with binding selector {KEY.name!r}, not {selector!r}" in error.error_msg) == (selector is not None)
    assert "--name" in error.recommendations[0]
    parsed = az.parse(only_command_in(error))
    updated = UpdateIdentity(KEY, parsed.identity_resource_id, parsed.binding_selector).apply(cluster)
    (entry,) = updated.identities
    assert entry.binds_as(AddIdentity.of(KEY, resource_id, selector).entry)


@pytest.mark.parametrize("labels", [None, {}, {"app": "another"}, {**LABELS, "tier": "web"}])
def test_add_exception_differing_labels_suggests_update(labels: dict[str, str] | None, az: AzParser) -> None:
    error = refuse(ADD_EXCEPTION, cluster_of((), [exception_entry(KEY, labels)]))
    assert all(f"{name}={value}" in error.error_msg for name, value in (labels or {}).items())
    assert ("(none)" in error.error_msg) == (not labels)
    command = only_command_in(error)
    assert option(command, "--pod-labels") == [f"{name}={value}" for name, value in LABELS.items()]
    parsed = az.parse(command)
    assert (parsed.entry_namespace, parsed.entry_name) == KEY


def test_label_order_is_ignored() -> None:
    cluster = cluster_of((), [exception_entry(KEY, dict(reversed(LABELS.items())))])
    assert ADD_EXCEPTION.apply(cluster) == UPDATE_EXCEPTION.apply(cluster) == cluster.profile


def test_update_exception_replaces_only_labels() -> None:
    old: Json = {**exception_entry(KEY, {"app": "another", "tier": "web"}), "mark": 1}
    updated = UPDATE_EXCEPTION.apply(cluster_of((), [old]))
    assert updated.exceptions[0].to_json() == {**old, "podLabels": LABELS}


def test_update_exception_without_labels() -> None:
    updated = UPDATE_EXCEPTION.apply(cluster_of((), [exception_entry(KEY, None)]))
    assert updated.exceptions[0].pod_labels == LABELS


def test_add_failed_entry_drops_state_and_ids() -> None:
    """The managed identity may have been recreated in the meantime."""
    before, after = (identity_entry(EntryKey("my-app", name)) for name in ("before", "after"))
    failed = identity_entry(state="Failed", provisioningInfo={"error": {"error": {"code": "Some"}}}, mark=1)
    cluster = cluster_of([before, failed, after])
    written = ADD.apply(cluster)
    assert written != cluster.profile
    assert [entry.key.name for entry in written.identities] == ["before", KEY.name, "after"]
    again = written.identities[1]
    assert again.binds_as(ADD.entry)
    assert not again.failed
    assert again.identity.client_id is again.identity.object_id is None
    assert again.to_json()["mark"] == 1


@pytest.mark.parametrize("state", ["Assigned", "Updating"])
def test_add_healthy_entry_changes_nothing(state: str) -> None:
    cluster = cluster_of([identity_entry(state=state)])
    assert ADD.apply(cluster) == cluster.profile
    assert ADD.failed_entries(cluster.profile) == []


def test_failed_entries_only_of_changed_keys() -> None:
    other = identity_entry(OTHER, state="Failed")
    failed = cluster_of([other, identity_entry(state="Failed")], [exception_entry(KEY, LABELS)]).profile
    about = [failed.identities[1]]
    assert ADD.failed_entries(failed) == Delete(IDENTITY, (KEY,)).failed_entries(failed) == about
    assert Delete(IDENTITY, (KEY, OTHER)).failed_entries(failed) == list(failed.identities)
    changes: list[ProfileChange] = [Delete(EXCEPTION, (KEY,)), ADD_EXCEPTION, UPDATE_EXCEPTION]
    assert [change.failed_entries(failed) for change in changes] == [[]] * 3
    changes = [ADD, Delete(IDENTITY, (KEY,))]
    assert [change.failed_entries(cluster_of([other]).profile) for change in changes] == [[]] * 2


def test_delete_several_entries_across_namespaces() -> None:
    cluster = cluster_of([identity_entry(), identity_entry(OTHER), identity_entry(EntryKey("my-app", "stays"))])
    removal = Delete(IDENTITY, (OTHER, KEY))
    assert [entry.key.name for entry in removal.apply(cluster).identities] == ["stays"]
    assert removal.warnings(cluster) == []


def test_delete_several_entries_warns_about_unknown() -> None:
    cluster = cluster_of([identity_entry()])
    removal = Delete(IDENTITY, (OTHER, KEY))
    assert removal.apply(cluster).identities == ()
    (remark,) = removal.warnings(cluster)
    assert f"{OTHER.name!r} in namespace {OTHER.namespace!r} does not exist" in remark


FORCED = AddIdentity.of(KEY, identity_id(), force=True)


def test_force_renews_all_entries_of_managed_identity() -> None:
    theirs = identity_entry(EntryKey("my-app", "theirs"), identity_id("theirs"))
    cluster = cluster_of([theirs, identity_entry(), identity_entry(OTHER, bindingSelector="both")])
    renewed = FORCED.apply(cluster).identities
    assert [entry.identity.object_id for entry in renewed] == [theirs["identity"]["objectId"], None, None]
    assert [entry.binding_selector for entry in renewed] == [None, None, "both"]


def test_force_replaces_failed_entry_of_other_identity(az: AzParser) -> None:
    left = cluster_of([identity_entry(KEY, identity_id("another"), "Failed")])
    assert FORCED.apply(left).identities == (FORCED.entry,)
    error = refuse(ADD, left)
    assert "in state Failed" in error.error_msg
    assert az.parse(only_command_in(error)).force


def test_force_does_not_replace_healthy_entry() -> None:
    refuse(FORCED, cluster_of([identity_entry(KEY, identity_id("another"))]))


def test_add_failed_entry_warns_with_reason() -> None:
    reason = {"error": {"error": {"code": "Some", "message": "Some words."}}}
    failed = cluster_of([identity_entry(state="Failed", provisioningInfo=reason)])
    (remark,) = ADD.warnings(failed)
    assert "Some words." in remark
    assert ADD.warnings(cluster_of([identity_entry()])) == ADD.warnings(cluster_of()) == []


@pytest.mark.parametrize(
    "change",
    [
        AddException(PodIdentityException(SERVICE_EXCEPTION, LABELS)),
        UpdateException(PodIdentityException(SERVICE_EXCEPTION, LABELS)),
        Delete(EXCEPTION, (SERVICE_EXCEPTION,)),
    ],
    ids=["add", "update", "delete"],
)
@pytest.mark.parametrize("listed", [True, False])
def test_service_exception_cannot_be_changed(change: ProfileChange, listed: bool) -> None:
    theirs = [exception_entry(SERVICE_EXCEPTION, {"kubernetes.azure.com/managedby": "aks"})] if listed else []
    error = refuse(change, cluster_of((), theirs))
    assert SERVICE_EXCEPTION.name in error.error_msg
    assert "--name" in error.recommendations[0]


def test_pod_identity_may_share_service_exception_name() -> None:
    added = AddIdentity.of(SERVICE_EXCEPTION, identity_id()).apply(cluster_of())
    assert added.identities[0].key == SERVICE_EXCEPTION
    removed = Delete(IDENTITY, (SERVICE_EXCEPTION,)).apply(cluster_of([identity_entry(SERVICE_EXCEPTION)]))
    assert removed.identities == ()
