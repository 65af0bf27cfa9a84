# SPDX-License-Identifier: MIT

from __future__ import annotations

from threading import Barrier, Event, current_thread
from typing import Any

import pytest
from azure.cli.core.azclierror import ForbiddenError, InvalidArgumentValueError
from knack.util import CLIError

from azext_podidentity.arm import managed_identities, role_assignments
from azext_podidentity.arm.concurrency import AT_ONCE, do_all, for_each
from azext_podidentity.profile.entries import ManagedIdentity, NotFound
from tests.support.builders import PRINCIPAL, SUBSCRIPTION, identity_id, refusal
from tests.support.fake_azure import CLI, Azure

THERE, GONE = identity_id(), identity_id("gone")
ELSEWHERE = identity_id().replace(SUBSCRIPTION, "99999999-2222-3333-4444-555555555555")


@pytest.fixture
def made(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the subscriptions for which a client was created; those that begin with 9 are unknown."""
    made: list[str] = []

    def make(_: Any, subscription_id: str) -> Azure:
        made.append(subscription_id)
        if subscription_id.startswith("9"):
            raise CLIError("Subscription not found.")
        return azure

    monkeypatch.setattr(managed_identities, "managed_identity_client", make)
    monkeypatch.setattr(role_assignments, "role_assignments_client", make)
    return made


def test_identities_are_keyed_by_lower_case_id(azure: Azure) -> None:
    assert managed_identities.find_many(CLI, [THERE, GONE, THERE.upper()]) == {
        THERE.lower(): ManagedIdentity(THERE, "client of app-identity", "object of app-identity"),
        GONE.lower(): NotFound(),
    }
    assert azure.count("identity") == 2


@pytest.mark.usefixtures("made")
def test_unreadable_identity_does_not_affect_others() -> None:
    found = managed_identities.find_many(CLI, [ELSEWHERE, "nonsense", THERE])
    assert str(found[ELSEWHERE.lower()]) == "Subscription not found."
    assert isinstance(found["nonsense"], InvalidArgumentValueError)
    assert isinstance(found[THERE.lower()], ManagedIdentity)


def test_roles_are_found_per_identity(azure: Azure) -> None:
    azure.assign(THERE)
    found = role_assignments.find_many(CLI, [THERE, GONE], PRINCIPAL)
    assert {key: len(value) for key, value in found.items() if isinstance(value, list)} == {
        THERE.lower(): 1,
        GONE.lower(): 0,
    }
    azure.refuse_list = refusal("AuthorizationFailed", "You may not.", 403)
    assert isinstance(role_assignments.find_many(CLI, [THERE], PRINCIPAL)[THERE.lower()], ForbiddenError)


def test_unreadable_custom_role_is_insufficient(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown_subscription(*_: Any) -> Azure:
        raise CLIError("Subscription not found.")

    monkeypatch.setattr(role_assignments, "role_definitions_client", unknown_subscription)
    azure.assign(THERE, role="11111111-0000-0000-0000-000000000000")
    assert role_assignments.find_many(CLI, [THERE], PRINCIPAL) == {THERE.lower(): []}


def test_client_is_created_once_per_subscription(made: list[str]) -> None:
    many = [identity_id(f"identity-{number}") for number in range(30)]
    assert len(managed_identities.find_many(CLI, many)) == 30
    assert len(role_assignments.find_many(CLI, many, PRINCIPAL)) == 30
    assert made == [SUBSCRIPTION, SUBSCRIPTION]


def test_empty_list_sends_no_request(made: list[str]) -> None:
    assert managed_identities.find_many(CLI, []) == role_assignments.find_many(CLI, [], PRINCIPAL) == {}
    assert made == []


def test_programming_error_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        for_each(["x"], lambda _: 1 // 0)


def test_interrupt_starts_and_awaits_no_more_reads() -> None:
    answered, begun = Event(), list[str]()

    def read(each: str) -> None:
        begun.append(each)
        assert answered.wait(timeout=60)

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        for_each(map(str, range(10 * AT_ONCE)), read, interrupt)
    assert not answered.is_set()
    answered.set()
    assert len(begun) <= AT_ONCE


def test_at_most_eight_concurrent_reads() -> None:
    together, threads = Barrier(AT_ONCE), set[str]()

    def read(_: str) -> None:
        threads.add(current_thread().name)
        together.wait(timeout=60)

    for_each(map(str, range(10 * AT_ONCE)), read)
    assert len(threads) == AT_ONCE == 8


MANY = [identity_id(f"app-{number}", f"rg-{number % 2}") for number in range(20)]
SCATTERED = [identity_id(f"app-{number}", f"rg-{number}") for number in range(20)]


@pytest.mark.parametrize(
    ("ids", "requests"),
    [
        (MANY, ["identities of group rg-0", "identities of group rg-1"]),
        (SCATTERED, ["identities of subscription"]),
        (MANY[:4], [f"identity app-{number}" for number in range(4)]),
    ],
    ids=["few groups", "many groups", "few identities"],
)
def test_many_identities_are_listed_in_bulk(azure: Azure, ids: list[str], requests: list[str]) -> None:
    azure.managed = {each.lower(): each for each in ids}
    assert set(managed_identities.find_many(CLI, ids)) == set(azure.managed)
    assert sorted(azure.requests) == requests


def refused(_: list[Any]) -> list[Any]:
    raise refusal("AuthorizationFailed", "You may not.", 403)


short_lists = pytest.mark.parametrize("broad", [refused, lambda _: [], lambda all_: all_[:5]])


@short_lists
def test_identities_missing_from_list_are_read_individually(azure: Azure, broad: Any) -> None:
    azure.managed, azure.broad = {each.lower(): each for each in MANY[1:]}, broad
    found = managed_identities.find_many(CLI, MANY)
    assert found.pop(MANY[0].lower()) == NotFound()
    assert {each.resource_id for each in found.values() if isinstance(each, ManagedIdentity)} == set(MANY[1:])


def test_roles_over_many_identities_need_single_list(azure: Azure) -> None:
    for each in MANY:
        azure.assign(each)
    found = role_assignments.find_many(CLI, MANY, PRINCIPAL)
    assert [len(found[each.lower()]) for each in MANY] == [1] * 20
    assert azure.requests == [f"list /subscriptions/{SUBSCRIPTION}"]


@pytest.mark.parametrize("granted", [0, 7, 20])
@short_lists
def test_roles_missing_from_list_are_found(azure: Azure, broad: Any, granted: int) -> None:
    azure.broad = broad
    for each in MANY[:granted]:
        azure.assign(each)
    found = role_assignments.find_many(CLI, MANY, PRINCIPAL)
    assert [len(found[each.lower()]) for each in MANY] == [1] * granted + [0] * (20 - granted)


def test_no_roles_need_two_lists(azure: Azure) -> None:
    role_assignments.find_many(CLI, MANY, PRINCIPAL)
    assert azure.count("list") == 2


def test_first_error_stops_remaining_work() -> None:
    done: list[str] = []

    def do(each: str) -> None:
        done.append(each)
        raise CLIError(each)

    with pytest.raises(CLIError):
        do_all(do, map(str, range(200)))
    assert len(done) < 100


def test_progress_counts_finished_items() -> None:
    counts: list[int] = []
    assert do_all(int, map(str, range(30)), counts.append) == list(range(30))
    assert counts == sorted(counts)
    assert counts[-1] == 30
