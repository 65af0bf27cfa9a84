# SPDX-License-Identifier: MIT
"""Role assignments of deleted pod identities."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from azure.cli.core.azclierror import AzCLIError
from azure.core.exceptions import ServiceResponseError

from azext_podidentity.actions.delete import delete_identities, revoke_leftover_roles
from azext_podidentity.profile.changes import Delete
from azext_podidentity.profile.commands import revoke_command
from azext_podidentity.profile.entries import EntryKey
from azext_podidentity.profile.entry_types import IDENTITY
from azext_podidentity.profile.rbac import assignment_name
from tests.support.builders import (
    KEY,
    PRINCIPAL,
    SUBSCRIPTION,
    cluster_json,
    cluster_of,
    http_error,
    identity_entry,
    identity_id,
    text_of,
)
from tests.support.fake_azure import Azure, Clusters, assigned, writer

CLI_WITH_SUBSCRIPTION = SimpleNamespace(data={"subscription_id": SUBSCRIPTION}, only_show_errors=True)
OTHER = EntryKey("my-app", "other")
FORBIDDEN = http_error(403, {"error": {"code": "AuthorizationFailed", "message": "You may not."}})


def take(wire: Any, *keys: EntryKey, **options: Any) -> Any:
    options = {"agree": lambda _: True, **options}
    return delete_identities(CLI_WITH_SUBSCRIPTION, writer(Clusters(wire)), Delete(IDENTITY, keys), **options)


def test_role_is_removed_with_last_entry(azure: Azure, caplog: pytest.LogCaptureFixture) -> None:
    azure.assign(identity_id())
    wire = cluster_json([identity_entry(), identity_entry(OTHER)])

    (kept,) = take(wire, KEY, delete_role_assignment=True).roles
    assert f"Pod identity '{OTHER}' of cluster 'cluster' needs it." in caplog.text
    assert kept.to_json()["state"] == "Kept"
    assert kept.to_json()["reason"] == f"Pod identity '{OTHER}' of cluster 'cluster' needs it."
    assert azure.assignments
    (removed,) = take(wire, KEY, OTHER, delete_role_assignment=True).roles
    assert (removed.to_json()["state"], len(removed.removed)) == ("Removed", 1)

    assert azure.assignments == []
    assert "Removed the role assignment" in caplog.text


def test_inherited_role_is_kept(azure: Azure, caplog: pytest.LogCaptureFixture) -> None:
    azure.assign(identity_id().rpartition("/providers/")[0])

    take(cluster_json([identity_entry()]), KEY, delete_role_assignment=True)

    assert len(azure.assignments) == 1
    assert "The managed identity itself has no role assignment" in caplog.text


def test_recently_granted_role_is_kept(azure: Azure, caplog: pytest.LogCaptureFixture) -> None:
    azure.assign(identity_id(), created=datetime.now(timezone.utc) - timedelta(minutes=9))

    take(cluster_json([identity_entry()]), KEY, delete_role_assignment=True)

    assert len(azure.assignments) == 1
    assert "less than 10 minutes old" in caplog.text
    assert "az role assignment delete" in caplog.text


def test_foreign_role_requires_consent(azure: Azure, caplog: pytest.LogCaptureFixture) -> None:
    azure.assign(identity_id())
    asked: list[list[str]] = []

    def disagree(assignment_ids: list[str]) -> bool:
        asked.append(assignment_ids)
        return False

    take(cluster_json([identity_entry()]), KEY, delete_role_assignment=True, agree=disagree)

    assert asked == [[azure.assignments[0].id]]
    assert "was not created by this command" in caplog.text


def test_role_over_kubelet_identity_is_kept(azure: Azure, caplog: pytest.LogCaptureFixture) -> None:
    azure.assign(identity_id())
    kubelet = {"kubeletidentity": {"resourceId": identity_id().upper()}}

    take(cluster_json([identity_entry()], identityProfile=kubelet), KEY, delete_role_assignment=True)

    assert len(azure.assignments) == 1
    assert "kubelet identity of cluster 'cluster'" in caplog.text


@pytest.mark.parametrize("way", ["bound", "kubelet", "unreadable"])
def test_role_needed_by_other_cluster_is_kept(
    way: str, azure: Azure, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    azure.assign(identity_id())
    other = cluster_of([identity_entry()] if way == "bound" else [])
    if way == "kubelet":
        other = replace(other, kubelet_resource_id=identity_id())
    found = ((), "The clusters of subscription 's' could not be read.") if way == "unreadable" else ((other,), "")
    monkeypatch.setattr("azext_podidentity.actions.role_revocation.list_visible_clusters", lambda *_: found)

    take(user_assigned([identity_entry()]), KEY, delete_role_assignment=True)

    assert len(azure.assignments) == 1
    assert ("could not be read" if way == "unreadable" else "of cluster 'cluster'") in caplog.text


def test_role_needed_after_removal_is_granted_again(
    azure: Azure, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    azure.assign(identity_id())
    readings = iter([((), ""), ((cluster_of([identity_entry()]),), "")])
    monkeypatch.setattr("azext_podidentity.actions.role_revocation.list_visible_clusters", lambda *_: next(readings))

    take(user_assigned([identity_entry()]), KEY, delete_role_assignment=True)

    assert [request.split()[0] for request in azure.requests if request.split()[0] != "list"][-2:] == [
        "revoke",
        "grant",
    ]
    assert "It was granted again." in caplog.text


def user_assigned(entries: list[Any]) -> Any:
    """Return a cluster that runs as a user-assigned identity."""
    identity = {"type": "UserAssigned", "userAssignedIdentities": {identity_id("cluster"): {"principalId": PRINCIPAL}}}
    return {**cluster_json(entries), "identity": identity}


def test_concurrently_recreated_entry_is_not_deleted(azure: Azure) -> None:
    """The write was accepted and its answer was lost; then another client added an entry of the same name."""
    other = cluster_json([identity_entry(resource_id=identity_id("other"))])
    clusters = Clusters(cluster_json([identity_entry()]), ServiceResponseError("reset"), assigned)

    def recreate_entry() -> None:
        if clusters.writes:
            clusters.raw = other

    clusters.before_read = recreate_entry
    delete_identities(CLI_WITH_SUBSCRIPTION, writer(clusters), Delete(IDENTITY, (KEY,)))

    assert len(clusters.writes) == 1


def test_forbidden_removal_shows_command(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    azure.assign(identity_id())

    def refuse(*_: Any) -> None:
        raise FORBIDDEN

    monkeypatch.setattr(azure, "delete", refuse)
    with pytest.raises(AzCLIError) as caught:
        take(cluster_json([identity_entry()]), KEY, delete_role_assignment=True)

    assert f"az role assignment delete --ids {azure.assignments[0].id}" in text_of(caught.value)


def test_role_of_unknown_principal_is_kept(azure: Azure, caplog: pytest.LogCaptureFixture) -> None:
    wire = {**cluster_json([identity_entry()]), "identity": {"type": "SystemAssigned"}}

    take(wire, KEY, delete_role_assignment=True)

    assert "does not show the object ID of its identity" in caplog.text


def test_unlistable_roles_are_reported_after_deletion(azure: Azure, caplog: pytest.LogCaptureFixture) -> None:
    azure.refuse_list = FORBIDDEN
    clusters = Clusters(cluster_json([identity_entry()]))

    result = delete_identities(
        CLI_WITH_SUBSCRIPTION, writer(clusters), Delete(IDENTITY, (KEY,)), delete_role_assignment=True
    )

    assert len(clusters.writes) == 1
    (role,) = result.roles
    assert (role.resource_id, role.removed) == (identity_id(), ())
    assert role.kept.startswith("Its pod identities were removed, but its role assignments could not be read: ")
    assert "You may not." in role.kept
    assert role.command == revoke_command(PRINCIPAL, identity_id())
    assert str(role) in caplog.text


def test_role_of_unreadable_cluster_identity_is_kept(
    azure: Azure, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The cluster names its user-assigned identity by its resource ID alone, and the caller may not read that."""

    def refuse(*_: object) -> None:
        raise FORBIDDEN

    monkeypatch.setattr(azure.user_assigned_identities, "get", refuse)
    hidden = {"type": "UserAssigned", "userAssignedIdentities": {identity_id("cluster"): {}}}
    clusters = Clusters({**cluster_json([identity_entry()]), "identity": hidden})

    result = delete_identities(
        CLI_WITH_SUBSCRIPTION, writer(clusters), Delete(IDENTITY, (KEY,)), delete_role_assignment=True
    )

    assert len(clusters.writes) == 1
    assert [each.resource_id for each in result.roles] == [identity_id()]
    assert f"The role over '{identity_id()}' is kept: the cluster does not show the object ID" in caplog.text


def test_absent_entry_hints_at_leftover_role(
    azure: Azure, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    list_in_subscription(azure, monkeypatch, [])

    take(cluster_json(), KEY, delete_role_assignment=True)

    assert f"az role assignment list --all --assignee {PRINCIPAL}" in caplog.text


def list_in_subscription(azure: Azure, patch: pytest.MonkeyPatch, outcome: Any) -> None:
    """Let a list of the cluster identity's assignments in the subscription end in the outcome."""

    def answer(filter: str) -> Any:
        assert filter == f"principalId eq '{PRINCIPAL}'"
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    patch.setattr(azure, "list_for_subscription", answer, raising=False)


def test_only_own_leftover_roles_are_removed(
    azure: Azure, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    azure.assign(identity_id())
    azure.assign(identity_id("theirs"))
    azure.assignments[0].name = assignment_name(identity_id(), PRINCIPAL)
    list_in_subscription(azure, monkeypatch, azure.assignments)

    revoke_leftover_roles(CLI_WITH_SUBSCRIPTION, writer(Clusters(cluster_json())), cluster_of())

    assert [each.scope for each in azure.assignments] == [identity_id("theirs")]
    assert "may still have the role" in caplog.text


def test_forbidden_leftover_search_shows_command(
    azure: Azure, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    list_in_subscription(azure, monkeypatch, FORBIDDEN)

    revoke_leftover_roles(CLI_WITH_SUBSCRIPTION, writer(Clusters(cluster_json())), cluster_of())

    assert "You may not." in caplog.text
    assert "az role assignment list --all" in caplog.text
