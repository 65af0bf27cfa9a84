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
    cluster_wire,
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
    """Makes the change as a command does."""
    return change_cluster(CLI, writer(clusters), change, RoleGrants(CLI), **options).model


def entries(wire: Json) -> list[EntryKey]:
    """The pod identities of a cluster."""
    listed = wire["properties"]["podIdentityProfile"].get("userAssignedIdentities", ())
    return [EntryKey(entry["namespace"], entry["name"]) for entry in listed]


def no_role() -> Exception:
    """The service does not know of the role over the new identity."""
    return refusal("PodIdentityAddonIdentitiesAssignmentError", missing_role(identity_id()))


def test_nothing_but_the_profile_differs_from_what_was_read() -> None:
    read = {**cluster_wire(), "location": "westeurope", "tags": {"a": "b"}, "notYetKnown": {"x": [None, 1]}}
    read["properties"]["notYetKnown"] = {"y": False}
    clusters = Clusters(deepcopy(read))
    make(ADD, clusters)
    (written,) = clusters.writes
    assert entries(written) == [KEY]
    written["properties"].pop("podIdentityProfile")
    read["properties"].pop("podIdentityProfile")
    assert written == read


def test_a_write_goes_with_the_etag_that_was_read() -> None:
    clusters = Clusters({**cluster_wire(), "eTag": "an-etag"})
    make(ADD, clusters, headers={"X-Some": "header"})
    (options,) = clusters.options
    assert (options["etag"], options["match_condition"]) == ("an-etag", MatchConditions.IfNotModified)
    assert options["headers"] == {"X-Some": "header"}


def test_without_an_etag_a_write_goes_without_a_condition_and_right_after_a_read(azure: Azure) -> None:
    clusters = Clusters(cluster_wire())
    reads: list[int] = []
    clusters.before_read = lambda: reads.append(len(azure.requests))
    writes: list[int] = []
    clusters.before_write = lambda: writes.append(len(azure.requests))
    make(ADD, clusters)
    assert not {"etag", "match_condition"} & clusters.options[0].keys()
    assert reads[-2] == writes[0]


def test_a_busy_cluster_ends_the_tries_some_time(clock: Clock) -> None:
    clusters = Clusters({**cluster_wire(), "eTag": "an-etag"}, busy())
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
def test_a_change_is_made_afresh_to_what_others_left(obstacle: Exception) -> None:
    clusters = Clusters(cluster_wire(), obstacle, assigned)

    def write_of_others_comes_first() -> None:
        if not clusters.writes:
            clusters.raw = cluster_wire([identity_entry(THEIRS)])

    clusters.before_write = write_of_others_comes_first
    make(ADD, clusters)
    assert entries(clusters.raw) == [THEIRS, KEY]
    assert len(clusters.writes) == 2


def test_a_write_that_another_one_replaced_while_it_ran_is_made_again_after_a_pause(clock: Clock) -> None:
    theirs = cluster_wire([identity_entry(THEIRS)])
    clusters = Clusters(cluster_wire(), lambda _: theirs, assigned)
    make(ADD, clusters)
    assert entries(clusters.raw) == [THEIRS, KEY]
    assert clock.slept


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [(ADD, [], [identity_entry()]), (DELETE, [identity_entry()], [])],
    ids=["add", "delete"],
)
def test_what_somebody_else_did_meanwhile_is_not_done_again(change: Change, before: Any, after: Any) -> None:
    clusters = Clusters(cluster_wire(before), busy())

    def done_by_others() -> None:
        clusters.raw = cluster_wire(after)

    clusters.before_write = done_by_others
    model = make(change, clusters)
    assert len(clusters.writes) == 1
    assert entries(model.as_dict()) == entries(clusters.raw)


@pytest.mark.parametrize("etag", [{"eTag": "an-etag"}, {}], ids=["etag", "no-etag"])
@pytest.mark.parametrize("obstacles", [[], [busy()], [no_role()]], ids=["free", "busy", "role"])
def test_a_failed_entry_is_sent_again_whatever_is_in_the_way(etag: Json, obstacles: list[Exception]) -> None:
    failed = identity_entry(state="Failed")
    failed["identity"]["objectId"] = "object of app-identity"
    clusters = Clusters({**cluster_wire([failed]), **etag}, *obstacles, assigned)
    make(ADD, clusters)
    assert len(clusters.writes) == len(obstacles) + 1
    (entry,) = clusters.raw["properties"]["podIdentityProfile"]["userAssignedIdentities"]
    assert entry["provisioningState"] == "Assigned"


@pytest.mark.parametrize("change", [ADD, DELETE], ids=["add", "delete"])
def test_an_entry_that_ends_failed_is_an_error_with_the_services_reason(change: Change) -> None:
    reason = {"error": {"error": {"code": "SomeCode", "message": "Some words."}}}
    failed = with_state(cluster_wire([identity_entry()]), "Failed", provisioningInfo=reason)
    clusters = Clusters(cluster_wire([] if change is ADD else [identity_entry()]), lambda _: failed)
    with pytest.raises(AzCLIError) as caught:
        make(change, clusters)
    assert "Some words." in caught.value.error_msg
    assert len(clusters.writes) == 1


def test_a_role_on_its_way_is_waited_for(clock: Clock) -> None:
    clusters = Clusters(cluster_wire(), no_role(), no_role(), no_role(), assigned)
    make(ADD, clusters)
    assert len(clusters.writes) == 4
    assert 36 <= clock.now - 1000 < 44


def test_a_role_that_never_propagates_is_reported_after_ten_minutes(azure: Azure, clock: Clock) -> None:
    clusters = Clusters(cluster_wire(), no_role())
    with pytest.raises(AzCLIError) as caught:
        make(ADD, clusters)
    assert missing_role(identity_id()) in caught.value.error_msg
    assert 600 <= clock.now - 1000 <= 720
    assert len(clusters.writes) <= 12
    assert azure.count("grant") == 1


def test_a_role_that_others_lost_is_told_at_once(azure: Azure, clock: Clock) -> None:
    azure.assign(identity_id())
    theirs = identity_entry(THEIRS, identity_id("theirs"))
    lost = refusal("PodIdentityAddonIdentitiesAssignmentError", missing_role(identity_id("theirs")))
    clusters = Clusters(cluster_wire([theirs]), lost)
    with pytest.raises(AzCLIError) as caught:
        make(ADD, clusters)
    assert str(THEIRS) in caught.value.error_msg
    assert len(clusters.writes) == 1
    assert clock.slept == []


def test_nothing_is_written_where_nothing_is_to_be_changed() -> None:
    entry = identity_entry()
    entry["identity"]["objectId"] = "object of app-identity"
    clusters = Clusters(cluster_wire([entry]))
    assert entries(make(ADD, clusters).as_dict()) == [KEY]
    assert clusters.writes == []


@pytest.mark.parametrize("state", ["Updating", "Creating", "Starting", "Upgrading"])
def test_a_write_waits_for_the_end_of_whatever_runs(state: str, azure: Azure, clock: Clock) -> None:
    azure.assign(identity_id())
    clusters = Clusters(cluster_wire(provisioningState=state))

    def ends_some_time() -> None:
        if clock.now > 1060:
            clusters.raw["properties"]["provisioningState"] = "Succeeded"

    clusters.before_read = ends_some_time
    make(ADD, clusters)
    assert 60 < clock.now - 1000 <= 60 * (1 + 1.3 * OTHERS_SHARE)
    assert len(clusters.writes) == 1


def test_a_cluster_that_is_being_deleted_is_not_waited_for(clock: Clock) -> None:
    with pytest.raises(ValidationError) as caught:
        make(ADD, Clusters(cluster_wire(provisioningState="Deleting")))
    assert "being deleted" in caught.value.error_msg
    assert clock.slept == []


def test_without_waiting_the_write_is_sent_and_nothing_more() -> None:
    clusters = Clusters(cluster_wire())
    assert make(ADD, clusters, no_wait=True) is None
    assert clusters.options[0]["polling"] is False


def test_a_connection_that_breaks_says_so() -> None:
    with pytest.raises(AzureConnectionError):
        make(ADD, Clusters(cluster_wire(), ServiceRequestError("Connection reset")))


@pytest.mark.parametrize("answered", [True, False], ids=["missing in the answer", "missing afterwards"])
@pytest.mark.parametrize("change", [ADD, DELETE], ids=["add", "delete"])
def test_without_etags_an_entry_that_others_lose_is_put_back(answered: bool, change: Change) -> None:
    before = [identity_entry(THEIRS), *([identity_entry()] if change is DELETE else [])]
    lost = cluster_wire([identity_entry()] if change is DELETE else [])
    clusters = Clusters(cluster_wire(before), lambda wire: lost, assigned)
    if answered:
        clusters = Clusters(cluster_wire(before), assigned)
        clusters.answer = lambda _: lost
    make(change, clusters)
    assert THEIRS in entries(clusters.raw)
    assert (KEY in entries(clusters.raw)) == (change is ADD)


@pytest.mark.parametrize("trouble", [http_error(503), ServiceRequestError("Connection reset")], ids=["503", "reset"])
def test_without_etags_a_write_is_not_repeated_but_made_afresh(trouble: Exception) -> None:
    clusters = Clusters(cluster_wire(), trouble, assigned)

    def write_of_others_comes_first() -> None:
        if not clusters.writes:
            clusters.raw = cluster_wire([identity_entry(THEIRS)])

    clusters.before_write = write_of_others_comes_first
    make(ADD, clusters)
    assert entries(clusters.raw) == [THEIRS, KEY]
    assert [options["retry_total"] for options in clusters.options] == [0, 0]


def test_with_etags_the_sdk_repeats_a_write() -> None:
    clusters = Clusters({**cluster_wire(), "eTag": "an-etag"}, http_error(503, {"message": "No."}))
    with pytest.raises(AzCLIError):
        make(ADD, clusters)
    assert len(clusters.writes) == 1
    assert "retry_total" not in clusters.options[0]


def test_without_etags_what_went_with_a_replaced_operation_is_put_back() -> None:
    replaced = http_error(200, {"status": "Failed", "error": {"code": "NotLatestOperation", "message": "Replaced."}})
    clusters = Clusters(cluster_wire([identity_entry(THEIRS)]), replaced, assigned)

    def replace_the_first() -> None:
        if clusters.writes:
            clusters.raw = clusters.raw if len(clusters.writes) > 1 else cluster_wire()

    clusters.before_read = replace_the_first
    make(ADD, clusters)
    assert set(entries(clusters.raw)) == {THEIRS, KEY}


def test_with_etags_the_service_keeps_writes_apart() -> None:
    """There, what is missing was removed after it was read."""
    clusters = Clusters(
        {**cluster_wire([identity_entry(THEIRS)]), "eTag": "an-etag"}, lambda wire: cluster_wire(), assigned
    )
    make(ADD, clusters)
    assert entries(clusters.raw) == [KEY]


def test_without_etags_what_somebody_removes_who_saw_the_change_stays_removed() -> None:
    clusters = Clusters(cluster_wire([identity_entry(THEIRS)]), lambda _: cluster_wire([identity_entry()]))
    make(ADD, clusters)
    assert entries(clusters.raw) == [KEY]


def test_what_was_removed_with_its_role_is_not_put_back() -> None:
    theirs = identity_entry(THEIRS, identity_id("theirs"))
    lost_role = refusal("PodIdentityAddonIdentitiesAssignmentError", missing_role(identity_id("theirs")))
    clusters = Clusters(cluster_wire([theirs]), lambda _: cluster_wire(), lost_role, assigned)
    make(ADD, clusters)
    assert entries(clusters.raw) == [KEY]


def test_an_operation_that_does_not_end_is_not_followed_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def runs_on(*_: Any) -> None:
        raise StillRunningError("ReconcilingAddons")

    monkeypatch.setattr("azext_podidentity.arm.cluster_writer.follow", runs_on)
    with pytest.raises(AzureResponseError) as caught:
        make(ADD, Clusters(cluster_wire()))
    assert "still running after 1800 seconds (ReconcilingAddons)" in caught.value.error_msg
    assert "az aks wait --resource-group rg --name cluster --updated" in caught.value.recommendations


def test_a_cluster_that_does_not_settle_is_not_waited_for_for_ever(clock: Clock) -> None:
    clusters = Clusters(cluster_wire(provisioningState="Upgrading"))
    with pytest.raises(AzureResponseError) as caught:
        change_cluster(CLI, writer(clusters, 90), ADD, RoleGrants(CLI))
    assert "was still busy after 90 seconds" in caught.value.error_msg
    assert "(Upgrading)" in caught.value.error_msg
    assert clock.now - 1000 == pytest.approx(90)


def test_a_stopped_cluster_is_refused_with_the_command_that_starts_it(clock: Clock) -> None:
    with pytest.raises(ValidationError) as caught:
        make(ADD, Clusters(cluster_wire(powerState={"code": "Stopped"})))
    assert caught.value.recommendations == ["To start it, run:", "az aks start --resource-group rg --name cluster"]
    assert clock.slept == []


def test_a_grant_before_a_refused_write_is_reported_with_the_command_that_removes_it(
    azure: Azure, az: AzParser, caplog: pytest.LogCaptureFixture
) -> None:
    clusters = Clusters(cluster_wire(), refusal("QuotaExceeded", "Too many cores."))
    with pytest.raises(AzCLIError):
        make(ADD, clusters)
    (line,) = [each for each in caplog.messages if "was granted its role" in each]
    assert identity_id().lower() in line.lower()
    words = command_words(line[line.index("az ") :])
    assert az.parse(words).scope.lower() == identity_id().lower()
    assert PRINCIPAL in words


def test_a_role_that_existed_is_not_reported_after_a_refusal(azure: Azure, caplog: pytest.LogCaptureFixture) -> None:
    azure.assign(identity_id())
    with pytest.raises(AzCLIError):
        make(ADD, Clusters(cluster_wire(), refusal("QuotaExceeded", "Too many cores.")))
    assert not [each for each in caplog.messages if "was granted its role" in each]


class Limited:
    """The outcomes of a service that takes so many managed identities in one write."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.clusters = Clusters(cluster_wire(), self.take)

    def take(self, wire: Json) -> Json:
        added = len(entries(wire)) - len(entries(self.clusters.raw))
        if added > self.limit:
            raise refusal(
                "BadRequest",
                f"User Assigned Identities Number '{added}' Assign exceed limit '{self.limit}' in one request.",
            )
        return assigned(wire)


def test_more_than_one_request_may_add_are_added_in_portions(azure: Azure, caplog: pytest.LogCaptureFixture) -> None:
    ids = [identity_id(f"app-{number}") for number in range(8)]
    azure.managed.update({each.lower(): each for each in ids})
    clusters = Limited(3).clusters
    make(AddIdentities.of("my-app", ids), clusters)
    assert [len(entries(each)) for each in clusters.writes] == [8, 3, 6, 8]
    assert len(entries(clusters.raw)) == 8
    assert "Adding 3 of 8 managed identities. The rest follows." in caplog.messages
    assert "Adding 3 of 5 managed identities. The rest follows." in caplog.messages


def test_without_waiting_the_first_portion_is_sent_and_the_rest_is_named(
    azure: Azure, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [identity_id(f"app-{number}") for number in range(5)]
    azure.managed.update({each.lower(): each for each in ids})
    clusters = Limited(3).clusters
    make(AddIdentities.of("my-app", ids), clusters, no_wait=True)
    assert len(entries(clusters.raw)) == 3
    assert "Adding 3 of 5 managed identities. Run the command again to add the rest." in caplog.messages
    make(AddIdentities.of("my-app", ids), clusters)
    assert len(entries(clusters.raw)) == 5
