# SPDX-License-Identifier: MIT

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import count
from typing import Any

import pytest
from azure.cli.core.azclierror import ForbiddenError, ResourceNotFoundError, ValidationError
from knack.util import CLIError

from azext_podidentity.actions.role_grants import RoleGrants
from azext_podidentity.arm import role_assignments
from azext_podidentity.profile.changes import AddIdentity
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, Profile
from tests.support.az_parser import AzParser
from tests.support.builders import (
    KEY,
    PRINCIPAL,
    SUBSCRIPTION,
    Clock,
    cluster_of,
    cluster_wire,
    commands_in,
    identity_entry,
    identity_id,
    refusal,
    text_of,
    the_command_in,
)
from tests.support.fake_azure import CLI, OLD, Azure, Clusters, writer

CLUSTER = cluster_of()
WANTED = AddIdentity.of(KEY, identity_id()).apply(CLUSTER)
IDENTITY = ManagedIdentity(identity_id())
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


def waits(grants: RoleGrants, clock: Clock) -> int:
    """How often it is worth another try; waits in between."""
    for tries in count():
        seconds = grants.wait_after_refusal(IDENTITY, CLUSTER)
        if seconds is None:
            return tries
        clock.sleep(seconds)
    raise AssertionError


def test_a_new_identity_gets_its_ids_and_the_role_once_for_all_tries(azure: Azure) -> None:
    grants = RoleGrants(CLI)
    prepared = grants.prepare(CLUSTER, WANTED)
    assert prepared.profile.identities[0].identity == ManagedIdentity(
        identity_id(), "client of app-identity", "object of app-identity"
    )
    assert prepared.sent_requests
    assert 10 <= prepared.wait <= 11.5
    requests = list(azure.requests)
    assert sorted(request.split()[0] for request in requests) == ["grant", "identity", "list"]
    assert grants.prepare(CLUSTER, WANTED) == replace(prepared, sent_requests=False, wait=0)
    assert azure.requests == requests


def with_identities(azure: Azure, many: int) -> Profile:
    """A profile that binds so many managed identities, which are there by now."""
    names = [f"identity-{number:02}" for number in range(many)]
    azure.managed = {identity_id(name).lower(): identity_id(name) for name in names}
    wanted = CLUSTER.profile
    for name in names:
        entry = AddIdentity.of(EntryKey("my-app", name), identity_id(name)).entry
        wanted = replace(wanted, identities=wanted.identities.put(entry))
    return wanted


def test_many_identities_are_read_and_each_gets_the_role(azure: Azure, clock: Clock) -> None:
    wanted = with_identities(azure, 20)
    prepared = RoleGrants(CLI).prepare(CLUSTER, wanted)
    names = [entry.key.name for entry in wanted.identities]
    assert [entry.identity.client_id for entry in prepared.profile.identities] == [
        f"client of {name}" for name in names
    ]
    assert sorted(each.scope for each in azure.assignments) == [identity_id(name) for name in names]


@pytest.mark.parametrize("many", [1, 4, 200])
def test_roles_are_waited_for_with_few_writes(azure: Azure, clock: Clock, many: int) -> None:
    """A write is dear: 20 per cluster, then one a minute."""
    grants, begun = RoleGrants(CLI), clock.now
    clock.sleep(grants.prepare(CLUSTER, with_identities(azure, many)).wait)
    seen = [clock.now - begun]
    while (seconds := grants.wait_after_refusal(ManagedIdentity(identity_id("identity-00")), CLUSTER)) is not None:
        clock.sleep(seconds)
        seen.append(clock.now - begun)
    assert len([each for each in seen if each <= 40]) <= 5
    assert len(seen) <= 12
    assert 600 <= seen[-1] <= 720


def test_the_resource_id_stays_as_the_user_wrote_it(azure: Azure) -> None:
    wanted = AddIdentity.of(KEY, identity_id().lower()).apply(CLUSTER)
    assert RoleGrants(CLI).prepare(CLUSTER, wanted).profile.identities[0].identity.resource_id == identity_id().lower()


def test_messages_about_roles_spell_the_resource_id_as_the_user_wrote_it(
    azure: Azure, caplog: pytest.LogCaptureFixture
) -> None:
    assert identity_id() != identity_id().lower()
    granting = RoleGrants(CLI)
    granting.prepare(CLUSTER, WANTED)
    assert granting.granted == (identity_id(),)

    azure.refuse_list = refusal("AuthorizationFailed", "You may not look.", 403)
    with caplog.at_level("WARNING"):
        RoleGrants(CLI).prepare(CLUSTER, WANTED)
    assert f"The role assignments over '{identity_id()}' cannot be read" in caplog.text


def test_nothing_is_asked_for_entries_that_are_there_already(azure: Azure) -> None:
    theirs = identity_entry(identity={"resourceId": identity_id("theirs")})
    cluster = cluster_of([identity_entry(EntryKey("my-app", "whole")), theirs])
    assert RoleGrants(CLI).prepare(cluster, cluster.profile).profile == cluster.profile
    assert azure.requests == []


@pytest.mark.parametrize(
    "scope",
    [
        identity_id(),
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/RG",
        f"/subscriptions/{SUBSCRIPTION}",
        "/providers/Microsoft.Management/managementGroups/all",
    ],
)
def test_a_role_above_the_identity_suffices(azure: Azure, scope: str) -> None:
    azure.assign(scope)
    RoleGrants(CLI).prepare(CLUSTER, WANTED)
    assert azure.count("grant") == 0


def test_another_role_or_a_role_beside_the_identity_does_not_suffice(azure: Azure) -> None:
    azure.assign(identity_id(), role=READER)
    azure.assign(f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg1")
    RoleGrants(CLI).prepare(CLUSTER, WANTED)
    assert azure.count("grant") == 1


def test_without_roles_asked_for_none_is_looked_up_or_granted(azure: Azure) -> None:
    RoleGrants(CLI, skip_role_assignment=True).prepare(CLUSTER, WANTED)
    assert azure.requests == ["identity app-identity"]


def test_a_role_that_somebody_else_granted_meanwhile_is_as_good(azure: Azure) -> None:
    azure.refuse_create = refusal("RoleAssignmentExists", "The role assignment already exists.", 409)
    assert RoleGrants(CLI).prepare(CLUSTER, WANTED).profile.identities[0].identity.client_id


def test_a_role_that_may_not_be_granted_is_told_with_a_command_for_somebody_who_may(azure: Azure, az: AzParser) -> None:
    azure.refuse_create = refusal("AuthorizationFailed", "You may not.", 403, {"x-ms-request-id": "5"})
    with pytest.raises(ForbiddenError) as caught:
        RoleGrants(CLI).prepare(CLUSTER, WANTED)
    assert "You may not." in caught.value.error_msg
    assert "Request ID: 5" in caught.value.error_msg
    assert "--skip-role-assignment" in text_of(caught.value)
    granted = az.parse(the_command_in(caught.value))
    assert (granted.scope, granted.assignee_object_id) == (identity_id(), PRINCIPAL)


HIDDEN = [
    refusal("SubscriptionNotFound", "The subscription could not be found.", 404),
    refusal("InvalidAuthenticationTokenTenant", "The token is from the wrong issuer.", 401),
    refusal("AuthorizationFailed", "You may not.", 403),
    CLIError("Subscription '5' not found."),  # az's own, for one that the account does not have
]


@pytest.mark.parametrize("error", HIDDEN, ids=["subscription", "tenant", "forbidden", "az"])
def test_an_identity_that_cannot_be_seen_is_unknown_and_its_ids_can_be_given(
    azure: Azure, az: AzParser, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(azure.user_assigned_identities, "get", refuse)
    with pytest.raises(CLIError) as caught:
        RoleGrants(CLI).prepare(CLUSTER, WANTED)
    text = text_of(caught.value)
    assert "unknown whether it exists" in text
    assert "does not exist" not in text
    assert "--client-id and --object-id" in text
    assert [command[1:3] for command in commands_in(caught.value)] == [
        ["login", "--tenant"],
        ["account", "list"],
    ]
    for command in commands_in(caught.value):
        az.parse(command)

    azure.refuse_list = error
    described = ManagedIdentity(identity_id(), "client", "object")
    prepared = RoleGrants(CLI, found={identity_id().lower(): described}).prepare(CLUSTER, WANTED)
    assert prepared.profile.identities[0].identity == described
    assert azure.count("grant") == 0


def test_the_role_over_an_identity_that_is_described_is_granted(azure: Azure) -> None:
    described = ManagedIdentity(identity_id(), "client", "object")
    RoleGrants(CLI, found={identity_id().lower(): described}).prepare(CLUSTER, WANTED)
    assert azure.count("identity") == 0
    assert azure.count("grant") == 1


def test_roles_that_may_not_be_read_are_no_reason_to_stop(azure: Azure) -> None:
    azure.refuse_list = refusal("AuthorizationFailed", "You may not look.", 403)
    grants = RoleGrants(CLI)
    assert grants.prepare(CLUSTER, WANTED).profile.identities[0].identity.client_id
    assert azure.count("grant") == 0
    assert grants.wait_after_refusal(IDENTITY, CLUSTER) is None


@pytest.mark.parametrize("group", ["rg", "my(group)"])
def test_an_identity_that_does_not_exist_is_told_with_the_command_that_makes_it(
    azure: Azure, az: AzParser, group: str
) -> None:
    resource_id = identity_id("absent", group)
    with pytest.raises(ResourceNotFoundError) as caught:
        RoleGrants(CLI).prepare(CLUSTER, AddIdentity.of(KEY, resource_id).apply(CLUSTER))
    assert resource_id in caught.value.error_msg
    assert azure.count("grant") == 0
    for command in commands_in(caught.value):
        assert az.parse(command)._subscription == SUBSCRIPTION


@pytest.mark.parametrize("subscription", [None, "my subscription"])
def test_a_cluster_that_does_not_tell_its_identity_yet_is_to_be_waited_for(
    subscription: str | None, az: AzParser
) -> None:
    reference = ClusterReference("my(group)", "cluster", subscription)
    young = replace(CLUSTER, principal_id=None, reference=reference)
    with pytest.raises(ValidationError) as caught:
        RoleGrants(CLI).prepare(young, WANTED)
    parsed = az.parse(the_command_in(caught.value))
    assert (parsed.resource_group_name, parsed.resource_name) == ("my(group)", "cluster")
    assert parsed._subscription == subscription


def test_a_hidden_cluster_identity_that_cannot_be_read_grants_nothing(
    azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise refusal("SubscriptionNotFound", "The subscription could not be found.", 404)

    monkeypatch.setattr(azure.user_assigned_identities, "get", refuse)
    hidden = {"type": "UserAssigned", "userAssignedIdentities": {identity_id("cluster"): {}}}
    wire = {**cluster_wire(), "identity": hidden}
    cluster = writer(Clusters(wire)).read().cluster
    assert cluster.principal_id is None
    with pytest.raises(ValidationError) as caught:
        RoleGrants(CLI).prepare(cluster, AddIdentity.of(KEY, identity_id()).apply(cluster))
    assert "does not show the object ID of its identity" in caught.value.error_msg
    assert azure.count("grant") == 0


def test_a_role_that_was_just_granted_is_waited_for_ten_minutes_and_no_longer(azure: Azure, clock: Clock) -> None:
    grants = RoleGrants(CLI)
    grants.prepare(CLUSTER, WANTED)
    begin = clock.now
    tries = waits(grants, clock)
    assert 600 <= clock.now - begin <= 720
    assert tries <= 12
    assert grants.wait_after_refusal(IDENTITY, CLUSTER) is None


def test_a_role_that_somebody_granted_just_before_is_waited_for_too(azure: Azure, clock: Clock) -> None:
    azure.assign(identity_id(), created=datetime.now(timezone.utc) - timedelta(minutes=2))
    grants = RoleGrants(CLI)
    grants.prepare(CLUSTER, WANTED)
    assert waits(grants, clock)
    assert clock.now - 1000 > 480


def test_a_role_of_long_ago_is_not_waited_for(azure: Azure, clock: Clock) -> None:
    azure.assign(identity_id(), created=OLD)
    grants = RoleGrants(CLI)
    grants.prepare(CLUSTER, WANTED)
    assert waits(grants, clock) == 0
    assert clock.slept == []


def test_the_role_over_an_identity_that_the_change_does_not_add_is_not_waited_for(azure: Azure, clock: Clock) -> None:
    grants = RoleGrants(CLI)
    assert grants.wait_after_refusal(IDENTITY, CLUSTER) is None
    grants.prepare(CLUSTER, WANTED)
    assert grants.wait_after_refusal(ManagedIdentity(identity_id("another")), CLUSTER) is None
    assert clock.slept == []


@pytest.mark.parametrize("spelling", ["resourcegroups", "RESOURCEGROUPS"])
def test_a_role_that_another_client_removed_is_granted_again_however_azure_spells_the_resource_id(
    azure: Azure, clock: Clock, spelling: str
) -> None:
    """Azure answers with `resourcegroups`, whatever was asked."""
    azure.managed[identity_id().lower()] = identity_id().replace("resourceGroups", spelling)
    grants = RoleGrants(CLI)
    grants.prepare(CLUSTER, WANTED)
    azure.assignments.clear()
    clock.sleep(100)
    wait = grants.wait_after_refusal(ManagedIdentity(azure.managed[identity_id().lower()]), CLUSTER)
    assert wait is not None
    assert 10 <= wait < 12
    assert azure.count("grant") == 2


def test_a_role_that_another_client_removed_while_the_entry_was_written_is_granted_again(azure: Azure) -> None:
    grants = RoleGrants(CLI)
    prepared = grants.prepare(CLUSTER, WANTED)
    azure.assignments.clear()
    grants.confirm(CLUSTER, prepared.profile.identities)
    assert [each.scope for each in azure.assignments] == [identity_id()]


@pytest.mark.parametrize(
    ("actions", "grants_it"),
    [
        (["Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action"], True),
        (["Microsoft.ManagedIdentity/*"], True),
        (["*/read"], False),
    ],
)
def test_a_custom_role_with_the_action_suffices(azure: Azure, actions: list[str], grants_it: bool) -> None:
    azure.custom_actions = actions
    azure.assign(identity_id(), role="a-custom-role")
    RoleGrants(CLI).prepare(CLUSTER, WANTED)
    assert azure.count("grant") == (0 if grants_it else 1)


def test_a_cluster_identity_that_has_not_replicated_is_waited_for(
    azure: Azure, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, begun = azure.create, clock.now

    def refuse_at_first(*arguments: Any) -> None:
        if clock.now < begun + 60:
            raise refusal("PrincipalNotFound", "Principal does not exist in the directory.", 400)
        create(*arguments)

    monkeypatch.setattr(azure, "create", refuse_at_first)
    RoleGrants(CLI).prepare(CLUSTER, WANTED)
    assert azure.count("grant") == 1


def test_only_what_the_cluster_identity_has_at_the_managed_identity_itself_is_revoked(azure: Azure) -> None:
    azure.assign(identity_id().upper(), principal=PRINCIPAL.upper())
    (own,) = azure.assignments
    azure.assign(f"/subscriptions/{SUBSCRIPTION}")
    azure.assign(identity_id(), role=READER)
    azure.assign(identity_id(), principal="another principal, by way of a group")
    azure.assign(identity_id(), principal=None)
    assert role_assignments.find_own(CLI, identity_id(), PRINCIPAL) == [own]
    assert role_assignments.remove(CLI, [own]) == [own.id]
    assert [each.name for each in azure.assignments] == ["1", "2", "3", "4"]
    assert role_assignments.find_own(CLI, identity_id(), PRINCIPAL) == []


def test_an_empty_profile_needs_nothing(azure: Azure) -> None:
    assert RoleGrants(CLI).prepare(CLUSTER, Profile(enabled=True)).profile == Profile(enabled=True)
    assert azure.requests == []
