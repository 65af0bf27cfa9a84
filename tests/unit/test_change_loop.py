# SPDX-License-Identifier: MIT

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from azure.cli.core.azclierror import AzCLIError, AzureConnectionError, AzureResponseError, ValidationError
from azure.core import MatchConditions
from azure.core.exceptions import ServiceRequestError

from azext_podidentity.actions.change import change_cluster
from azext_podidentity.actions.role_grants import RoleGrants
from azext_podidentity.arm.backoff import OTHERS_LONGEST, OTHERS_SHARE
from azext_podidentity.arm.polling import StillRunningError
from azext_podidentity.profile.add_identities import AddIdentities
from azext_podidentity.profile.changes import AddIdentity, Change, Delete
from azext_podidentity.profile.entries import EntryKey
from azext_podidentity.profile.entry_types import IDENTITY
from tests.support.az_parser import AzParser
from tests.support.builders import (
    KEY,
    PRINCIPAL,
    Clock,
    Json,
    cluster_json,
    command_words,
    http_error,
    identity_entry,
    identity_id,
    missing_role,
    refusal,
)
from tests.support.fake_azure import CLI, Azure, Clusters, assigned, busy, with_state, writer

ADD = AddIdentity.of(KEY, identity_id())
DELETE = Delete(IDENTITY, (KEY,))
THEIRS = EntryKey("their-app", "theirs")
pytestmark = pytest.mark.usefixtures("azure", "clock")


def make(change: Change, clusters: Clusters, **options: Any) -> Any:
    """Make the change as a command does."""
    return change_cluster(CLI, writer(clusters), change, RoleGrants(CLI), **options).model


def entries(wire: Json) -> list[EntryKey]:
    """Return the keys of a cluster's pod identities."""
    listed = wire["properties"]["podIdentityProfile"].get("userAssignedIdentities", ())
    return [EntryKey(entry["namespace"], entry["name"]) for entry in listed]


def no_role() -> Exception:
    """Return the service's error for a role that has not propagated."""
    return refusal("PodIdentityAddonIdentitiesAssignmentError", missing_role(identity_id()))


def test_write_changes_only_profile() -> None:
    read = {**cluster_json(), "location": "westeurope", "tags": {"a": "b"}, "notYetKnown": {"x": [None, 1]}}
    read["properties"]["notYetKnown"] = {"y": False}
    clusters = Clusters(deepcopy(read))
    make(ADD, clusters)
    (written,) = clusters.writes
    assert entries(written) == [KEY]
    written["properties"].pop("podIdentityProfile")
    read["properties"].pop("podIdentityProfile")
    assert written == read


def test_write_sends_etag_of_read() -> None:
    clusters = Clusters({**cluster_json(), "eTag": "an-etag"})
    make(ADD, clusters, headers={"X-Some": "header"})
    (options,) = clusters.options
    assert (options["etag"], options["match_condition"]) == ("an-etag", MatchConditions.IfNotModified)
    assert options["headers"] == {"X-Some": "header"}


def test_write_without_etag_directly_follows_read(azure: Azure) -> None:
    clusters = Clusters(cluster_json())
    reads: list[int] = []
    clusters.before_read = lambda: reads.append(len(azure.requests))
    writes: list[int] = []
    clusters.before_write = lambda: writes.append(len(azure.requests))
    make(ADD, clusters)
    assert not {"etag", "match_condition"} & clusters.options[0].keys()
    assert reads[-2] == writes[0]


def test_busy_cluster_times_out(clock: Clock) -> None:
    clusters = Clusters({**cluster_json(), "eTag": "an-etag"}, busy())
    with pytest.raises(AzureResponseError) as caught:
        make(ADD, clusters)
    assert f"still busy after 1800 seconds ({len(clusters.writes)} attempts)" in caught.value.error_msg
    assert "Another operation (Updating) is in progress" in caught.value.error_msg
    assert clock.now - 1000 == pytest.approx(1800)
    assert max(clock.slept) <= 1.3 * OTHERS_LONGEST


@pytest.mark.parametrize(
    "obstacle",
    [
        busy(),
        http_error(412, {"error": {"code": "PreconditionFailed", "message": "The condition is not met."}}),
        http_error(200, {"status": "Failed", "error": {"code": "NotLatestOperation", "message": "Cannot proceed."}}),
    ],
    ids=["busy", "etag", "replaced"],
)
def test_conflict_is_retried_on_latest_state(obstacle: Exception) -> None:
    clusters = Clusters(cluster_json(), obstacle, assigned)

    def write_of_others_comes_first() -> None:
        if not clusters.writes:
            clusters.raw = cluster_json([identity_entry(THEIRS)])

    clusters.before_write = write_of_others_comes_first
    make(ADD, clusters)
    assert entries(clusters.raw) == [THEIRS, KEY]
    assert len(clusters.writes) == 2


def test_replaced_write_is_retried_after_pause(clock: Clock) -> None:
    theirs = cluster_json([identity_entry(THEIRS)])
    clusters = Clusters(cluster_json(), lambda _: theirs, assigned)
    make(ADD, clusters)
    assert entries(clusters.raw) == [THEIRS, KEY]
    assert clock.slept


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [(ADD, [], [identity_entry()]), (DELETE, [identity_entry()], [])],
    ids=["add", "delete"],
)
def test_change_made_by_another_client_is_not_repeated(change: Change, before: Any, after: Any) -> None:
    clusters = Clusters(cluster_json(before), busy())

    def done_by_others() -> None:
        clusters.raw = cluster_json(after)

    clusters.before_write = done_by_others
    model = make(change, clusters)
    assert len(clusters.writes) == 1
    assert entries(model.as_dict()) == entries(clusters.raw)


@pytest.mark.parametrize("etag", [{"eTag": "an-etag"}, {}], ids=["etag", "no-etag"])
@pytest.mark.parametrize("obstacles", [[], [busy()], [no_role()]], ids=["free", "busy", "role"])
def test_failed_entry_is_sent_again_despite_obstacles(etag: Json, obstacles: list[Exception]) -> None:
    failed = identity_entry(state="Failed")
    failed["identity"]["objectId"] = "object of app-identity"
    clusters = Clusters({**cluster_json([failed]), **etag}, *obstacles, assigned)
    make(ADD, clusters)
    assert len(clusters.writes) == len(obstacles) + 1
    (entry,) = clusters.raw["properties"]["podIdentityProfile"]["userAssignedIdentities"]
    assert entry["provisioningState"] == "Assigned"


@pytest.mark.parametrize("change", [ADD, DELETE], ids=["add", "delete"])
def test_failed_entry_reports_service_reason(change: Change) -> None:
    reason = {"error": {"error": {"code": "SomeCode", "message": "Some words."}}}
    failed = with_state(cluster_json([identity_entry()]), "Failed", provisioningInfo=reason)
    clusters = Clusters(cluster_json([] if change is ADD else [identity_entry()]), lambda _: failed)
    with pytest.raises(AzCLIError) as caught:
        make(change, clusters)
    assert "Some words." in caught.value.error_msg
    assert len(clusters.writes) == 1


def test_role_propagation_is_awaited(clock: Clock) -> None:
    clusters = Clusters(cluster_json(), no_role(), no_role(), no_role(), assigned)
    make(ADD, clusters)
    assert len(clusters.writes) == 4
    assert 36 <= clock.now - 1000 < 44


def test_role_propagation_times_out_after_ten_minutes(azure: Azure, clock: Clock) -> None:
    clusters = Clusters(cluster_json(), no_role())
    with pytest.raises(AzCLIError) as caught:
        make(ADD, clusters)
    assert missing_role(identity_id()) in caught.value.error_msg
    assert 600 <= clock.now - 1000 <= 720
    assert len(clusters.writes) <= 12
    assert azure.count("grant") == 1


def test_missing_role_of_other_entry_fails_immediately(azure: Azure, clock: Clock) -> None:
    azure.assign(identity_id())
    theirs = identity_entry(THEIRS, identity_id("theirs"))
    lost = refusal("PodIdentityAddonIdentitiesAssignmentError", missing_role(identity_id("theirs")))
    clusters = Clusters(cluster_json([theirs]), lost)
    with pytest.raises(AzCLIError) as caught:
        make(ADD, clusters)
    assert str(THEIRS) in caught.value.error_msg
    assert len(clusters.writes) == 1
    assert clock.slept == []


def test_unchanged_profile_is_not_written() -> None:
    entry = identity_entry()
    entry["identity"]["objectId"] = "object of app-identity"
    clusters = Clusters(cluster_json([entry]))
    assert entries(make(ADD, clusters).as_dict()) == [KEY]
    assert clusters.writes == []


@pytest.mark.parametrize("state", ["Updating", "Creating", "Starting", "Upgrading"])
def test_write_waits_for_running_operation(state: str, azure: Azure, clock: Clock) -> None:
    azure.assign(identity_id())
    clusters = Clusters(cluster_json(provisioningState=state))

    def ends_some_time() -> None:
        if clock.now > 1060:
            clusters.raw["properties"]["provisioningState"] = "Succeeded"

    clusters.before_read = ends_some_time
    make(ADD, clusters)
    assert 60 < clock.now - 1000 <= 60 * (1 + 1.3 * OTHERS_SHARE)
    assert len(clusters.writes) == 1


def test_deleting_cluster_fails_immediately(clock: Clock) -> None:
    with pytest.raises(ValidationError) as caught:
        make(ADD, Clusters(cluster_json(provisioningState="Deleting")))
    assert "being deleted" in caught.value.error_msg
    assert clock.slept == []


def test_no_wait_does_not_poll() -> None:
    clusters = Clusters(cluster_json())
    assert make(ADD, clusters, no_wait=True) is None
    assert clusters.options[0]["polling"] is False


def test_broken_connection_is_reported() -> None:
    with pytest.raises(AzureConnectionError):
        make(ADD, Clusters(cluster_json(), ServiceRequestError("Connection reset")))


@pytest.mark.parametrize("answered", [True, False], ids=["missing in response", "missing afterwards"])
@pytest.mark.parametrize("change", [ADD, DELETE], ids=["add", "delete"])
def test_lost_update_without_etags_is_restored(answered: bool, change: Change) -> None:
    before = [identity_entry(THEIRS), *([identity_entry()] if change is DELETE else [])]
    lost = cluster_json([identity_entry()] if change is DELETE else [])
    clusters = Clusters(cluster_json(before), lambda wire: lost, assigned)
    if answered:
        clusters = Clusters(cluster_json(before), assigned)
        clusters.answer = lambda _: lost
    make(change, clusters)
    assert THEIRS in entries(clusters.raw)
    assert (KEY in entries(clusters.raw)) == (change is ADD)


@pytest.mark.parametrize("trouble", [http_error(503), ServiceRequestError("Connection reset")], ids=["503", "reset"])
def test_retry_without_etags_reads_again(trouble: Exception) -> None:
    clusters = Clusters(cluster_json(), trouble, assigned)

    def write_of_others_comes_first() -> None:
        if not clusters.writes:
            clusters.raw = cluster_json([identity_entry(THEIRS)])

    clusters.before_write = write_of_others_comes_first
    make(ADD, clusters)
    assert entries(clusters.raw) == [THEIRS, KEY]
    assert [options["retry_total"] for options in clusters.options] == [0, 0]


def test_retry_with_etags_is_left_to_sdk() -> None:
    clusters = Clusters({**cluster_json(), "eTag": "an-etag"}, http_error(503, {"message": "No."}))
    with pytest.raises(AzCLIError):
        make(ADD, clusters)
    assert len(clusters.writes) == 1
    assert "retry_total" not in clusters.options[0]


def test_entry_lost_with_replaced_operation_is_restored() -> None:
    replaced = http_error(200, {"status": "Failed", "error": {"code": "NotLatestOperation", "message": "Replaced."}})
    clusters = Clusters(cluster_json([identity_entry(THEIRS)]), replaced, assigned)

    def replace_the_first() -> None:
        if clusters.writes:
            clusters.raw = clusters.raw if len(clusters.writes) > 1 else cluster_json()

    clusters.before_read = replace_the_first
    make(ADD, clusters)
    assert set(entries(clusters.raw)) == {THEIRS, KEY}


def test_missing_entry_with_etags_is_not_restored() -> None:
    """With ETags, a missing entry was removed on purpose after the write."""
    clusters = Clusters(
        {**cluster_json([identity_entry(THEIRS)]), "eTag": "an-etag"}, lambda wire: cluster_json(), assigned
    )
    make(ADD, clusters)
    assert entries(clusters.raw) == [KEY]


def test_deliberate_removal_without_etags_is_not_restored() -> None:
    clusters = Clusters(cluster_json([identity_entry(THEIRS)]), lambda _: cluster_json([identity_entry()]))
    make(ADD, clusters)
    assert entries(clusters.raw) == [KEY]


def test_entry_removed_with_role_is_not_restored() -> None:
    theirs = identity_entry(THEIRS, identity_id("theirs"))
    lost_role = refusal("PodIdentityAddonIdentitiesAssignmentError", missing_role(identity_id("theirs")))
    clusters = Clusters(cluster_json([theirs]), lambda _: cluster_json(), lost_role, assigned)
    make(ADD, clusters)
    assert entries(clusters.raw) == [KEY]


def test_endless_operation_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def runs_on(*_: Any) -> None:
        raise StillRunningError("ReconcilingAddons")

    monkeypatch.setattr("azext_podidentity.arm.cluster_writer.follow", runs_on)
    with pytest.raises(AzureResponseError) as caught:
        make(ADD, Clusters(cluster_json()))
    assert "still running after 1800 seconds (ReconcilingAddons)" in caught.value.error_msg
    assert "az aks wait --resource-group rg --name cluster --updated" in caught.value.recommendations


def test_endlessly_busy_cluster_times_out(clock: Clock) -> None:
    clusters = Clusters(cluster_json(provisioningState="Upgrading"))
    with pytest.raises(AzureResponseError) as caught:
        change_cluster(CLI, writer(clusters, 90), ADD, RoleGrants(CLI))
    assert "was still busy after 90 seconds" in caught.value.error_msg
    assert "(Upgrading)" in caught.value.error_msg
    assert clock.now - 1000 == pytest.approx(90)


def test_stopped_cluster_error_suggests_start(clock: Clock) -> None:
    with pytest.raises(ValidationError) as caught:
        make(ADD, Clusters(cluster_json(powerState={"code": "Stopped"})))
    assert caught.value.recommendations == ["To start it, run:", "az aks start --resource-group rg --name cluster"]
    assert clock.slept == []


def test_grant_before_refused_write_is_reported(azure: Azure, az: AzParser, caplog: pytest.LogCaptureFixture) -> None:
    clusters = Clusters(cluster_json(), refusal("QuotaExceeded", "Too many cores."))
    with pytest.raises(AzCLIError):
        make(ADD, clusters)
    (line,) = [each for each in caplog.messages if "was granted its role" in each]
    assert identity_id().lower() in line.lower()
    words = command_words(line[line.index("az ") :])
    assert az.parse(words).scope.lower() == identity_id().lower()
    assert PRINCIPAL in words


def test_existing_role_is_not_reported_after_refusal(azure: Azure, caplog: pytest.LogCaptureFixture) -> None:
    azure.assign(identity_id())
    with pytest.raises(AzCLIError):
        make(ADD, Clusters(cluster_json(), refusal("QuotaExceeded", "Too many cores.")))
    assert not [each for each in caplog.messages if "was granted its role" in each]


class Limited:
    """A service that accepts a limited number of new managed identities per write."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.clusters = Clusters(cluster_json(), self.take)

    def take(self, wire: Json) -> Json:
        added = len(entries(wire)) - len(entries(self.clusters.raw))
        if added > self.limit:
            raise refusal(
                "BadRequest",
                f"User Assigned Identities Number '{added}' Assign exceed limit '{self.limit}' in one request.",
            )
        return assigned(wire)


def test_identities_above_limit_are_added_in_portions(azure: Azure, caplog: pytest.LogCaptureFixture) -> None:
    ids = [identity_id(f"app-{number}") for number in range(8)]
    azure.managed.update({each.lower(): each for each in ids})
    clusters = Limited(3).clusters
    make(AddIdentities.of("my-app", ids), clusters)
    assert [len(entries(each)) for each in clusters.writes] == [8, 3, 6, 8]
    assert len(entries(clusters.raw)) == 8
    assert "Adding 3 of 8 managed identities. The rest follows." in caplog.messages
    assert "Adding 3 of 5 managed identities. The rest follows." in caplog.messages


def test_no_wait_sends_only_first_portion(azure: Azure, caplog: pytest.LogCaptureFixture) -> None:
    ids = [identity_id(f"app-{number}") for number in range(5)]
    azure.managed.update({each.lower(): each for each in ids})
    clusters = Limited(3).clusters
    make(AddIdentities.of("my-app", ids), clusters, no_wait=True)
    assert len(entries(clusters.raw)) == 3
    assert "Adding 3 of 5 managed identities. Run the command again to add the rest." in caplog.messages
    make(AddIdentities.of("my-app", ids), clusters)
    assert len(entries(clusters.raw)) == 5
