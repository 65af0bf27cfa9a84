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
    cluster_json,
    cluster_of,
    commands_in,
    identity_entry,
    identity_id,
    only_command_in,
    refusal,
    text_of,
)
from tests.support.fake_azure import CLI, OLD, Azure, Clusters, writer

CLUSTER = cluster_of()
WANTED = AddIdentity.of(KEY, identity_id()).apply(CLUSTER)
IDENTITY = ManagedIdentity(identity_id())
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


def waits(grants: RoleGrants, clock: Clock) -> int:
    """Return the number of retries after a refusal. Wait before each."""
    for tries in count():
        seconds = grants.wait_after_refusal(IDENTITY, CLUSTER)
        if seconds is None:
            return tries
        clock.sleep(seconds)
    raise AssertionError


def test_new_identity_is_prepared_once(azure: Azure) -> None:
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
    """Return a profile that binds the given number of existing managed identities."""
    names = [f"identity-{number:02}" for number in range(many)]
    azure.managed = {identity_id(name).lower(): identity_id(name) for name in names}
    wanted = CLUSTER.profile
    for name in names:
        entry = AddIdentity.of(EntryKey("my-app", name), identity_id(name)).entry
        wanted = replace(wanted, identities=wanted.identities.put(entry))
    return wanted


def test_each_of_many_identities_gets_role(azure: Azure, clock: Clock) -> None:
    wanted = with_identities(azure, 20)
    prepared = RoleGrants(CLI).prepare(CLUSTER, wanted)
    names = [entry.key.name for entry in wanted.identities]
    assert [entry.identity.client_id for entry in prepared.profile.identities] == [
        f"client of {name}" for name in names
    ]
    assert sorted(each.scope for each in azure.assignments) == [identity_id(name) for name in names]


@pytest.mark.parametrize("many", [1, 4, 200])
def test_role_propagation_needs_few_writes(azure: Azure, clock: Clock, many: int) -> None:
    """Azure limits writes to 20 per cluster, then one a minute."""
    grants, begun = RoleGrants(CLI), clock.now
    clock.sleep(grants.prepare(CLUSTER, with_identities(azure, many)).wait)
    seen = [clock.now - begun]
    while (seconds := grants.wait_after_refusal(ManagedIdentity(identity_id("identity-00")), CLUSTER)) is not None:
        clock.sleep(seconds)
        seen.append(clock.now - begun)
    assert len([each for each in seen if each <= 40]) <= 5
    assert len(seen) <= 12
    assert 600 <= seen[-1] <= 720


def test_spelling_of_resource_id_is_kept(azure: Azure) -> None:
    wanted = AddIdentity.of(KEY, identity_id().lower()).apply(CLUSTER)
    assert RoleGrants(CLI).prepare(CLUSTER, wanted).profile.identities[0].identity.resource_id == identity_id().lower()


def test_messages_keep_spelling_of_resource_id(azure: Azure, caplog: pytest.LogCaptureFixture) -> None:
    assert identity_id() != identity_id().lower()
    granting = RoleGrants(CLI)
    granting.prepare(CLUSTER, WANTED)
    assert granting.granted == (identity_id(),)

    azure.refuse_list = refusal("AuthorizationFailed", "You may not look.", 403)
    with caplog.at_level("WARNING"):
        RoleGrants(CLI).prepare(CLUSTER, WANTED)
    assert f"The role assignments over '{identity_id()}' cannot be read" in caplog.text


def test_existing_entries_need_no_requests(azure: Azure) -> None:
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
def test_inherited_role_is_sufficient(azure: Azure, scope: str) -> None:
    azure.assign(scope)
    RoleGrants(CLI).prepare(CLUSTER, WANTED)
    assert azure.count("grant") == 0


def test_other_role_or_scope_is_insufficient(azure: Azure) -> None:
    azure.assign(identity_id(), role=READER)
    azure.assign(f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg1")
    RoleGrants(CLI).prepare(CLUSTER, WANTED)
    assert azure.count("grant") == 1


def test_skip_role_assignment_reads_no_roles(azure: Azure) -> None:
    RoleGrants(CLI, skip_role_assignment=True).prepare(CLUSTER, WANTED)
    assert azure.requests == ["identity app-identity"]


def test_concurrently_granted_role_is_accepted(azure: Azure) -> None:
    azure.refuse_create = refusal("RoleAssignmentExists", "The role assignment already exists.", 409)
    assert RoleGrants(CLI).prepare(CLUSTER, WANTED).profile.identities[0].identity.client_id


def test_forbidden_grant_shows_command(azure: Azure, az: AzParser) -> None:
    azure.refuse_create = refusal("AuthorizationFailed", "You may not.", 403, {"x-ms-request-id": "5"})
    with pytest.raises(ForbiddenError) as caught:
        RoleGrants(CLI).prepare(CLUSTER, WANTED)
    assert "You may not." in caught.value.error_msg
    assert "Request ID: 5" in caught.value.error_msg
    assert "--skip-role-assignment" in text_of(caught.value)
    granted = az.parse(only_command_in(caught.value))
    assert (granted.scope, granted.assignee_object_id) == (identity_id(), PRINCIPAL)


HIDDEN = [
    refusal("SubscriptionNotFound", "The subscription could not be found.", 404),
    refusal("InvalidAuthenticationTokenTenant", "The token is from the wrong issuer.", 401),
    refusal("AuthorizationFailed", "You may not.", 403),
    CLIError("Subscription '5' not found."),  # az's error for a subscription that the account does not have
]


@pytest.mark.parametrize("error", HIDDEN, ids=["subscription", "tenant", "forbidden", "az"])
def test_invisible_identity_requires_known_ids(
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


def test_identity_with_known_ids_gets_role(azure: Azure) -> None:
    described = ManagedIdentity(identity_id(), "client", "object")
    RoleGrants(CLI, found={identity_id().lower(): described}).prepare(CLUSTER, WANTED)
    assert azure.count("identity") == 0
    assert azure.count("grant") == 1


def test_unreadable_roles_do_not_stop_preparation(azure: Azure) -> None:
    azure.refuse_list = refusal("AuthorizationFailed", "You may not look.", 403)
    grants = RoleGrants(CLI)
    assert grants.prepare(CLUSTER, WANTED).profile.identities[0].identity.client_id
    assert azure.count("grant") == 0
    assert grants.wait_after_refusal(IDENTITY, CLUSTER) is None


@pytest.mark.parametrize("group", ["rg", "my(group)"])
def test_unknown_identity_suggests_creation(azure: Azure, az: AzParser, group: str) -> None:
    resource_id = identity_id("absent", group)
    with pytest.raises(ResourceNotFoundError) as caught:
        RoleGrants(CLI).prepare(CLUSTER, AddIdentity.of(KEY, resource_id).apply(CLUSTER))
    assert resource_id in caught.value.error_msg
    assert azure.count("grant") == 0
    for command in commands_in(caught.value):
        assert az.parse(command)._subscription == SUBSCRIPTION


@pytest.mark.parametrize("subscription", [None, "my subscription"])
def test_missing_principal_suggests_wait(subscription: str | None, az: AzParser) -> None:
    reference = ClusterReference("my(group)", "cluster", subscription)
    young = replace(CLUSTER, principal_id=None, reference=reference)
    with pytest.raises(ValidationError) as caught:
        RoleGrants(CLI).prepare(young, WANTED)
    parsed = az.parse(only_command_in(caught.value))
    assert (parsed.resource_group_name, parsed.resource_name) == ("my(group)", "cluster")
    assert parsed._subscription == subscription


def test_unreadable_cluster_identity_grants_nothing(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise refusal("SubscriptionNotFound", "The subscription could not be found.", 404)

    monkeypatch.setattr(azure.user_assigned_identities, "get", refuse)
    hidden = {"type": "UserAssigned", "userAssignedIdentities": {identity_id("cluster"): {}}}
    wire = {**cluster_json(), "identity": hidden}
    cluster = writer(Clusters(wire)).read().cluster
    assert cluster.principal_id is None
    with pytest.raises(ValidationError) as caught:
        RoleGrants(CLI).prepare(cluster, AddIdentity.of(KEY, identity_id()).apply(cluster))
    assert "does not show the object ID of its identity" in caught.value.error_msg
    assert azure.count("grant") == 0


def test_granted_role_is_awaited_ten_minutes(azure: Azure, clock: Clock) -> None:
    grants = RoleGrants(CLI)
    grants.prepare(CLUSTER, WANTED)
    begin = clock.now
    tries = waits(grants, clock)
    assert 600 <= clock.now - begin <= 720
    assert tries <= 12
    assert grants.wait_after_refusal(IDENTITY, CLUSTER) is None


def test_recent_role_of_other_client_is_awaited(azure: Azure, clock: Clock) -> None:
    azure.assign(identity_id(), created=datetime.now(timezone.utc) - timedelta(minutes=2))
    grants = RoleGrants(CLI)
    grants.prepare(CLUSTER, WANTED)
    assert waits(grants, clock)
    assert clock.now - 1000 > 480


def test_old_role_is_not_awaited(azure: Azure, clock: Clock) -> None:
    azure.assign(identity_id(), created=OLD)
    grants = RoleGrants(CLI)
    grants.prepare(CLUSTER, WANTED)
    assert waits(grants, clock) == 0
    assert clock.slept == []


def test_role_of_unchanged_identity_is_not_awaited(azure: Azure, clock: Clock) -> None:
    grants = RoleGrants(CLI)
    assert grants.wait_after_refusal(IDENTITY, CLUSTER) is None
    grants.prepare(CLUSTER, WANTED)
    assert grants.wait_after_refusal(ManagedIdentity(identity_id("another")), CLUSTER) is None
    assert clock.slept == []


@pytest.mark.parametrize("spelling", ["resourcegroups", "RESOURCEGROUPS"])
def test_removed_role_is_granted_again_despite_other_spelling(azure: Azure, clock: Clock, spelling: str) -> None:
    """Azure responds with `resourcegroups`, whatever the request."""
    azure.managed[identity_id().lower()] = identity_id().replace("resourceGroups", spelling)
    grants = RoleGrants(CLI)
    grants.prepare(CLUSTER, WANTED)
    azure.assignments.clear()
    clock.sleep(100)
    wait = grants.wait_after_refusal(ManagedIdentity(azure.managed[identity_id().lower()]), CLUSTER)
    assert wait is not None
    assert 10 <= wait < 12
    assert azure.count("grant") == 2


def test_role_removed_during_write_is_granted_again(azure: Azure) -> None:
    grants = RoleGrants(CLI)
    prepared = grants.prepare(CLUSTER, WANTED)
    azure.assignments.clear()
    grants.confirm(CLUSTER, prepared.profile.identities)
    assert [each.scope for each in azure.assignments] == [identity_id()]


@pytest.mark.parametrize(
    ("actions", "sufficient"),
    [
        (["Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action"], True),
        (["Microsoft.ManagedIdentity/*"], True),
        (["*/read"], False),
    ],
)
def test_custom_role_with_assign_action(azure: Azure, actions: list[str], sufficient: bool) -> None:
    azure.custom_actions = actions
    azure.assign(identity_id(), role="a-custom-role")
    RoleGrants(CLI).prepare(CLUSTER, WANTED)
    assert azure.count("grant") == (0 if sufficient else 1)


def test_unreplicated_cluster_identity_is_awaited(azure: Azure, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    create, begun = azure.create, clock.now

    def refuse_at_first(*arguments: Any) -> None:
        if clock.now < begun + 60:
            raise refusal("PrincipalNotFound", "Principal does not exist in the directory.", 400)
        create(*arguments)

    monkeypatch.setattr(azure, "create", refuse_at_first)
    RoleGrants(CLI).prepare(CLUSTER, WANTED)
    assert azure.count("grant") == 1


def test_only_direct_roles_of_cluster_identity_are_removed(azure: Azure) -> None:
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


def test_empty_profile_needs_no_requests(azure: Azure) -> None:
    assert RoleGrants(CLI).prepare(CLUSTER, Profile(enabled=True)).profile == Profile(enabled=True)
    assert azure.requests == []
